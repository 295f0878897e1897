// Builds that wait for other builds.
import { type Selectable, sql } from 'kysely';
import { isFinished } from '../../core/build.js';
import type { Failure } from '../../core/failure.js';
import type { BuildRecord, BuildStore, DeferResult, LeaseRef } from '../../core/store.js';
import { endAttempt } from './attempt-endings.js';
import { loadBuilds } from './build-records.js';
import { moveBuild } from './build-status.js';
import type { Database } from './database.js';
import { writeRunning } from './fence.js';
import { prepared } from './prepared.js';
import type { BuildNeedsTable, BuildsTable } from './schema.js';
import { linkFiles, sharedFiles } from './shared-files.js';

const anyToWake = prepared<object, { id: string }>((db) => mayBeWoken(db).select('id').limit(1).compile());
const allToWake = prepared<object, Selectable<BuildsTable>>((db) => mayBeWoken(db).selectAll().compile());

export function waiting(db: Database): Pick<BuildStore, 'defer' | 'wakeWaiting'> {
  return {
    defer: (lease, needs, now) => db.transaction().execute((trx) => defer(trx, lease, needs, now)),
    // Asked whenever an attempt ends, mostly in vain: that takes no turn among those that write.
    wakeWaiting: async (now) =>
      (await anyToWake(db, {})).rows.length === 0 ? [] : db.transaction().execute((trx) => wakeWaiting(trx, now)),
  };
}

async function defer(trx: Database, lease: LeaseRef, needs: readonly string[], now: number): Promise<DeferResult> {
  const attempt = await writeRunning(trx, lease, { status: 'running' });
  if (attempt.cancel_requested === 1) {
    await endAttempt(trx, attempt, 'cancelled', now);
    return { kind: 'deferred' };
  }
  const cycle = await projectsBetween(trx, needs, attempt.build_id);
  if (cycle.length > 0) return { kind: 'cycle', projects: cycle };
  const known = await trx
    .selectFrom('build_needs')
    .innerJoin('builds', 'builds.id', 'build_needs.needs_id')
    .select('builds.project')
    .where('build_id', '=', attempt.build_id)
    .where('needs_id', 'in', needs)
    .where('kind', '=', 'requires')
    .where('builds.status', '=', 'succeeded')
    .execute();
  if (known.length === needs.length) {
    return { kind: 'no-progress', projects: known.map(({ project }) => project) };
  }
  await endAttempt(trx, attempt, 'deferred', now);
  await moveBuild(trx, attempt.build_id, 'wait', now);
  await trx
    .insertInto('build_needs')
    .values(needs.map((id) => ({ build_id: attempt.build_id, needs_id: id, kind: 'requires' as const })))
    .onConflict((conflict) => conflict.columns(['build_id', 'needs_id']).doUpdateSet({ kind: 'requires' }))
    .execute();
  return { kind: 'deferred' };
}

/** Projects of the unfinished builds through which one of `from` waits for `to`; empty when none does. */
async function projectsBetween(trx: Database, from: readonly string[], to: string): Promise<string[]> {
  const rows = await trx
    .withRecursive('reached(id)', (recursive) =>
      recursive
        .selectFrom('builds')
        .select('id')
        .where('id', 'in', from)
        .where('status', 'not in', ['succeeded', 'failed', 'cancelled'])
        .union(
          recursive
            .selectFrom('reached')
            .innerJoin('build_needs', 'build_needs.build_id', 'reached.id')
            .innerJoin('builds', 'builds.id', 'build_needs.needs_id')
            .select('builds.id')
            .where('builds.status', 'not in', ['succeeded', 'failed', 'cancelled']),
        ),
    )
    .selectFrom('reached')
    .innerJoin('builds', 'builds.id', 'reached.id')
    .select(['builds.id', 'builds.project'])
    .execute();
  return rows.some(({ id }) => id === to) ? [...new Set(rows.map(({ project }) => project))].sort() : [];
}

function mayBeWoken(db: Database) {
  return db
    .selectFrom('builds')
    .where('status', '=', 'waiting')
    .where(({ exists, selectFrom }) =>
      // By the needs of each that waits: SQLite goes through all builds that have ended where it is asked whether the id is among what they let go.
      exists(
        selectFrom('build_needs')
          .innerJoin('builds as needed', 'needed.id', 'build_needs.needs_id')
          .select('build_needs.build_id')
          .whereRef('build_needs.build_id', '=', 'builds.id')
          .where('needed.status', 'in', ['succeeded', 'failed', 'cancelled']),
      ),
    );
}

async function wakeWaiting(trx: Database, now: number): Promise<string[]> {
  const { rows: candidates } = await allToWake(trx, {});
  const woken: string[] = [];
  for (const build of await loadBuilds(trx, candidates)) {
    if (await wake(trx, build, now)) woken.push(build.id);
  }
  return woken;
}

/** Whether the build waits no longer. */
async function wake(trx: Database, build: BuildRecord, now: number): Promise<boolean> {
  const needs = await trx.selectFrom('build_needs').selectAll().where('build_id', '=', build.id).execute();
  const rows = await trx.selectFrom('builds').selectAll().where('id', 'in', build.needs).execute();
  const needed = await loadBuilds(trx, rows);
  const kindOf = (id: string) => needs.find(({ needs_id }: Selectable<BuildNeedsTable>) => needs_id === id)?.kind;

  const broken = needed.find(
    ({ id, status }) => kindOf(id) === 'requires' && (status === 'failed' || status === 'cancelled'),
  );
  if (broken !== undefined) {
    await failForNeed(trx, build, broken, now);
    return true;
  }
  if (!needed.every(({ status }) => isFinished(status))) return false;
  const shared = await sharedFiles(trx, build);
  if (shared.length === 0) {
    await moveBuild(trx, build.id, 'enqueue', now);
    return true;
  }
  await moveBuild(trx, build.id, 'succeed', now, { finished_at: now });
  await linkFiles(trx, build.id, shared);
  return true;
}

/** The failure is told by the attempt that found out about the need. */
async function failForNeed(trx: Database, build: BuildRecord, broken: BuildRecord, now: number): Promise<void> {
  const { project, version, id, status, attempts } = broken;
  const reason = attempts.at(-1)?.failure;
  const told = reason === undefined ? '' : `: ${reason.class}: ${reason.line.trim() || reason.cause}`;
  const phase = build.attempts.at(-1)?.phase;
  const failure: Failure = {
    class: 'build-requirement',
    ...(phase === undefined ? {} : { phase }),
    line: `it needs a wheel of ${project} ${version}, which could not be built`,
    lineNumber: 0,
    cause: `It needs a wheel of ${project} ${version}, which has to be built first, and that build (${id}) ${status === 'failed' ? `failed${told}` : 'was cancelled'}. Mend that one (wheelwright build ${project}==${version} --solve, then approve its recipe), then retry this.`,
  };
  await trx
    .updateTable('attempts')
    .set({ failure_json: JSON.stringify(failure) })
    .where('build_id', '=', build.id)
    .where('number', '=', sql<number>`(SELECT max(number) FROM attempts WHERE build_id = ${build.id})`)
    .execute();
  await moveBuild(trx, build.id, 'fail', now, { finished_at: now });
}
