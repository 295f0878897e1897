// What is kept for a while only. Times are milliseconds since the epoch.

/** What housekeeping asks the database, and changes in it. */
export interface RetentionStore {
  /** The blobs that files name. */
  namedBlobs(): Promise<NamedBlobs>;
  /** Attempts that ended before then and still have their log, the first `limit` of those that ended after `after`. */
  attemptsWithLogs(endedBefore: number, after: EndedAttempt | undefined, limit: number): Promise<EndedAttempt[]>;
  /** Trial wheels stored before then, but those on which somebody has yet to decide; oldest first. */
  oldTrials(storedBefore: number): Promise<string[]>;
  /** Takes a trial wheel off the index; builds that have no other wheel become cancelled, so that a retry makes it again. */
  removeTrial(filename: string, reason: string, now: number): Promise<void>;
}

export interface EndedAttempt {
  id: string;
  endedAt: number;
}

export interface NamedBlobs {
  /** Once in a long while also true for a blob that no file names: only so much of each hash is kept that millions fit in memory. */
  has(sha256: string): boolean;
  /** Takes in those of files that were added since. */
  update(): Promise<void>;
}

/** What a round of housekeeping removed, or would remove. */
export interface HousekeepingReport {
  /** File names. */
  trials: string[];
  /** Logs that a note replaced. */
  logs: number;
  /** Files in the logs' folder that are no attempt's log. */
  strayLogs: number;
  blobs: number;
  blobBytes: number;
}
