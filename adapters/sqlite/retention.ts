import { sql } from 'kysely';
import type { RetentionStore } from '../../core/retention.js';
import type { Database } from './database.js';
import { deleteFile } from './deleted-files.js';
import { namedBlobs } from './named-blobs.js';

export function retentionStore(db: Database): RetentionStore {
  return {
    namedBlobs: () => namedBlobs(db),

    async attemptsWithLogs(endedBefore, after, limit) {
      const rows = await db
        .selectFrom('attempts')
        .select(['id', 'finished_at'])
        .where('finished_at', '<', endedBefore)
        .where((where) =>
          where(where.refTuple('finished_at', 'id'), '>', where.tuple(after?.endedAt ?? 0, after?.id ?? '')),
        )
        // A literal, so that the index of those serves it.
        .where('log_removed', '=', sql.lit(0))
        .where(({ exists, selectFrom }) =>
          exists(selectFrom('log_chunks').select('at').whereRef('attempt_id', '=', 'attempts.id')),
        )
        .orderBy('finished_at')
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(({ id, finished_at }) => ({ id, endedAt: finished_at ?? 0 }));
    },

    async oldTrials(storedBefore) {
      const rows = await db
        .selectFrom('files')
        .select('filename')
        // A literal, so that the index of trials serves it.
        .where('channel', '=', sql.lit('trial'))
        .where('upload_time', '<', storedBefore)
        .where('filename', 'not in', (open) =>
          open
            .selectFrom('build_files')
            .innerJoin('submission_trials', 'submission_trials.build_id', 'build_files.build_id')
            .innerJoin('submissions', 'submissions.id', 'submission_trials.submission_id')
            .where('submissions.status', '=', 'open')
            .select('build_files.filename'),
        )
        .orderBy('upload_time')
        .orderBy('filename')
        .execute();
      return rows.map(({ filename }) => filename);
    },

    removeTrial: (filename, reason, now) =>
      db.transaction().execute(async (trx) => {
        const trial = await trx
          .selectFrom('files')
          .select('filename')
          .where('filename', '=', filename)
          .where('channel', '=', 'trial')
          .executeTakeFirst();
        // Else it was approved meanwhile.
        if (trial !== undefined) await deleteFile(trx, filename, reason, now);
      }),
  };
}
