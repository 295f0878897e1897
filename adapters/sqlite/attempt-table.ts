// What a worker does with its attempt while it lasts. How it ends is in attempt-endings.ts.
import { sql } from 'kysely';
import type { AttemptInput } from '../../core/attempt.js';
import type { BuildStore, LeaseRef, Progress } from '../../core/store.js';
import type { Database } from './database.js';
import { fencedWrite, LIVE_SQL, staleLease, writeRunning } from './fence.js';
import { prepared } from './prepared.js';
import type { AttemptsTable } from './schema.js';

type AttemptTable = Pick<
  BuildStore,
  'heartbeat' | 'startPhase' | 'addInputs' | 'renewLeases' | 'moveLeases' | 'checkLease'
>;

/** The part of a lease after which a heartbeat prolongs it. One that comes sooner writes nothing: every attempt has one each second. */
const RENEWED_AFTER = 1 / 6;

const ALL_PHASES = Number.MAX_SAFE_INTEGER;

const writeLease = fencedWrite('lease_expires_at');
const writePhase = fencedWrite('status', 'phase');

const held = prepared<LeaseRef, Pick<AttemptsTable, 'build_id' | 'cancel_requested' | 'lease_expires_at'>>(
  (db, value) =>
    db
      .selectFrom('attempts')
      .select(['build_id', 'cancel_requested', 'lease_expires_at'])
      .where('id', '=', value('attemptId'))
      .where('lease_token', '=', value('token'))
      .where('status', 'in', LIVE_SQL)
      .compile(),
);

// Rows as JSON, so that any number of them is the same statement.
const insertPhases = prepared<{ attemptId: string; rows: string }>((db, value) =>
  sql<never>`
    INSERT INTO attempt_phases (attempt_id, seq, phase, first_line, started_at, finished_at)
    SELECT ${value('attemptId')}, value ->> 'seq', value ->> 'phase', value ->> 'firstLine', value ->> 'startedAt', value ->> 'finishedAt'
      FROM json_each(${value('rows')}) WHERE TRUE ON CONFLICT (attempt_id, seq) DO NOTHING`.compile(db),
);
const insertInputRows = prepared<{ attemptId: string; rows: string }>((db, value) =>
  sql<never>`
    INSERT INTO attempt_inputs (attempt_id, kind, name, version, sha256)
    SELECT ${value('attemptId')}, value ->> 'kind', value ->> 'name', value ->> 'version', value ->> 'sha256'
      FROM json_each(${value('rows')}) WHERE TRUE ON CONFLICT (attempt_id, kind, name, version) DO NOTHING`.compile(db),
);
const closePhasesBefore = prepared<{ attemptId: string; now: number; before: number }>((db, value) =>
  db
    .updateTable('attempt_phases')
    .set({ finished_at: value('now') })
    .where('attempt_id', '=', value('attemptId'))
    .where('finished_at', 'is', null)
    .where('seq', '<', value('before'))
    .compile(),
);

export function attemptTable(db: Database): AttemptTable {
  return {
    async heartbeat(lease, leaseMs, now) {
      const attempt = await heldAttempt(db, lease);
      const isDue = attempt.lease_expires_at <= now + leaseMs * (1 - RENEWED_AFTER);
      const { cancel_requested } = isDue ? await writeLease(db, lease, { lease_expires_at: now + leaseMs }) : attempt;
      return { cancelRequested: cancel_requested === 1 };
    },

    startPhase: (lease, phase, now) =>
      db.transaction().execute(async (trx) => {
        await writePhase(trx, lease, { status: 'running', phase });
        await closePhases(trx, lease.attemptId, now);
        await trx
          .insertInto('attempt_phases')
          .values((value) => ({
            attempt_id: lease.attemptId,
            seq: value
              .selectFrom('attempt_phases as earlier')
              .select(sql<number>`count(*) + 1`.as('seq'))
              .where('earlier.attempt_id', '=', lease.attemptId),
            phase,
            first_line: value
              .selectFrom('log_chunks')
              .select(sql<number>`coalesce(max(first_line + line_count), 1)`.as('first_line'))
              .where('log_chunks.attempt_id', '=', lease.attemptId),
            started_at: now,
          }))
          .execute();
      }),

    addInputs: (lease, inputs) =>
      db.transaction().execute(async (trx) => {
        await writeRunning(trx, lease, { status: 'running' });
        await insertInputs(trx, lease.attemptId, inputs);
      }),

    async renewLeases(until) {
      await db.updateTable('attempts').set({ lease_expires_at: until }).where('status', 'in', LIVE_SQL).execute();
    },

    moveLeases: (byMs, until) =>
      db.transaction().execute(async (trx) => {
        const live = trx.updateTable('attempts').where('status', 'in', LIVE_SQL);
        // By a clock that was set back, those renewed since are right already, and no longer than that.
        const moved = byMs < 0 ? live.where('lease_expires_at', '>', until) : live;
        await moved.set((column) => ({ lease_expires_at: column('lease_expires_at', '+', byMs) })).execute();
        await live.set({ lease_expires_at: until }).where('lease_expires_at', '>', until).execute();
        await sql`UPDATE workers SET last_seen = last_seen + ${byMs}`.execute(trx);
        await sql`UPDATE queue_lines SET turn_at = turn_at + ${byMs}, served_turn = served_turn + ${byMs}`.execute(trx);
        if (byMs >= 0) return;
        await trx
          .updateTable('builds')
          .set((column) => ({ not_before: column('not_before', '+', byMs) }))
          .where('status', '=', 'queued')
          .where('not_before', '>', until)
          .execute();
      }),

    checkLease: (lease) => checkLease(db, lease),
  };
}

/** What an attempt has told beside lines of its log; the same again is a no-op. @throws WheelwrightError `conflict` for a stale token */
export async function addProgress(
  trx: Database,
  lease: LeaseRef,
  { phases, inputs }: Progress,
  now: number,
): Promise<void> {
  const last = phases.at(-1);
  if (last === undefined) await writeRunning(trx, lease, { status: 'running' });
  else {
    await writePhase(trx, lease, { status: 'running', phase: last.phase });
    const beganAt = phases.map(({ agoMs }) => now - agoMs);
    const [{ seq } = last] = phases;
    if (seq > 1) await closePhases(trx, lease.attemptId, beganAt[0] ?? now, seq);
    const rows = phases.map(({ seq, phase, firstLine }, index) => ({
      seq,
      phase,
      firstLine,
      startedAt: beganAt[index] ?? now,
      finishedAt: beganAt[index + 1] ?? null,
    }));
    await insertPhases(trx, { attemptId: lease.attemptId, rows: JSON.stringify(rows) });
  }
  await insertInputs(trx, lease.attemptId, inputs);
}

async function insertInputs(trx: Database, attemptId: string, inputs: readonly AttemptInput[]): Promise<void> {
  if (inputs.length === 0) return;
  await insertInputRows(trx, { attemptId, rows: JSON.stringify(inputs) });
}

/** @throws WheelwrightError `conflict` for a stale token */
export async function checkLease(db: Database, lease: LeaseRef): Promise<{ buildId: string }> {
  return { buildId: (await heldAttempt(db, lease)).build_id };
}

async function heldAttempt(db: Database, lease: LeaseRef) {
  const [row] = (await held(db, lease)).rows;
  if (row === undefined) throw staleLease(lease.attemptId);
  return row;
}

/** Ends the phase that an attempt is in, if any; with `before`, only one of a smaller number. */
export async function closePhases(db: Database, attemptId: string, now: number, before = ALL_PHASES): Promise<void> {
  await closePhasesBefore(db, { attemptId, now, before });
}
