import { sql } from 'kysely';
import { transitionBuild } from '../../core/build.js';
import type { RetentionStore } from '../../core/retention.js';
import type { Database } from './database.js';
import { touchProject } from './file-table.js';
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
        const answered = await trx
          .deleteFrom('build_files')
          .where('filename', '=', filename)
          .where('filename', 'in', (trial) =>
            trial
              .selectFrom('files')
              .select('filename')
              .where('channel', '=', 'trial')
              .where('filename', '=', filename),
          )
          .returning('build_id')
          .execute();
        const removed = await trx
          .deleteFrom('files')
          .where('filename', '=', filename)
          .where('channel', '=', 'trial')
          .returning(['project', 'version', 'sha256'])
          .executeTakeFirst();
        // It was approved meanwhile.
        if (removed === undefined) return;
        await trx
          .insertInto('deleted_files')
          .values({ filename, ...removed, deleted_at: now, reason })
          .execute();
        await trx
          .updateTable('builds')
          .set({ status: transitionBuild('succeeded', 'expire') })
          .where(
            'id',
            'in',
            answered.map(({ build_id }) => build_id),
          )
          .where('status', '=', 'succeeded')
          .where(({ not, exists, selectFrom }) =>
            not(exists(selectFrom('build_files').select('filename').whereRef('build_id', '=', 'builds.id'))),
          )
          .execute();
        await touchProject(trx, removed.project, false);
      }),
  };
}
