// Builds as they are asked for and looked up.
import { type Selectable, sql } from 'kysely';
import { transitionBuild } from '../../core/build.js';
import { WheelwrightError } from '../../core/errors.js';
import { placementOf } from '../../core/resources.js';
import type { BuildFilter, BuildRecord, BuildStore, PlannedBuild, RecipeRevision } from '../../core/store.js';
import { loadBuilds, plannedOf, withPhases } from './build-records.js';
import type { Database } from './database.js';
import { staleLease } from './fence.js';
import { newId } from './id.js';
import { prepared } from './prepared.js';
import { joinLine, type Standing } from './queue-lines.js';
import type { AttemptsTable, BuildsTable } from './schema.js';
import { linkFiles, sharedFiles } from './shared-files.js';

type BuildTable = Pick<
  BuildStore,
  | 'addBuild'
  | 'addRecipeRevision'
  | 'build'
  | 'buildByKey'
  | 'buildOfAttempt'
  | 'endingAttempt'
  | 'attempt'
  | 'buildCounts'
  | 'builds'
  | 'hasten'
>;

const buildWithAttempt = prepared<{ attemptId: string }, Selectable<BuildsTable>>((db, value) =>
  db
    .selectFrom('builds')
    .selectAll()
    .where('id', '=', (attempts) =>
      attempts.selectFrom('attempts').select('build_id').where('id', '=', value('attemptId')),
    )
    .compile(),
);

type Ending = Selectable<BuildsTable> & { token: string; startedAt: number; finishedAt: number | null };
const ending = prepared<{ attemptId: string }, Ending>((db, value) =>
  db
    .selectFrom('attempts')
    .innerJoin('builds', 'builds.id', 'attempts.build_id')
    .selectAll('builds')
    .select(['lease_token as token', 'attempts.started_at as startedAt', 'attempts.finished_at as finishedAt'])
    .where('attempts.id', '=', value('attemptId'))
    .compile(),
);
const attemptRow = prepared<{ id: string }, Selectable<AttemptsTable>>((db, value) =>
  db.selectFrom('attempts').selectAll().where('id', '=', value('id')).compile(),
);

export function buildTable(db: Database, clock: () => number): BuildTable {
  return {
    addBuild: (build, sameReleaseAs) => addBuild(db, build, sameReleaseAs, clock()),
    addRecipeRevision: (revision) => addRecipeRevision(db, revision, clock()),
    build: (id) => buildBy(db, 'id', id),
    buildByKey: (key) => buildBy(db, 'key', key),
    builds: (filter) => listBuilds(db, filter),

    async buildOfAttempt(attemptId) {
      const { rows } = await buildWithAttempt(db, { attemptId });
      return (await loadBuilds(db, rows))[0];
    },

    async endingAttempt({ attemptId: id, token }) {
      const [row] = (await ending(db, { attemptId: id })).rows;
      if (row === undefined) throw new WheelwrightError('not-found', `there is no attempt ${JSON.stringify(id)}`);
      if (row.token !== token) throw staleLease(id);
      const { startedAt, finishedAt } = row;
      const build = { ...plannedOf(row), id: row.id };
      return { id, startedAt, ...(finishedAt === null ? {} : { finishedAt }), build };
    },

    async attempt(id) {
      const { rows } = await attemptRow(db, { id });
      return (await withPhases(db, rows))[0];
    },

    async buildCounts() {
      const rows = await db
        .selectFrom('builds')
        .select(['status', (builds) => builds.fn.countAll<number>().as('count')])
        .groupBy('status')
        .execute();
      return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
    },

    hasten: (buildId, priority, now) => db.transaction().execute((trx) => hasten(trx, buildId, priority, now)),
  };
}

