// The truth about builds, behind one asynchronous interface, so that another database can stand behind it.
import type { AttemptInput, AttemptOutcome, AttemptProgress, AttemptStatus, Lease } from './attempt.js';
import type { BuildStatus, Channel, Sdist, Target } from './build.js';
import type { Failure } from './failure.js';
import type { Phase } from './phase.js';
import type { CpuLevel, EffectiveRecipe } from './recipe/recipe.js';
import type { WorkerRef } from './worker.js';

export interface PlannedBuild {
  key: string;
  project: string;
  version: string;
  requirement: string;
  sdist: Sdist;
  recipeDigest: string;
  recipe: EffectiveRecipe;
  target: Target;
  channel: Channel;
  priority: number;
  /** Its wheel gets no lower build number, since the upstream has wheels of its name; missing: it needs none. */
  buildTag?: number;
}

export interface AttemptRecord {
  id: string;
  number: number;
  status: AttemptStatus;
  phase?: Phase;
  worker: string;
  /** Milliseconds since the epoch, as everywhere in the store. */
  startedAt: number;
  finishedAt?: number;
  failure?: Failure;
  /** In order; a phase may come more than once. `firstLine` is where it starts in the attempt's log. */
  phases: { phase: Phase; firstLine: number; startedAt: number; finishedAt?: number }[];
}

/** An attempt as it is when its worker reports the end, with what its build is of. */
export interface EndingAttempt {
  id: string;
  startedAt: number;
  /** Missing while the lease may hold. */
  finishedAt?: number;
  build: PlannedBuild & { id: string };
}

export interface FileRecord {
  filename: string;
  project: string;
  version: string;
  channel: Channel;
  sha256: string;
  sizeBytes: number;
  metadataSha256?: string;
  requiresPython?: string;
  uploadTime: number;
  yanked?: true | string;
  origin: 'build' | 'upload';
  attemptId?: string;
  grafted: string[];
  needs: string[];
  /** The x86-64 level that it was compiled for and may need; missing: every processor of its architecture will do. */
  cpu?: CpuLevel;
  provenanceSha256?: string;
}

export interface BuildRecord extends PlannedBuild {
  id: string;
  status: BuildStatus;
  createdAt: number;
  finishedAt?: number;
  attempts: AttemptRecord[];
  files: FileRecord[];
  /** Ids of builds it waits for. */
  needs: string[];
}

export interface RecipeRevision {
  digest: string;
  project: string;
  yaml: string;
  origin: 'none' | 'catalogue' | 'request' | 'submission';
  approved: boolean;
}

export interface BuildFilter {
  status?: BuildStatus;
  project?: string;
  version?: string;
  /** Digest of the definition of the image that it was built in. */
  builder?: string;
  /** Only those of a release and target that no build has succeeded for. */
  unsolved?: boolean;
  /** From the previous page's `nextCursor`. */
  cursor?: string;
  limit: number;
}

/** A wheel that was checked and whose bytes are already stored under their sha256. */
export interface NewFile extends Omit<FileRecord, 'uploadTime'> {
  /** Upload only: the project belongs to this organisation from now on. */
  ownsProject: boolean;
}

/** What became of a {@link BuildStore.defer}: `cycle` gives the projects that wait for each other, `no-progress` those it had waited for before. */
export type DeferResult =
  | { kind: 'deferred' }
  | { kind: 'cycle'; projects: string[] }
  | { kind: 'no-progress'; projects: string[] };

export interface BuildStore {
  /**
   * Adds what is missing; the same key again gives the existing build. It is queued, or succeeded at once where a wheel already answers it (abi3, pure).
   * `sameReleaseAs`: wait for that build, whose wheel may answer this one too.
   */
  addBuild(build: PlannedBuild, sameReleaseAs?: string): Promise<{ build: BuildRecord; created: boolean }>;
  build(id: string): Promise<BuildRecord | undefined>;
  buildByKey(key: string): Promise<BuildRecord | undefined>;
  buildOfAttempt(id: string): Promise<BuildRecord | undefined>;
  /** @throws WheelwrightError `not-found` for an attempt that never was, `conflict` for a token that never was its own */
  endingAttempt(lease: LeaseRef): Promise<EndingAttempt>;
  attempt(id: string): Promise<(AttemptRecord & { buildId: string }) | undefined>;
  /** How many builds there are in each status. */
  buildCounts(): Promise<Partial<Record<BuildStatus, number>>>;
  /** Newest first. */
  builds(filter: BuildFilter): Promise<{ builds: BuildRecord[]; nextCursor?: string }>;
  addRecipeRevision(revision: RecipeRevision): Promise<void>;

