import { type Selectable, sql, type Updateable } from 'kysely';
import type { AttemptStatus } from '../../core/attempt.js';
import { WheelwrightError } from '../../core/errors.js';
import type { LeaseRef } from '../../core/store.js';
import type { Database } from './database.js';
import type { AttemptsTable } from './schema.js';

/** The statuses in which an attempt's lease holds. */
export const LIVE = ['leased', 'running'] as const;

/** The same in SQL, as literals: SQLite plans a query anew at each run where a parameter decides whether a partial index serves it. */
export const LIVE_SQL = sql<AttemptStatus>`('leased', 'running')`;

/**
 * The one way in which a worker changes its attempt: one row, found by id and token, and only while its lease holds.
 * @throws WheelwrightError `conflict` when there is no such row
 */
export async function writeFenced(
  db: Database,
  lease: LeaseRef,
  changes: Updateable<AttemptsTable>,
): Promise<Selectable<AttemptsTable>> {
  const rows = await db
    .updateTable('attempts')
    .set(changes)
    .where('id', '=', lease.attemptId)
    .where('lease_token', '=', lease.token)
    .where('status', 'in', LIVE_SQL)
    .returningAll()
    .execute();
  const row = rows[0];
  if (row === undefined) throw staleLease(lease.attemptId);
  return row;
}

export function staleLease(attemptId: string): WheelwrightError {
  return new WheelwrightError('conflict', `the lease on attempt ${attemptId} does not hold any more`, {
    hint: 'The attempt ended, or the worker was silent for longer than its lease and the build was given to another. Drop the work.',
  });
}
