// How attempts end and what that makes of their builds. Each ending is one transaction.
import type { Selectable } from 'kysely';
import { type AttemptOutcome, type AttemptStatus, lostBackoffMs, MAX_LOST_ATTEMPTS } from '../../core/attempt.js';
import { WheelwrightError } from '../../core/errors.js';
import type { Failure } from '../../core/failure.js';
import type { BuildStore, LeaseRef, NewFile } from '../../core/store.js';
import { closePhases } from './attempt-table.js';
import { moveBuild, unknownBuild } from './build-status.js';
import type { Database } from './database.js';
import { fencedWrite, LIVE, LIVE_SQL, staleLease } from './fence.js';
import { addFile } from './file-table.js';
import { prepared } from './prepared.js';
import type { AttemptsTable } from './schema.js';
import { linkFiles } from './shared-files.js';

const attemptUnder = prepared<LeaseRef, Selectable<AttemptsTable>>((db, value) =>
  db
    .selectFrom('attempts')
    .selectAll()
    .where('id', '=', value('attemptId'))
    .where('lease_token', '=', value('token'))
    .compile(),
);
const writeEnd = fencedWrite('status', 'finished_at', 'failure_json');

/** Of a worker of an older version. */
const UNTOLD = 'its worker gave no reason; the end of its log may tell';

type AttemptEndings = Pick<BuildStore, 'finish' | 'expireLeases' | 'cancel' | 'retry'>;

export function attemptEndings(db: Database, build: BuildStore['build']): AttemptEndings {
  const changed = async (id: string) => {
    const record = await build(id);
    if (record === undefined) throw unknownBuild(id);
    return record;
  };
  return {
    finish: (lease, outcome, file, now) => db.transaction().execute((trx) => finish(trx, lease, outcome, file, now)),

    expireLeases: (now) =>
      db.transaction().execute(async (trx) => {
        const expired = await trx
          .selectFrom('attempts')
          .selectAll()
          .where('status', 'in', LIVE_SQL)
          .where('lease_expires_at', '<=', now)
          .execute();
        for (const attempt of expired) {
          const reason = `worker ${attempt.worker} was not heard of for the whole of its lease`;
          await endLost(trx, attempt, reason, now);
        }
        return expired.map(({ id }) => id);
      }),

    async cancel(buildId, now) {
      await db.transaction().execute(async (trx) => {
        await moveBuild(trx, buildId, 'cancel', now, { finished_at: now });
        await trx
          .updateTable('attempts')
          .set({ cancel_requested: 1 })
          .where('build_id', '=', buildId)
          .where('status', 'in', LIVE_SQL)
          .execute();
      });
      return changed(buildId);
    },

    async retry(buildId, now) {
      await db.transaction().execute(async (trx) => {
        await moveBuild(trx, buildId, 'retry', now, { finished_at: null, lost_attempts: 0, not_before: 0 });
        const left = await trx
          .selectFrom('attempts')
          .selectAll()
          .where('build_id', '=', buildId)
          .where('status', 'in', LIVE_SQL)
          .execute();
        for (const attempt of left) await endAttempt(trx, attempt, 'cancelled', now);
      });
      return changed(buildId);
    },
  };
}

