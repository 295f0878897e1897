import { sql } from 'kysely';
import type { AttemptInput } from '../../core/attempt.js';
import type { BrowseStore, BuilderUse } from '../../core/browse.js';
import type { Database } from './database.js';
import { downloadTotals } from './downloads.js';
import { prepared } from './prepared.js';
import type { AttemptInputsTable } from './schema.js';

const inputsOf = prepared<{ attemptId: string }, Omit<AttemptInputsTable, 'attempt_id'>>((db, value) =>
  db
    .selectFrom('attempt_inputs')
    .select(['kind', 'name', 'version', 'sha256'])
    .where('attempt_id', '=', value('attemptId'))
    .orderBy('kind')
    .orderBy('name')
    .compile(),
);

/** @param downloads where the index keeps the totals of its downloads */
export function browseStore(db: Database, downloads: string): BrowseStore {
  return {
    async wheelTotals() {
      const { rows } = await sql<{ wheels: number; buildMs: number }>`
        SELECT COUNT(*) AS wheels, COALESCE(SUM(attempts.finished_at - attempts.started_at), 0) AS buildMs
          FROM files LEFT JOIN attempts ON attempts.id = files.attempt_id WHERE files.filename LIKE '%.whl'`.execute(
        db,
      );
      return rows[0] ?? { wheels: 0, buildMs: 0 };
    },

    downloadTotals: () => downloadTotals(downloads),

    async projects(containing, limit) {
      const pattern = `%${containing.replaceAll(/[\\%_]/g, '\\$&')}%`;
      const { rows } = await sql<{ name: string; files: number; builds: number; lastActive: number }>`
        SELECT name, SUM(files) AS files, SUM(builds) AS builds, MAX(at) AS lastActive FROM (
          SELECT project AS name, COUNT(*) AS files, 0 AS builds, MAX(upload_time) AS at
            FROM files WHERE project LIKE ${pattern} ESCAPE '\\' GROUP BY project
          UNION ALL
          SELECT project AS name, 0 AS files, COUNT(*) AS builds, MAX(created_at) AS at
            FROM builds WHERE project LIKE ${pattern} ESCAPE '\\' GROUP BY project
        ) GROUP BY name ORDER BY name LIMIT ${limit}`.execute(db);
      return rows;
    },

    async dependents(project) {
      const rows = await db
        .selectFrom('attempt_inputs')
        .innerJoin('attempts', 'attempts.id', 'attempt_inputs.attempt_id')
        .innerJoin('builds', 'builds.id', 'attempts.build_id')
        .select('builds.project')
        .distinct()
        .where('attempt_inputs.kind', 'in', ['build-requirement', 'test-requirement'])
        .where('attempt_inputs.name', '=', project)
        .where('builds.project', '!=', project)
        .orderBy('builds.project')
        .execute();
      return rows.map((row) => row.project);
    },

    async builderUse(digests) {
      const { rows } = await sql<BuilderUse>`
        SELECT builder_digest AS builderDigest, COUNT(*) AS builds, MIN(created_at) AS firstUsed, MAX(created_at) AS lastUsed
          FROM builds WHERE builder_digest IN (${sql.join(digests)}) GROUP BY builder_digest`.execute(db);
      return rows;
    },

    async recipeRevision(digest) {
      const row = await db.selectFrom('recipe_revisions').selectAll().where('digest', '=', digest).executeTakeFirst();
      if (row === undefined) return undefined;
      const { project, yaml, origin } = row;
      return { digest, project, yaml, origin, approved: row.approved === 1 };
    },

    async inputs(attemptId) {
      const { rows } = await inputsOf(db, { attemptId });
      return rows.map(({ kind, name, version, sha256 }) => ({
        kind: kind as AttemptInput['kind'],
        name,
        version,
        ...(sha256 === null ? {} : { sha256 }),
      }));
    },

    async logTimes(attemptId) {
      const rows = await db
        .selectFrom('log_chunks')
        .select(['first_line', 'at'])
        .where('attempt_id', '=', attemptId)
        .orderBy('first_line')
        .execute();
      return rows.map(({ first_line, at }) => [first_line, at]);
    },
  };
}
