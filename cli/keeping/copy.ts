import { join } from 'node:path';
import { blobFile, copyDurably, DATABASE, hashFile, logFile, SMALL_FILES } from '../../adapters/disk/data-folder.js';
import { copyDatabase, type HeldFile, openHoldings } from '../../adapters/sqlite/holdings.js';

export interface CopyReport {
  blobs: number;
  logs: number;
  /** Of the blobs. */
  sizeBytes: number;
  /** Number of the newest migration of the database. */
  schema: number;
  /** What the database names and `from` does not hold, or holds damaged: each in a sentence. */
  missing: string[];
}

/**
 * Copies the state of one folder into an empty other one; both have the form of a data folder. The database is copied first, as of one moment: whatever it names
 * is on disk by then and never changes, so that what is copied after it is all that belongs to it, also while the service goes on.
 */
export async function copyState(from: string, to: string, signal: AbortSignal): Promise<CopyReport> {
  await copyDatabase(join(from, DATABASE), join(to, DATABASE));
  const holdings = openHoldings(join(to, DATABASE));
  const report: CopyReport = { blobs: 0, logs: 0, sizeBytes: 0, schema: holdings.schema(), missing: [] };
  try {
    for (const [sha256, name] of namedBlobs(holdings.files())) {
      signal.throwIfAborted();
      await copyDurably(blobFile(from, sha256), blobFile(to, sha256));
      const copied = await hashFile(blobFile(to, sha256));
      if (copied?.sha256 === sha256) {
        report.blobs++;
        report.sizeBytes += copied.sizeBytes;
      } else {
        report.missing.push(`the blob ${sha256} of ${name} is ${copied === undefined ? 'not there' : 'damaged'}`);
      }
    }
    for (const attemptId of holdings.attemptsWithLogs()) {
      signal.throwIfAborted();
      if (await copyDurably(logFile(from, attemptId), logFile(to, attemptId))) report.logs++;
      else report.missing.push(`the log of attempt ${attemptId} is not there`);
    }
  } finally {
    holdings.close();
  }
  for (const name of SMALL_FILES) await copyDurably(join(from, name), join(to, name));
  return report;
}

/** Every blob that a file's row names, with whose it is for messages. */
export function namedBlobs(files: readonly HeldFile[]): Map<string, string> {
  const named = new Map<string, string>();
  for (const { filename, sha256, metadataSha256, provenanceSha256 } of files) {
    named.set(sha256, filename);
    if (metadataSha256 !== null) named.set(metadataSha256, `${filename} (metadata)`);
    if (provenanceSha256 !== null) named.set(provenanceSha256, `${filename} (provenance)`);
  }
  return named;
}
