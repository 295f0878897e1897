// Handing builds out: who gets which is core/schedule.ts's to say, asked here in the transaction that starts the attempt.
import { type Selectable, sql } from 'kysely';
import type { Lease } from '../../core/attempt.js';
import { transitionBuild } from '../../core/build.js';
import {
  type Choice,
  chooseLine,
  isLargeEnough,
  type QueueLine,
  type Reservation,
  type WorkerLoad,
} from '../../core/schedule.js';
import type { BuildStore, ClaimedLease, PlannedBuild } from '../../core/store.js';
import type { WorkerRef } from '../../core/worker.js';
import { plannedOf } from './build-records.js';
import type { Database } from './database.js';
import { nextBuildTag } from './file-table.js';
import { newId, newSecret } from './id.js';
import { prepared } from './prepared.js';
import {
  dropEmpty,
  isReady,
  linesFor,
  mendLines,
  nextBuild,
  type StoredLine,
  serveLine,
  takeFirst,
} from './queue-lines.js';
import type { AttemptsTable, BuildsTable } from './schema.js';
import { linkFiles, sharedFiles } from './shared-files.js';
import { askingWorker, loadFleet } from './worker-table.js';

/** The first line suits nearly always, and a build stands in it that can be tried. */
const FIRST_LINES = 4;
const MORE_LINES = 16;

type NewAttempt = Omit<
  Selectable<AttemptsTable>,
  'number' | 'status' | 'phase' | 'cancel_requested' | 'finished_at' | 'failure_json' | 'log_removed'
>;
const insertAttempt = prepared<NewAttempt, { number: number }>((db, value) =>
  db
    .insertInto('attempts')
    .values({
      id: value('id'),
      build_id: value('build_id'),
      number: sql<number>`(SELECT coalesce(max(number), 0) + 1 FROM attempts WHERE build_id = ${value('build_id')})`,
      status: 'leased',
      worker: value('worker'),
      lease_token: value('lease_token'),
      lease_expires_at: value('lease_expires_at'),
      cancel_requested: 0,
      started_at: value('started_at'),
      cpus: value('cpus'),
      memory_bytes: value('memory_bytes'),
      disk_bytes: value('disk_bytes'),
      exclusive: value('exclusive'),
    })
    .returning('number')
    .compile(),
);
const anyLine = prepared<object, { project: string }>((db) =>
  db.selectFrom('queue_lines').select('project').limit(1).compile(),
);

/** @param indexUrl simple index that build requirements come from; see BuildOrder */
export function claiming(db: Database, indexUrl: string): Pick<BuildStore, 'claim' | 'nextBuild' | 'mendLines'> {
  return {
    async claim(worker, leaseMs, now) {
      for (;;) {
        const claimed = await db.transaction().execute((trx) => claim(trx, indexUrl, worker, leaseMs, now));
        if (claimed !== 'answered') return claimed;
      }
    },
    nextBuild: (now) => nextBuild(db, now),
    mendLines: (now) => db.transaction().execute((trx) => mendLines(trx, now)),
  };
}

async function claim(
  trx: Database,
  indexUrl: string,
  asking: WorkerRef,
  leaseMs: number,
  now: number,
): Promise<ClaimedLease | 'nothing-queued' | 'nothing-suitable' | 'answered'> {
  const worker = await askingWorker(trx, asking, now);
  const taken = worker.draining ? undefined : await takeBuild(trx, worker, leaseMs, now);
  if (taken === undefined) return (await isQueueEmpty(trx)) ? 'nothing-queued' : 'nothing-suitable';
  const { row, reserved } = taken;
  const planned = plannedOf(row);
  const shared = await sharedFiles(trx, planned);
  if (shared.length > 0) {
    const status = transitionBuild('running', 'succeed');
    await trx.updateTable('builds').set({ status, finished_at: now }).where('id', '=', row.id).execute();
    await linkFiles(trx, row.id, shared);
    return 'answered';
  }
  const lease = await startAttempt(trx, row.id, planned, { worker: worker.name, reserved, leaseMs, now, indexUrl });
  return { ...lease, askedAt: row.created_at };
}

interface Taken {
  row: Selectable<BuildsTable>;
  reserved: Reservation;
}

/** Looks at as few lines and workers as the choice rests on. */
async function takeBuild(trx: Database, worker: WorkerLoad, leaseMs: number, now: number): Promise<Taken | undefined> {
  for (let limit = FIRST_LINES; ; limit *= MORE_LINES) {
    const onlyReady = limit > FIRST_LINES;
    const page = await linesFor(trx, worker, now, { limit, onlyReady });
    let lines = page.lines;
    let choice = await choose(trx, worker, lines, leaseMs, now);
    while (choice.kind !== 'nothing') {
      const { line } = choice;
      if (choice.kind === 'take') {
        const row = await takeFirst(trx, line, now);
        if (row !== undefined) {
          await serveLine(trx, line, now);
          return { row, reserved: choice.reserved };
        }
      } else if (await isReady(trx, line, now)) return undefined;
      await dropEmpty(trx, line);
      lines = lines.filter((other) => other !== line);
      choice = await choose(trx, worker, lines, leaseMs, now);
    }
    if (!page.more) return undefined;
  }
}

type StoredChoice =
  | Exclude<Choice, { line: QueueLine }>
  | (Extract<Choice, { line: QueueLine }> & { line: StoredLine });

async function choose(
  trx: Database,
  worker: WorkerLoad,
  lines: readonly StoredLine[],
  leaseMs: number,
  now: number,
): Promise<StoredChoice> {
  const choice = chooseLine(worker, lines, [worker]) as StoredChoice;
  // As if it were the only one, unless others may be better for what it would get, or keep themselves free instead.
  const alone = choice.kind === 'take' && isLargeEnough(worker, choice.line.placement);
  if (choice.kind === 'nothing' || alone) return choice;
  return chooseLine(worker, lines, await loadFleet(trx, leaseMs, now)) as StoredChoice;
}

async function isQueueEmpty(trx: Database): Promise<boolean> {
  return (await anyLine(trx, {})).rows.length === 0;
}

async function startAttempt(
  trx: Database,
  buildId: string,
  { project, version, sdist, recipe, target, channel, buildTag: planned = 0 }: PlannedBuild,
  how: { worker: string; reserved: Reservation; leaseMs: number; now: number; indexUrl: string },
): Promise<Lease> {
  const { worker, reserved, leaseMs, now, indexUrl } = how;
  const { exclusive, ...resources } = reserved;
  const attemptId = newId();
  const token = newSecret();
  const [inserted] = (
    await insertAttempt(trx, {
      id: attemptId,
      build_id: buildId,
      worker,
      lease_token: token,
      lease_expires_at: now + leaseMs,
      started_at: now,
      cpus: resources.cpus,
      memory_bytes: resources.memoryBytes,
      disk_bytes: resources.diskBytes,
      exclusive: exclusive ? 1 : 0,
    })
  ).rows;
  if (inserted === undefined) throw new Error('an attempt that was added has no number');
  const buildTag = Math.max(planned, (await nextBuildTag(trx, project, version, target)) ?? 0);
  return {
    attemptId,
    attemptNumber: inserted.number,
    token,
    leaseMs,
    resources,
    order: {
      buildId,
      project,
      version,
      sdist,
      recipe,
      target,
      channel,
      indexUrl,
      ...(buildTag === 0 ? {} : { buildTag }),
    },
  };
}