  /** An unfinished build, and those that it waits for, get at least this priority: somebody who waits wants what was asked for in the background. */
  hasten(buildId: string, priority: number, now: number): Promise<void>;
  /** The build that is next, whatever workers there are. */
  nextBuild(now: number): Promise<{ id: string; createdAt: number } | undefined>;
  /** Puts queued builds that stand in no line into one, and removes lines in which nobody stands. Returns how many builds can be tried now. */
  mendLines(now: number): Promise<number>;
  /**
   * Starts an attempt on the build that this worker makes next, by core/schedule.ts. A build that a wheel made meanwhile answers succeeds without one.
   * @returns the lease, or why there is none: nothing is queued at all, or nothing that this worker can make now
   * @throws WheelwrightError `conflict` when the worker is not registered, or another one is under its name
   */
  claim(worker: WorkerRef, leaseMs: number, now: number): Promise<ClaimedLease | 'nothing-queued' | 'nothing-suitable'>;
  /** @throws WheelwrightError `conflict` for a stale token; so does every call below that takes a lease. */
  heartbeat(lease: LeaseRef, leaseMs: number, now: number): Promise<{ cancelRequested: boolean }>;
  startPhase(lease: LeaseRef, phase: Phase, now: number): Promise<void>;
  addInputs(lease: LeaseRef, inputs: readonly AttemptInput[]): Promise<void>;
  /** Ends the attempt and moves its build on; in one transaction with the file where there is one. The same outcome again is a no-op. */
  finish(lease: LeaseRef, outcome: AttemptOutcome, file: NewFile | undefined, now: number): Promise<void>;
  /** Waits for other builds: the attempt is deferred and the build becomes `waiting`. Nothing is written unless the result is `deferred`. */
  defer(lease: LeaseRef, needs: readonly string[], now: number): Promise<DeferResult>;
  /** Every lease that holds does so until then. For the start of the api: no worker could be heard before it, and the clock may have been set. */
  renewLeases(until: number): Promise<void>;
  /**
   * Every lease that holds does so for so many milliseconds longer, but no longer than until then. With fewer than 0, leases that hold for longer than that hold
   * for less, and builds that wait for longer than that after a lost attempt wait for less. When workers were seen, and the turns of the queue, move with them.
   */
  moveLeases(byMs: number, until: number): Promise<void>;
  /** Refuses a stale token without writing anything. */
  checkLease(lease: LeaseRef): Promise<{ buildId: string }>;
  /** Attempts whose lease ran out become lost; their builds are queued again with backoff, or fail after MAX_LOST_ATTEMPTS. Returns the attempts' ids. */
  expireLeases(now: number): Promise<string[]>;
  /** Waiting builds whose needs have all ended: queued, succeeded by a shared wheel, or failed because a need failed. Returns their ids. */
  wakeWaiting(now: number): Promise<string[]>;
  /** The build is cancelled at once; a worker at work on it learns so by its next heartbeat, and whatever it still reports is dropped. */
  cancel(buildId: string, now: number): Promise<BuildRecord>;
  /** Queues a failed or cancelled build again. An attempt that is still being stopped loses its lease. */
  retry(buildId: string, now: number): Promise<BuildRecord>;

  file(filename: string): Promise<FileRecord | undefined>;
  filesOfProject(project: string): Promise<FileRecord[]>;
  /** Adds an uploaded file, atomically visible. Identical bytes under the name: no-op. @throws WheelwrightError `conflict` for other bytes, or a name that was deleted. */
  addFile(file: NewFile, now: number): Promise<'added' | 'present'>;
  /** Build number (PEP 427) for the next wheel of this release and target; undefined when it has none yet. */
  nextBuildTag(project: string, version: string, target: Target): Promise<number | undefined>;
  /** @throws when the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** A lease that was just given out. */
export interface ClaimedLease extends Lease {
  /** When its build was asked for, in milliseconds since the epoch. */
  askedAt: number;
}

/** What a write by a worker is fenced by. */
export interface LeaseRef {
  attemptId: string;
  token: string;
}

export interface BlobExpectation {
  sha256?: string;
  maxBytes: number;
  /** Looks at the whole file before it becomes a blob; what it throws keeps it out. */
  check?: (file: IncomingFile) => Promise<void>;
}

/** A file that is whole and no blob yet; the path is valid only until its check returns. */
export interface IncomingFile {
  path: string;
  sha256: string;
  sizeBytes: number;
  /** All of it, where it is small. */
  bytes?: Uint8Array;
}

/** Bytes as they come. */
export type Pieces = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Bytes by their sha256; written to a temporary name and renamed, so a blob is whole or absent. */
export interface BlobStore {
  /** @throws WheelwrightError `invalid` when the bytes do not have the expected hash, `too-large` past the limit. */
  put(pieces: Pieces, expect: BlobExpectation): Promise<{ sha256: string; sizeBytes: number }>;
  has(sha256: string): Promise<boolean>;
  /** Path of the blob's file. */
  path(sha256: string): string;
  /** Removes a blob that was last stored before then (milliseconds since the epoch); says whether it did. */
  remove(sha256: string, storedBefore: number): Promise<boolean>;
}

/** What comes with lines of a log; see AttemptProgress. */
export type Progress = Pick<AttemptProgress, 'phases' | 'inputs'>;

/** One log per attempt, appended by line number so that a repeated chunk is a no-op; writes are fenced by the lease. */
export interface LogStore {
  /**
   * `text` is whole lines, each ended by `\n`. Returns the number of the next line expected. `more` is stored with them, in one transaction.
   * @throws WheelwrightError `conflict` for a gap.
   */
  append(lease: LeaseRef, firstLine: number, text: string, now: number, more?: Progress): Promise<number>;
  /** Whole lines from a 1-based line number on, in pieces; ends at what is there now. */
  read(attemptId: string, fromLine: number): AsyncIterable<{ firstLine: number; text: string; at: number }>;
  lineCount(attemptId: string): Promise<number>;
  /** Puts whole lines in the place of the log of an attempt that has ended. */
  replace(attemptId: string, text: string, now: number): Promise<void>;
  /** Names of files that are no attempt's log, last written before then (milliseconds since the epoch). */
  strays(writtenBefore: number): Promise<string[]>;
  removeStray(name: string): Promise<void>;
}

/**
 * Wakes whoever waits for work, through a callback that it is opened with, and does nothing more: which build is next, and whose, is in the store. It may lose
 * anything at any moment, since whoever waits looks again by himself every few seconds.
 */
export interface BuildQueue {
  /** Calls back, with the id, when the build can be tried. */
  add(entry: QueueEntry): Promise<void>;
  /** @throws when what keeps the queue does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface QueueEntry {
  buildId: string;
  /** Milliseconds since the epoch. */
  notBefore: number;
}
