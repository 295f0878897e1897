import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readWheelMetadata } from '../../adapters/archive/wheel-metadata.js';
import { blobFile, blobsIn, DATABASE, hashFile, logFile, namesIn } from '../../adapters/disk/data-folder.js';
import { type HeldFile, type Holdings, openHoldings } from '../../adapters/sqlite/holdings.js';
import { readMigrations } from '../../adapters/sqlite/migrations.js';
import { parseSdistFilename } from '../../core/sdist-name.js';
import { isWheelFilename, parseWheelFilename } from '../../core/wheel-name.js';
import { REPOSITORY } from '../cli.js';
import { namedBlobs } from './copy.js';
import { checkLog } from './fsck-log.js';
import { checkPages } from './fsck-pages.js';
import type { Problem } from './problem.js';

export interface FsckReport {
  checked: { files: number; blobs: number; sizeBytes: number; logs: number; pages: number };
  problems: Problem[];
  /** Nothing wrong, but of use to know: what nobody names any more. */
  notes: string[];
}

const FROM_BACKUP = 'Copy that file from a backup (same path below the backup).';
const REBUILD =
  'Without a backup, take the file off the index (./wheelwright index delete), and build it again or upload another version.';

/** Checks a whole data folder without changing anything; the service may run meanwhile. @throws WheelwrightError when there is no database to check by */
export async function fsck(data: string, signal: AbortSignal): Promise<FsckReport> {
  const holdings = openHoldings(join(data, DATABASE));
  const report: FsckReport = {
    checked: { files: 0, blobs: 0, sizeBytes: 0, logs: 0, pages: 0 },
    problems: [],
    notes: [],
  };
  const newest = readMigrations(join(REPOSITORY, 'migrations')).length;
  const schema = holdings.schema();
  try {
    checkDatabase(holdings, schema >= newest, report);
    const files = holdings.files();
    const sizes = await checkBlobs(data, files, report, signal);
    for (const file of files) {
      signal.throwIfAborted();
      await checkFile(data, file, sizes, report);
    }
    await checkLogs(data, holdings, report, signal);
  } finally {
    holdings.close();
  }
  if (schema < newest) {
    report.notes.push(
      `the database is one of an earlier version (schema ${schema} of ${newest}): its pages, and what its rows say together, can be checked once the api of this version has brought it up to date (./wheelwright up)`,
    );
    return report;
  }
  const { pages, problems } = checkPages(join(data, DATABASE));
  report.checked.pages = pages;
  report.problems.push(...problems);
  return report;
}

function checkDatabase(holdings: Holdings, current: boolean, { problems }: FsckReport): void {
  const restore = 'Stop the service and restore the newest backup: ./wheelwright restore.';
  for (const what of holdings.damage()) problems.push({ part: 'database', what, mend: restore });
  for (const what of current ? holdings.contradictions() : []) {
    problems.push({
      part: 'database',
      what,
      mend: 'Report it with this line; a backup from before it appeared is sound.',
    });
  }
}

/** Every blob on disk and every one that a row names; gives the sizes of those that are whole. */
async function checkBlobs(
  data: string,
  files: readonly HeldFile[],
  { checked, problems, notes }: FsckReport,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const named = namedBlobs(files);
  const whole = new Map<string, number>();
  const seen = new Set<string>();
  let [unnamed, unnamedBytes] = [0, 0];
  for await (const sha256 of blobsIn(data)) {
    signal.throwIfAborted();
    seen.add(sha256);
    const found = await hashFile(blobFile(data, sha256));
    if (found === undefined) continue;
    checked.blobs++;
    checked.sizeBytes += found.sizeBytes;
    const owner = named.get(sha256);
    if (found.sha256 === sha256) {
      whole.set(sha256, found.sizeBytes);
      if (owner === undefined) [unnamed, unnamedBytes] = [unnamed + 1, unnamedBytes + found.sizeBytes];
      continue;
    }
    const what = `the blob ${sha256}${owner === undefined ? '' : ` of ${owner}`} has other bytes: their sha256 is ${found.sha256}`;
    const path = blobFile(data, sha256);
    problems.push({
      part: 'blob',
      what,
      mend: owner === undefined ? `Nothing names it: remove ${path}.` : `${FROM_BACKUP} ${REBUILD}`,
    });
  }
  for (const [sha256, owner] of named) {
    if (seen.has(sha256)) continue;
    problems.push({
      part: 'blob',
      what: `the blob ${sha256} of ${owner} is not there`,
      mend: `${FROM_BACKUP} ${REBUILD}`,
    });
  }
  // A wheel is stored before its row is written, so that some may belong to attempts under way.
  if (unnamed > 0)
    notes.push(
      `${unnamed} blobs (${unnamedBytes} bytes) are named by no file: of attempts that did not end well, of deleted files, or under way; housekeeping removes them when their time is up (./wheelwright clean)`,
    );
  return whole;
}

async function checkFile(
  data: string,
  file: HeldFile,
  whole: ReadonlyMap<string, number>,
  { checked, problems }: FsckReport,
): Promise<void> {
  checked.files++;
  const wrong = (what: string) => problems.push({ part: 'file', what: `${file.filename}: ${what}`, mend: REBUILD });
  try {
    const name = isWheelFilename(file.filename)
      ? parseWheelFilename(file.filename)
      : parseSdistFilename(file.filename, file.project);
    if (name.project !== file.project) wrong(`its row says project ${file.project}`);
    if (name.version !== file.version) wrong(`its row says version ${file.version}`);
  } catch (error) {
    wrong((error as Error).message);
  }
  const sizeBytes = whole.get(file.sha256);
  if (sizeBytes === undefined) return;
  if (sizeBytes !== file.sizeBytes) wrong(`its row says ${file.sizeBytes} bytes, and it has ${sizeBytes}`);
  if (!isWheelFilename(file.filename)) return;
  if (file.metadataSha256 === null) wrong('it is a wheel without metadata');
  if (file.metadataSha256 === null || !whole.has(file.metadataSha256)) return;
  try {
    const inside = await readWheelMetadata(blobFile(data, file.sha256));
    const sha256 = createHash('sha256').update(inside).digest('hex');
    if (sha256 !== file.metadataSha256) wrong('the metadata beside it is not what is in it');
  } catch (error) {
    wrong(`it cannot be read: ${(error as Error).message}`);
  }
}

async function checkLogs(
  data: string,
  holdings: Holdings,
  { checked, problems, notes }: FsckReport,
  signal: AbortSignal,
) {
  const attempts = holdings.attemptsWithLogs();
  for (const attemptId of attempts) {
    signal.throwIfAborted();
    checked.logs++;
    const what = await checkLog(logFile(data, attemptId), holdings.logChunks(attemptId));
    if (what !== undefined)
      problems.push({ part: 'log', what: `the log of attempt ${attemptId}: ${what}`, mend: FROM_BACKUP });
  }
  const known = new Set(attempts.map((attemptId) => `${attemptId}.log`));
  const strays = (await namesIn(join(data, 'logs'))).filter((name) => !known.has(name));
  if (strays.length > 0)
    notes.push(
      `${strays.length} files in logs/ belong to no attempt's log; housekeeping removes them when their time is up (./wheelwright clean)`,
    );
}
