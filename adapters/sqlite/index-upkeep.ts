import { WheelwrightError } from '../../core/errors.js';
import type { IndexUpkeep } from '../../core/index-upkeep.js';
import { compareVersions, isVersion } from '../../core/version.js';
import type { Database } from './database.js';
import { deleteFile } from './deleted-files.js';
import { raiseIndexSerial, touchProject } from './file-table.js';
import { reservedNames } from './project-standings.js';

export function indexUpkeep(db: Database): IndexUpkeep {
  const setYanked = (
    project: string,
    files: readonly string[],
    yanked: { yanked: 0 | 1; yanked_reason: string | null },
  ): Promise<string[]> =>
    db.transaction().execute(async (trx) => {
      const names = await filesMeant(trx, project, files);
      await trx.updateTable('files').set(yanked).where('filename', 'in', names).execute();
      await touchProject(trx, project, false);
      return names;
    });

  return {
    yank: (project, files, reason) => setYanked(project, files, { yanked: 1, yanked_reason: reason ?? null }),
    unyank: (project, files) => setYanked(project, files, { yanked: 0, yanked_reason: null }),

    meant: (project, files) => filesMeant(db, project, files),
    delete: (project, files, reason, now) =>
      db.transaction().execute(async (trx) => {
        const names = await filesMeant(trx, project, files);
        for (const name of names) await deleteFile(trx, name, reason, now);
        return names;
      }),

    setStatus: (project, status, reason) =>
      db.transaction().execute(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('projects')
          .set({ status, status_reason: reason ?? null })
          .where('name', '=', project)
          .executeTakeFirst();
        if (numUpdatedRows === 0n) {
          throw new WheelwrightError('not-found', `no file of ${project} was ever published here`, {
            hint: "Look at the spelling. An upstream's project is kept away by a rule of the policy file, `access: deny` (docs/index.md).",
          });
        }
        await touchProject(trx, project, false);
      }),

    reservedNames: () => reservedNames(db),

    reserve: (name, now) =>
      db.transaction().execute(async (trx) => {
        await trx
          .insertInto('reserved_names')
          .values({ name, created_at: now })
          .onConflict((conflict) => conflict.column('name').doNothing())
          .execute();
        await raiseIndexSerial(trx);
      }),

    unreserve: (name) =>
      db.transaction().execute(async (trx) => {
        const { numDeletedRows } = await trx.deleteFrom('reserved_names').where('name', '=', name).executeTakeFirst();
        if (numDeletedRows === 0n) {
          throw new WheelwrightError('not-found', `the name ${name} is not reserved`, {
            hint: '`wheelwright index reserved` lists those that are; a prefix ends in "-".',
          });
        }
        await raiseIndexSerial(trx);
      }),
  };
}

/** Names of the project's files that are meant by names or versions. @throws WheelwrightError `not-found` naming the first that means none. */
async function filesMeant(trx: Database, project: string, wanted: readonly string[]): Promise<string[]> {
  const files = await trx.selectFrom('files').select(['filename', 'version']).where('project', '=', project).execute();
  const names = wanted.flatMap((each) => {
    const isMeant = isVersion(each)
      ? (file: { version: string }) => compareVersions(file.version, each) === 0
      : (file: { filename: string }) => file.filename === each;
    const meant = files.filter(isMeant);
    if (meant.length > 0) return meant.map(({ filename }) => filename);
    throw new WheelwrightError(
      'not-found',
      `${project} has no file or version ${JSON.stringify(each.slice(0, 200))} here`,
      {
        hint: `Files of an upstream cannot be changed here. \`wheelwright index explain ${project}\` lists the files and says where each comes from.`,
      },
    );
  });
  return [...new Set(names)].sort();
}
