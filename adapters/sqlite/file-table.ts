// What the index offers. Every change raises index_serial, and the project's own serial to it, in the same transaction.
import { type Selectable, sql } from 'kysely';
import type { Target } from '../../core/build.js';
import { WheelwrightError } from '../../core/errors.js';
import type { BuildStore, NewFile } from '../../core/store.js';
import { nextBuildNumber } from '../../core/tag.js';
import { fileOf } from './build-records.js';
import type { Database } from './database.js';
import { prepared } from './prepared.js';
import type { FilesTable } from './schema.js';

const fileNamed = prepared<{ filename: string }, Selectable<FilesTable>>((db, value) =>
  db.selectFrom('files').selectAll().where('filename', '=', value('filename')).compile(),
);
const deletedNamed = prepared<{ filename: string }, { filename: string }>((db, value) =>
  db.selectFrom('deleted_files').select('filename').where('filename', '=', value('filename')).compile(),
);
const insertFile = prepared<Selectable<FilesTable>>((db, value) =>
  db
    .insertInto('files')
    .values({
      filename: value('filename'),
      project: value('project'),
      version: value('version'),
      channel: value('channel'),
      sha256: value('sha256'),
      size_bytes: value('size_bytes'),
      metadata_sha256: value('metadata_sha256'),
      requires_python: value('requires_python'),
      upload_time: value('upload_time'),
      yanked: value('yanked'),
      yanked_reason: value('yanked_reason'),
      origin: value('origin'),
      attempt_id: value('attempt_id'),
      grafted_json: value('grafted_json'),
      needs_json: value('needs_json'),
      provenance_sha256: value('provenance_sha256'),
      cpu: value('cpu'),
    })
    .compile(),
);
const raiseSerial = prepared<object, { value: number }>((db) =>
  db
    .updateTable('index_serial')
    .set((column) => ({ value: column('value', '+', 1) }))
    .where('id', '=', 1)
    .returning('value')
    .compile(),
);
/** Owning is never taken back. */
const giveSerial = prepared<{ name: string; owned: 0 | 1; serial: number }>((db, value) =>
  db
    .insertInto('projects')
    .values({
      name: value('name'),
      owned: value('owned'),
      status: 'active',
      status_reason: null,
      serial: value('serial'),
    })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({ serial: value('serial'), owned: sql`max(owned, excluded.owned)` }),
    )
    .compile(),
);
const namesOf = prepared<{ project: string; version: string }, { filename: string }>((db, value) => {
  const inTable = (table: 'files' | 'deleted_files') =>
    db
      .selectFrom(table)
      .select('filename')
      .where('project', '=', value('project'))
      .where('version', '=', value('version'));
  return inTable('files').unionAll(inTable('deleted_files')).compile();
});

type FileTable = Pick<BuildStore, 'file' | 'filesOfProject' | 'addFile' | 'nextBuildTag'>;

export function fileTable(db: Database): FileTable {
  return {
    async file(filename) {
      const [row] = (await fileNamed(db, { filename })).rows;
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
  const [present] = (await fileNamed(trx, { filename: file.filename })).rows;
  if (present?.sha256 === file.sha256) return 'present';
  const [deleted] = (await deletedNamed(trx, { filename: file.filename })).rows;
  if (present !== undefined || deleted !== undefined) {
    const what = present === undefined ? 'was deleted' : 'already exists with other bytes';
    throw new WheelwrightError('conflict', `${file.filename} ${what}`, {
      hint: 'Bytes under a file name never change, and the name of a deleted file is never used again. Give the release a new version or the wheel a higher build number.',
    });
  }
  await touchProject(trx, file.project, file.ownsProject);
  await insertFile(trx, {
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
  });
  return 'added';
}

/** Raises the index's serial and gives it to the project, which is added where it is new. Owning is never taken back. */
export async function touchProject(trx: Database, name: string, owns: boolean): Promise<void> {
  await giveSerial(trx, { name, owned: owns ? 1 : 0, serial: await raiseIndexSerial(trx) });
}

/** For a change that concerns more than one project. */
export async function raiseIndexSerial(trx: Database): Promise<number> {
  const [raised] = (await raiseSerial(trx, {})).rows;
  if (raised === undefined) throw new Error('the index has no serial');
  return raised.value;
}

/** Deleted names included. See {@link BuildStore.nextBuildTag}. */
export async function nextBuildTag(
  db: Database,
  project: string,
  version: string,
  target: Target,
): Promise<number | undefined> {
  const taken = (await namesOf(db, { project, version })).rows;
  return nextBuildNumber(
    taken.map(({ filename }) => filename),
    target,
  );
}