async function finish(
  trx: Database,
  lease: LeaseRef,
  outcome: AttemptOutcome,
  file: NewFile | undefined,
  now: number,
): Promise<void> {
  const attempt = await attemptOf(trx, lease);
  if (!(LIVE as readonly string[]).includes(attempt.status)) {
    // The answer to the first report was lost on its way: the same again is a no-op.
    if (attempt.status === outcome.kind || attempt.cancel_requested === 1) return;
    // So it is where the first report was made a failure: by a bad wheel, or by requirements that cannot be had.
    if (attempt.status === 'failed' && (outcome.kind === 'succeeded' || outcome.kind === 'deferred')) return;
    throw staleLease(lease.attemptId);
  }
  if (attempt.cancel_requested === 1) return endAttempt(trx, attempt, 'cancelled', now);
  switch (outcome.kind) {
    case 'succeeded': {
      if (file === undefined) {
        throw new WheelwrightError('internal', `attempt ${attempt.id} succeeded without a file`);
      }
      await endAttempt(trx, attempt, 'succeeded', now);
      await moveBuild(trx, attempt.build_id, 'succeed', now, { finished_at: now });
      await addFile(trx, { ...file, attemptId: attempt.id }, now);
      await linkFiles(trx, attempt.build_id, [file.filename]);
      return;
    }
    case 'failed':
      await endAttempt(trx, attempt, 'failed', now, outcome.failure);
      await moveBuild(trx, attempt.build_id, 'fail', now, { finished_at: now });
      return;
    case 'lost':
      return outcome.handedBack
        ? handBack(trx, attempt, outcome.reason || UNTOLD, now)
        : endLost(trx, attempt, outcome.reason || UNTOLD, now);
    case 'cancelled':
      await endAttempt(trx, attempt, 'cancelled', now);
      await moveBuild(trx, attempt.build_id, 'cancel', now, { finished_at: now });
      return;
    case 'deferred':
      throw new WheelwrightError('internal', 'a deferred attempt ends by defer, which knows the builds to wait for');
    default:
      return outcome satisfies never;
  }
}

async function attemptOf(trx: Database, lease: LeaseRef): Promise<Selectable<AttemptsTable>> {
  const [attempt] = (await attemptUnder(trx, lease)).rows;
  if (attempt === undefined) throw staleLease(lease.attemptId);
  return attempt;
}

/** Queues the build again as if the attempt had not been made: however often workers are restarted, no build fails of it. */
async function handBack(trx: Database, attempt: Selectable<AttemptsTable>, reason: string, now: number): Promise<void> {
  const cause = `The attempt was handed back: ${reason}. The build is tried again at once.`;
  await endAttempt(trx, attempt, 'lost', now, infrastructure(attempt, cause));
  await moveBuild(trx, attempt.build_id, 'requeue', now);
}

function infrastructure({ phase }: Selectable<AttemptsTable>, cause: string): Failure {
  return { class: 'infrastructure', ...(phase === null ? {} : { phase }), line: '', lineNumber: 0, cause };
}

/** Queues the build again after a pause, or fails it when its attempts were lost too often. */
async function endLost(trx: Database, attempt: Selectable<AttemptsTable>, reason: string, now: number): Promise<void> {
  if (attempt.cancel_requested === 1) return endAttempt(trx, attempt, 'cancelled', now);
  const build = await trx
    .selectFrom('builds')
    .select('lost_attempts')
    .where('id', '=', attempt.build_id)
    .executeTakeFirstOrThrow();
  const losses = build.lost_attempts + 1;
  const last = losses > MAX_LOST_ATTEMPTS;
  const next = last
    ? `It was the ${losses}th such loss, so it is not tried again by itself. Look at the workers and the container engine, then retry the build.`
    : 'The build is tried again by itself.';
  await endAttempt(trx, attempt, 'lost', now, infrastructure(attempt, `The attempt was lost: ${reason}. ${next}`));
  if (last) await moveBuild(trx, attempt.build_id, 'fail', now, { finished_at: now, lost_attempts: losses });
  else {
    const not_before = now + lostBackoffMs(losses);
    await moveBuild(trx, attempt.build_id, 'requeue', now, { lost_attempts: losses, not_before });
  }
}

/** Ends a live attempt and the phase that it is in. */
export async function endAttempt(
  trx: Database,
  attempt: Selectable<AttemptsTable>,
  status: AttemptStatus,
  now: number,
  failure?: Failure,
): Promise<void> {
  await closePhases(trx, attempt.id, now);
  await writeEnd(
    trx,
    { attemptId: attempt.id, token: attempt.lease_token },
    { status, finished_at: now, failure_json: failure === undefined ? null : JSON.stringify(failure) },
  );
}
