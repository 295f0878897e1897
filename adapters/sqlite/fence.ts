import { type Selectable, sql } from 'kysely';
import type { AttemptStatus } from '../../core/attempt.js';
import { WheelwrightError } from '../../core/errors.js';
import type { LeaseRef } from '../../core/store.js';
import type { Database } from './database.js';
import { prepared } from './prepared.js';
import type { AttemptsTable } from './schema.js';

/** The statuses in which an attempt's lease holds. */
export const LIVE = ['leased', 'running'] as const;

/** The same in SQL, as literals: SQLite plans a query anew at each run where a parameter decides whether a partial index serves it. */
export const LIVE_SQL = sql<AttemptStatus>`('leased', 'running')`;

/**
 * The one way in which a worker changes these columns of its attempt: one row, found by id and token, and only while its lease holds. What is made by it throws
 * WheelwrightError `conflict` when there is no such row.
 */
export function fencedWrite<Column extends keyof AttemptsTable>(...columns: Column[]) {
  type Changes = Pick<Selectable<AttemptsTable>, Column>;
  const write = prepared<LeaseRef & Changes, Selectable<AttemptsTable>>((db, value) =>
    db
      .updateTable('attempts')
      .set(Object.fromEntries(columns.map((column) => [column, value(column)])))
      .where('id', '=', value('attemptId'))
      .where('lease_token', '=', value('token'))
      .where('status', 'in', LIVE_SQL)
      .returningAll()
      .compile(),
  );
  return async (db: Database, { attemptId, token }: LeaseRef, changes: Changes): Promise<Selectable<AttemptsTable>> => {
    const [row] = (await write(db, { attemptId, token, ...changes })).rows;
    if (row === undefined) throw staleLease(attemptId);
    return row;
  };
}

/** Says that the attempt is at work. */
export const writeRunning = fencedWrite('status');

export function staleLease(attemptId: string): WheelwrightError {
  return new WheelwrightError('conflict', `the lease on attempt ${attemptId} does not hold any more`, {
    hint: 'The attempt ended, or the worker was silent for longer than its lease and the build was given to another. Drop the work.',
  });
}
