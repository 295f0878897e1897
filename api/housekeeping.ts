import { blobsIn, statOf } from '../adapters/disk/data-folder.js';
import type { EndedAttempt, HousekeepingReport } from '../core/retention.js';
import type { ApiContext } from './context.js';
import { renewBlobs } from './renew-blobs.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LOGS_PER_QUERY = 200;

type HousekeepingContext = Pick<
  ApiContext,
  'settings' | 'store' | 'retention' | 'blobs' | 'logs' | 'clock' | 'stopping' | 'log'
>;

/**
 * Removes what is kept for a while only, as the settings say; with `dryRun` it only counts. Its own writes are the only ones of their kind, so that it may run at any
 * time. What is left when the api stops is for the next round.
 */
export async function housekeepOne(context: HousekeepingContext, dryRun = false): Promise<HousekeepingReport> {
  // Trials first: their bytes are named by nothing then, and go when their own time is up.
  const trials = await removeTrials(context, dryRun);
  const logs = await shortenLogs(context, dryRun);
  const report = { trials, logs, ...(await removeStrays(context, dryRun)), ...(await removeBlobs(context, dryRun)) };
  const { blobs, strayLogs } = report;
  if (!dryRun && trials.length + logs + blobs + strayLogs > 0)
    context.log.info(report, 'removed what is kept no longer');
  return report;
}

async function removeTrials(context: HousekeepingContext, dryRun: boolean): Promise<string[]> {
  const { settings, retention, clock } = context;
  const days = settings.WHEELWRIGHT_KEEP_TRIALS_DAYS;
  const trials = await retention.oldTrials(clock() - days * DAY_MS);
  if (dryRun) return trials;
  for (const filename of trials) {
    await renewBlobs(context, filename);
    await retention.removeTrial(filename, `a trial that nobody approved within ${days} days`, clock());
  }
  return trials;
}

async function shortenLogs(
  { settings, retention, logs, clock, stopping }: HousekeepingContext,
  dryRun: boolean,
): Promise<number> {
  const days = settings.WHEELWRIGHT_KEEP_LOGS_DAYS;
  if (days === undefined) return 0;
  const note = `[wheelwright] this log was removed after ${days} days (WHEELWRIGHT_KEEP_LOGS_DAYS)\n`;
  let count = 0;
  for (let after: EndedAttempt | undefined; ; ) {
    const attempts = await retention.attemptsWithLogs(clock() - days * DAY_MS, after, LOGS_PER_QUERY);
    for (const { id } of dryRun ? [] : attempts) await logs.replace(id, note, clock());
    count += attempts.length;
    after = attempts.at(-1);
    if (attempts.length < LOGS_PER_QUERY || stopping.aborted) return count;
  }
}

async function removeStrays({ settings, logs, clock }: HousekeepingContext, dryRun: boolean) {
  const strays = await logs.strays(clock() - settings.WHEELWRIGHT_KEEP_BLOBS_HOURS * HOUR_MS);
  for (const name of dryRun ? [] : strays) await logs.removeStray(name);
  return { strayLogs: strays.length };
}

async function removeBlobs({ settings, retention, blobs, clock, stopping }: HousekeepingContext, dryRun: boolean) {
  const before = clock() - settings.WHEELWRIGHT_KEEP_BLOBS_HOURS * HOUR_MS;
  const removed = { blobs: 0, blobBytes: 0 };
  const named = await retention.namedBlobs();
  for await (const sha256 of blobsIn(settings.WHEELWRIGHT_DATA)) {
    if (stopping.aborted) break;
    if (named.has(sha256)) continue;
    const stored = await statOf(blobs.path(sha256));
    // A wheel is stored before its row is written.
    if (stored === undefined || stored.mtimeMs >= before) continue;
    await named.update();
    if (named.has(sha256)) continue;
    if (!dryRun && !(await blobs.remove(sha256, before))) continue;
    removed.blobs += 1;
    removed.blobBytes += stored.size;
  }
  return removed;
}
