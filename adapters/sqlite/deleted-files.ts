import { transitionBuild } from '../../core/build.js';
import type { Database } from './database.js';
import { touchProject } from './file-table.js';

/**
 * Takes a file off the index, within a transaction of the caller: its name stays taken, its bytes are left to housekeeping. Builds that have no other wheel become
 * cancelled, so that a retry makes it again, under the next build number.
 */
export async function deleteFile(trx: Database, filename: string, reason: string, now: number): Promise<void> {
  const answered = await trx.deleteFrom('build_files').where('filename', '=', filename).returning('build_id').execute();
  const deleted = await trx
    .deleteFrom('files')
    .where('filename', '=', filename)
    .returning(['project', 'version', 'sha256', 'channel'])
    .executeTakeFirstOrThrow();
  await trx
    .insertInto('deleted_files')
    .values({ filename, ...deleted, deleted_at: now, reason })
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
  await touchProject(trx, deleted.project, false);
}
