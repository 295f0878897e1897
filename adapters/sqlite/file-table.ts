// What the index offers. Every change raises index_serial, and the project's own serial to it, in the same transaction.
import type { Target } from '../../core/build.js';
import { WheelwrightError } from '../../core/errors.js';
import type { BuildStore, NewFile } from '../../core/store.js';
import { wheelServesTarget } from '../../core/tag.js';
import { wheelNameOf } from '../../core/wheel-name.js';
import { fileOf } from './build-records.js';
import type { Database } from './database.js';

type FileTable = Pick<BuildStore, 'file' | 'filesOfProject' | 'addFile' | 'nextBuildTag'>;

export function fileTable(db: Database): FileTable {
  return {
    async file(filename) {
      const row = await db.selectFrom('files').selectAll().where('filename', '=', filename).executeTakeFirst();
      return row && fileOf(row);
    },

    async filesOfProject(project) {
      const rows = await db
        .selectFrom('files')
        .selectAll()
        .where('project', '=', project)
        .orderBy('filename')
        .execute();
      return rows.map(fileOf);
    },

    addFile: (file, now) => db.transaction().execute((trx) => addFile(trx, file, now)),
    nextBuildTag: (project, version, target) => nextBuildTag(db, project, version, target),
  };
}

/** Within a transaction of the caller. See {@link BuildStore.addFile}. */
export async function addFile(trx: Database, file: NewFile, now: number): Promise<'added' | 'present'> {
  const present = await trx
    .selectFrom('files')
    .select('sha256')
    .where('filename', '=', file.filename)
    .executeTakeFirst();
  if (present?.sha256 === file.sha256) return 'present';
  const deleted = await trx
    .selectFrom('deleted_files')
    .select('filename')
    .where('filename', '=', file.filename)
    .executeTakeFirst();
  if (present !== undefined || deleted !== undefined) {
    const what = present === undefined ? 'was deleted' : 'already exists with other bytes';
    throw new WheelwrightError('conflict', `${file.filename} ${what}`, {
      hint: 'Bytes under a file name never change, and the name of a deleted file is never used again. Give the release a new version or the wheel a higher build number.',
    });
  }
  await touchProject(trx, file.project, file.ownsProject);
  await trx
    .insertInto('files')
    .values({
      filename: file.filename,
      project: file.project,
      version: file.version,
      channel: file.channel,
      sha256: file.sha256,
      size_bytes: file.sizeBytes,
      metadata_sha256: file.metadataSha256 ?? null,
      requires_python: file.requiresPython ?? null,
      upload_time: now,
      yanked: file.yanked === undefined ? 0 : 1,
      yanked_reason: typeof file.yanked === 'string' ? file.yanked : null,
      origin: file.origin,
      attempt_id: file.attemptId ?? null,
      grafted_json: JSON.stringify(file.grafted),
      needs_json: JSON.stringify(file.needs),
      provenance_sha256: file.provenanceSha256 ?? null,
      cpu: file.cpu ?? null,
    })
    .execute();
  return 'added';
}

/** Raises the index's serial and gives it to the project, which is added where it is new. Owning is never taken back. */
export async function touchProject(trx: Database, name: string, owns: boolean): Promise<void> {
  const { value: serial } = await trx
    .updateTable('index_serial')
    .set((column) => ({ value: column('value', '+', 1) }))
    .where('id', '=', 1)
    .returning('value')
    .executeTakeFirstOrThrow();
  await trx
    .insertInto('projects')
    .values({ name, owned: owns ? 1 : 0, status: 'active', status_reason: null, serial })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(owns ? { serial, owned: 1 } : { serial }))
    .execute();
}

/**
 * One more than the highest build number among the names that a wheel of this target could take, deleted ones included; a name without one counts as 0.
 * See {@link BuildStore.nextBuildTag}.
 */
export async function nextBuildTag(
  db: Database,
  project: string,
  version: string,
  target: Target,
): Promise<number | undefined> {
  const inTable = (table: 'files' | 'deleted_files') =>
    db.selectFrom(table).select('filename').where('project', '=', project).where('version', '=', version);
  const taken = await inTable('files').unionAll(inTable('deleted_files')).execute();
  const numbers = taken.flatMap(({ filename }) => {
    const name = wheelNameOf(filename);
    if (name === undefined || !wheelServesTarget(filename, target)) return [];
    const sameName = name.platforms.some((tag) => tag === 'any' || tag === `${target.policy}_${target.arch}`);
    return sameName ? [name.buildTag?.number ?? 0] : [];
  });
  return numbers.length === 0 ? undefined : Math.max(...numbers) + 1;
}
