import { WheelwrightError } from '../../core/errors.js';
import type { LeaseRef, Progress } from '../../core/store.js';
import { addProgress, checkLease } from './attempt-table.js';
import type { Database } from './database.js';
import { LIVE_SQL, staleLease } from './fence.js';
import { prepared } from './prepared.js';

/** One appended piece of a log; see adapters/disk/logs.ts, which takes these rows without knowing where they are kept. */
interface LogChunk {
  firstLine: number;
  lineCount: number;
  byteOffset: number;
  byteCount: number;
  at: number;
}

const CHUNK = [
  'log_chunks.first_line as firstLine',
  'log_chunks.line_count as lineCount',
  'log_chunks.byte_offset as byteOffset',
  'log_chunks.byte_count as byteCount',
  'log_chunks.at',
] as const;

const lastUnder = prepared<LeaseRef, LogChunk | { firstLine: null }>((db, value) =>
  db
    .selectFrom('attempts')
    .leftJoin('log_chunks', 'log_chunks.attempt_id', 'attempts.id')
    .select(CHUNK)
    .where('attempts.id', '=', value('attemptId'))
    .where('lease_token', '=', value('token'))
    .where('status', 'in', LIVE_SQL)
    .orderBy('log_chunks.first_line', 'desc')
    .limit(1)
    .$castTo<LogChunk | { firstLine: null }>()
    .compile(),
);
const insertChunk = prepared<{ attemptId: string } & LogChunk>((db, value) =>
  db
    .insertInto('log_chunks')
    .values({
      attempt_id: value('attemptId'),
      first_line: value('firstLine'),
      line_count: value('lineCount'),
      byte_offset: value('byteOffset'),
      byte_count: value('byteCount'),
      at: value('at'),
    })
    .onConflict((conflict) => conflict.columns(['attempt_id', 'first_line']).doNothing())
    .compile(),
);

/** The rows that say which bytes of a log file count. */
export function logRows(db: Database) {
  const chunks = (attemptId: string) => db.selectFrom('log_chunks').select(CHUNK).where('attempt_id', '=', attemptId);
  return {
    last: (attemptId: string): Promise<LogChunk | undefined> =>
      chunks(attemptId).orderBy('first_line', 'desc').limit(1).executeTakeFirst(),

    from: async (attemptId: string, fromLine: number, limit: number): Promise<LogChunk[]> => {
      // Found by the primary key: the chunk that holds the line is the last one that begins at it or before.
      const begin = await chunks(attemptId)
        .where('first_line', '<=', fromLine)
        .orderBy('first_line', 'desc')
        .limit(1)
        .executeTakeFirst();
      return chunks(attemptId)
        .where('first_line', '>=', begin?.firstLine ?? fromLine)
        .orderBy('first_line')
        .limit(limit)
        .execute();
    },

    /** @throws WheelwrightError `conflict` for a stale token, or when another chunk begins at that line. */
    add: (lease: LeaseRef, chunk: LogChunk | undefined, more: Progress | undefined, now: number): Promise<void> =>
      db.transaction().execute(async (trx) => {
        if (more === undefined) await checkLease(trx, lease);
        else await addProgress(trx, lease, more, now);
        if (chunk === undefined) return;
        const added = await insertChunk(trx, { attemptId: lease.attemptId, ...chunk });
        if (added.numAffectedRows !== 1n) {
          throw new WheelwrightError('conflict', `line ${chunk.firstLine} of the log is already there`);
        }
      }),

    replace: (attemptId: string, { firstLine, lineCount, byteOffset, byteCount, at }: LogChunk): Promise<void> =>
      db.transaction().execute(async (trx) => {
        await trx.deleteFrom('log_chunks').where('attempt_id', '=', attemptId).execute();
        await trx
          .insertInto('log_chunks')
          .values({
            attempt_id: attemptId,
            first_line: firstLine,
            line_count: lineCount,
            byte_offset: byteOffset,
            byte_count: byteCount,
            at,
          })
          .execute();
        await trx.updateTable('attempts').set({ log_removed: 1 }).where('id', '=', attemptId).execute();
      }),

    async lastUnder(lease: LeaseRef): Promise<LogChunk | undefined> {
      const [row] = (await lastUnder(db, lease)).rows;
      if (row === undefined) throw staleLease(lease.attemptId);
      return row.firstLine === null ? undefined : row;
    },
  };
}