async function addBuild(db: Database, build: PlannedBuild, sameReleaseAs: string | undefined, now: number) {
  const id = newId();
  const { project, priority, channel } = build;
  const { arch } = build.target;
  const placement_json = JSON.stringify(placementOf(build.recipe, build.target, channel));
  const created = await db.transaction().execute(async (trx) => {
    const shared = await sharedFiles(trx, build);
    const event = shared.length > 0 ? 'succeed' : sameReleaseAs === undefined ? 'enqueue' : 'wait';
    const inserted = await trx
      .insertInto('builds')
      .values({
        id,
        key: build.key,
        project,
        version: build.version,
        requirement: build.requirement,
        sdist_json: JSON.stringify(build.sdist),
        recipe_digest: build.recipeDigest,
        recipe_json: JSON.stringify(build.recipe),
        policy: build.target.policy,
        arch,
        python: build.target.python,
        image: build.target.image,
        builder_digest: build.target.builderDigest,
        channel,
        status: transitionBuild('planned', event),
        priority,
        placement_json,
        build_tag: build.buildTag ?? null,
        created_at: now,
        finished_at: event === 'succeed' ? now : null,
      })
      .onConflict((conflict) => conflict.column('key').doNothing())
      .returning('id')
      .executeTakeFirst();
    if (inserted === undefined) return false;
    if (event === 'enqueue') await joinLine(trx, { project, priority, placement_json, arch, channel }, now);
    if (event === 'succeed') await linkFiles(trx, id, shared);
    if (event === 'wait' && sameReleaseAs !== undefined) {
      await trx
        .insertInto('build_needs')
        .values({ build_id: id, needs_id: sameReleaseAs, kind: 'same-release' })
        .execute();
    }
    return true;
  });
  const present = await buildBy(db, 'key', build.key);
  if (present === undefined) {
    throw new WheelwrightError(
      'internal',
      `the build of ${build.project} ${build.version} is gone right after it was added`,
    );
  }
  return { build: present, created };
}

async function hasten(trx: Database, id: string, priority: number, now: number): Promise<void> {
  const { rows } = await sql<Standing & Pick<Selectable<BuildsTable>, 'status'>>`
    WITH RECURSIVE wanted(id) AS (
      SELECT ${id} UNION SELECT build_needs.needs_id FROM wanted JOIN build_needs ON build_needs.build_id = wanted.id)
    UPDATE builds SET priority = ${priority}
     WHERE id IN (SELECT id FROM wanted) AND priority > ${priority} AND status NOT IN ('succeeded', 'failed', 'cancelled')
    RETURNING status, project, priority, placement_json, arch, channel`.execute(trx);
  for (const build of rows) if (build.status === 'queued') await joinLine(trx, build, now);
}

async function addRecipeRevision(db: Database, revision: RecipeRevision, now: number): Promise<void> {
  const { digest, project, yaml, origin } = revision;
  const approval = { origin, approved: 1 } as const;
  await db
    .insertInto('recipe_revisions')
    .values({ digest, project, yaml, origin, approved: revision.approved ? 1 : 0, created_at: now })
    // What came with a request may have been taken into the catalogue since.
    .onConflict((conflict) =>
      revision.approved ? conflict.column('digest').doUpdateSet(approval) : conflict.column('digest').doNothing(),
    )
    .execute();
}

async function buildBy(db: Database, column: 'id' | 'key', value: string): Promise<BuildRecord | undefined> {
  const rows = await db.selectFrom('builds').selectAll().where(column, '=', value).execute();
  return (await loadBuilds(db, rows))[0];
}

async function listBuilds(db: Database, filter: BuildFilter) {
  let query = db.selectFrom('builds').selectAll();
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.project !== undefined) query = query.where('project', '=', filter.project);
  if (filter.builder !== undefined) query = query.where('builder_digest', '=', filter.builder);
  if (filter.version !== undefined) query = query.where('version', '=', filter.version);
  if (filter.unsolved === true) {
    query = query.where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('builds as made')
            .select('made.id')
            .where('made.status', '=', 'succeeded')
            .whereRef('made.project', '=', 'builds.project')
            .whereRef('made.version', '=', 'builds.version')
            .whereRef('made.python', '=', 'builds.python')
            .whereRef('made.policy', '=', 'builds.policy')
            .whereRef('made.arch', '=', 'builds.arch'),
        ),
      ),
    );
  }
  if (filter.cursor !== undefined) {
    const { createdAt, id } = parseCursor(filter.cursor);
    query = query.where((where) =>
      where.or([
        where('created_at', '<', createdAt),
        where.and([where('created_at', '=', createdAt), where('id', '<', id)]),
      ]),
    );
  }
  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit + 1)
    .execute();
  const page = rows.slice(0, filter.limit);
  const last = page.at(-1);
  return {
    builds: await loadBuilds(db, page),
    ...(rows.length > page.length && last !== undefined ? { nextCursor: `${last.created_at}-${last.id}` } : {}),
  };
}

function parseCursor(cursor: string): { createdAt: number; id: string } {
  const match = /^(\d{1,15})-([0-9a-z]{12})$/.exec(cursor);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new WheelwrightError('invalid', `${JSON.stringify(cursor.slice(0, 80))} is not a cursor`, {
      hint: 'Use nextCursor of the previous page as it is, or leave it out to begin with the newest build.',
    });
  }
  return { createdAt: Number(match[1]), id: match[2] };
}
