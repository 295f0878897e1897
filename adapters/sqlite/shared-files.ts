import { type Selectable, sql } from 'kysely';
import { wheelAnswersTarget } from '../../core/shared-wheel.js';
import type { PlannedBuild } from '../../core/store.js';
import { parseSdist } from './columns.js';
import type { Database } from './database.js';
import { prepared } from './prepared.js';
import type { BuildsTable } from './schema.js';

type Candidate = Pick<
  Selectable<BuildsTable>,
  'id' | 'created_at' | 'sdist_json' | 'policy' | 'arch' | 'python' | 'image' | 'builder_digest'
> & { filename: string };

// The plus keeps SQLite from walking through all builds of the project.
const candidates = prepared<Pick<PlannedBuild, 'recipeDigest' | 'version' | 'project' | 'channel'>, Candidate>(
  (db, value) =>
    sql<Candidate>`
      SELECT id, created_at, sdist_json, policy, arch, python, image, builder_digest, filename
        FROM builds JOIN build_files ON build_files.build_id = builds.id
       WHERE recipe_digest = ${value('recipeDigest')} AND version = ${value('version')} AND status = 'succeeded'
         AND +project = ${value('project')} AND channel = ${value('channel')}`.compile(db),
);

const linkFile = prepared<{ buildId: string; filename: string }>((db, value) =>
  db
    .insertInto('build_files')
    .values({ build_id: value('buildId'), filename: value('filename') })
    .onConflict((conflict) => conflict.columns(['build_id', 'filename']).doNothing())
    .compile(),
);

/** Names of the files that already are what this build would give: made from the same sdist and recipe revision, and good for its target (abi3, pure). */
export async function sharedFiles(db: Database, wanted: PlannedBuild): Promise<string[]> {
  const { rows } = await candidates(db, wanted);
  rows.sort((a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : 1));
  const answers = rows.filter(
    ({ sdist_json, filename, builder_digest, ...madeFor }) =>
      parseSdist(sdist_json).sha256 === wanted.sdist.sha256 &&
      wheelAnswersTarget(filename, { ...madeFor, builderDigest: builder_digest }, wanted.target),
  );
  // One build's are enough, and the first that was made has been on the index for longest.
  return answers.filter(({ id }) => id === answers[0]?.id).map(({ filename }) => filename);
}

/** Says that these files are what the build gave; the same again is a no-op. */
export async function linkFiles(db: Database, buildId: string, filenames: readonly string[]): Promise<void> {
  for (const filename of filenames) await linkFile(db, { buildId, filename });
}
