import { wheelAnswersTarget } from '../../core/shared-wheel.js';
import type { BuildRecord, PlannedBuild } from '../../core/store.js';
import { loadBuilds } from './build-records.js';
import type { Database } from './database.js';

/** Names of the files that already are what this build would give: made from the same sdist and recipe revision, and good for its target (abi3, pure). */
export async function sharedFiles(
  db: Database,
  { project, sdist, recipeDigest, target, channel }: PlannedBuild,
): Promise<string[]> {
  const rows = await db
    .selectFrom('builds')
    .selectAll()
    .where('recipe_digest', '=', recipeDigest)
    .where('status', '=', 'succeeded')
    .where('channel', '=', channel)
    .where('project', '=', project)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  const answers = (other: BuildRecord) =>
    other.files
      .map(({ filename }) => filename)
      .filter((filename) => wheelAnswersTarget(filename, other.target, target));
  const made = (await loadBuilds(db, rows)).filter((other) => other.sdist.sha256 === sdist.sha256);
  // One is enough, and the first that was made has been on the index for longest.
  return made.map(answers).find((filenames) => filenames.length > 0) ?? [];
}

export async function linkFiles(db: Database, buildId: string, filenames: readonly string[]): Promise<void> {
  await db
    .insertInto('build_files')
    .values(filenames.map((filename) => ({ build_id: buildId, filename })))
    .onConflict((conflict) => conflict.columns(['build_id', 'filename']).doNothing())
    .execute();
}
