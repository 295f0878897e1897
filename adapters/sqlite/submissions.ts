import type { Selectable } from 'kysely';
import { WheelwrightError } from '../../core/errors.js';
import { lintRecipe } from '../../core/recipe/lint.js';
import {
  assertHasLine,
  assertOpen,
  assertTried,
  type Decision,
  type ReviewStore,
  type SubmissionRecord,
} from '../../core/review.js';
import { loadBuilds } from './build-records.js';
import type { Database } from './database.js';
import { touchProject } from './file-table.js';
import { newId } from './id.js';
import type { SubmissionEventsTable, SubmissionsTable } from './schema.js';
import { parseEdits } from './solves.js';

export function reviewStore(db: Database): ReviewStore {
  return {
    async add({ trials, who, reason, evidence, ...submission }, now) {
      const id = newId();
      const { used, created } = await db.transaction().execute(async (trx) => {
        const inserted = await trx
          .insertInto('submissions')
          .values({
            id,
            project: submission.project,
            recipe_digest: submission.recipeDigest,
            requirement: submission.requirement,
            status: 'open',
            evidence_json: JSON.stringify(evidence),
            solve_id: submission.solveId ?? null,
            created_at: now,
            decided_at: null,
          })
          .onConflict((conflict) => conflict.doNothing())
          .returning('id')
          .executeTakeFirst();
        const open =
          inserted ??
          (await trx
            .selectFrom('submissions')
            .select('id')
            .where('recipe_digest', '=', submission.recipeDigest)
            .where('status', '=', 'open')
            .executeTakeFirstOrThrow());
        if (inserted !== undefined)
          await addEvent(trx, id, 'submitted', { who, ...(reason === undefined ? {} : { reason }) }, now);
        for (const build of trials) {
          await trx
            .insertInto('submission_trials')
            .values({ submission_id: open.id, build_id: build })
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        }
        return { used: open.id, created: inserted !== undefined };
      });
      return { submission: await known(db, used), created };
    },

    submission: (id) => find(db, id),

    async submissions({ status, project, limit }) {
      let query = db.selectFrom('submissions').selectAll();
      if (status !== undefined) query = query.where('status', '=', status);
      if (project !== undefined) query = query.where('project', '=', project);
      return load(db, await query.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute());
    },

    async approve(id, decision, now) {
      await db.transaction().execute(async (trx) => {
        const submission = await known(trx, id);
        assertOpen(submission);
        const builds = await trx.selectFrom('builds').selectAll().where('id', 'in', submission.trials).execute();
        assertTried(await loadBuilds(trx, builds));
        await decide(trx, id, 'approved', decision, now);
        await trx
          .updateTable('recipe_revisions')
          .set({ approved: 1, origin: 'submission' })
          .where('digest', '=', submission.recipeDigest)
          .execute();
        await moveToStable(trx, submission.recipeDigest);
      });
    },

    async reject(id, decision, now) {
      await db.transaction().execute(async (trx) => {
        assertOpen(await known(trx, id));
        await decide(trx, id, 'rejected', decision, now);
      });
    },

    async comment(id, { who, text, line }, now) {
      await db.transaction().execute(async (trx) => {
        assertHasLine(await known(trx, id), line);
        const { last } = await trx
          .selectFrom('submission_comments')
          .select((comment) => comment.fn.max('seq').as('last'))
          .where('submission_id', '=', id)
          .executeTakeFirstOrThrow();
        await trx
          .insertInto('submission_comments')
          .values({ submission_id: id, seq: (last ?? 0) + 1, who, text, line: line ?? null, at: now })
          .execute();
      });
    },

    async approved(project) {
      const row = await currentApproved(db).where('submissions.project', '=', project).executeTakeFirst();
      const recipe = row && lintRecipe(row.yaml).recipe;
      return row && recipe && { recipe, yaml: row.yaml };
    },

    async allApproved() {
      const rows = await currentApproved(db).execute();
      const newest = new Map(rows.toReversed().map((row) => [row.project, row]));
      return [...newest.values()].sort((a, b) => (a.project < b.project ? -1 : 1));
    },
  };
}

/** Approved recipes with their texts, the newest decision first. */
function currentApproved(db: Database) {
  return db
    .selectFrom('submissions')
    .innerJoin('recipe_revisions', 'recipe_revisions.digest', 'submissions.recipe_digest')
    .select(['submissions.project', 'recipe_revisions.yaml'])
    .where('submissions.status', '=', 'approved')
    .orderBy('submissions.decided_at', 'desc')
    .orderBy('submissions.id', 'desc');
}

/** What was built with a recipe that nobody had approved is now for everybody: the same bytes under the same names. */
async function moveToStable(trx: Database, recipeDigest: string): Promise<void> {
  const moved = await trx
    .updateTable('builds')
    .set({ channel: 'stable' })
    .where('recipe_digest', '=', recipeDigest)
    .where('channel', '=', 'trial')
    .returning('id')
    .execute();
  if (moved.length === 0) return;
  const files = await trx
    .updateTable('files')
    .set({ channel: 'stable' })
    .where('channel', '=', 'trial')
    .where('filename', 'in', (build) =>
      build
        .selectFrom('build_files')
        .select('filename')
        .where(
          'build_id',
          'in',
          moved.map(({ id }) => id),
        ),
    )
    .returning('project')
    .execute();
  for (const project of new Set(files.map((file) => file.project))) await touchProject(trx, project, false);
}

async function decide(
  trx: Database,
  id: string,
  status: 'approved' | 'rejected',
  decision: Decision,
  now: number,
): Promise<void> {
  await trx.updateTable('submissions').set({ status, decided_at: now }).where('id', '=', id).execute();
  await addEvent(trx, id, status, decision, now);
}

async function addEvent(
  trx: Database,
  id: string,
  action: SubmissionEventsTable['action'],
  { who, reason }: Decision,
  now: number,
): Promise<void> {
  const { count } = await trx
    .selectFrom('submission_events')
    .select((event) => event.fn.countAll<number>().as('count'))
    .where('submission_id', '=', id)
    .executeTakeFirstOrThrow();
  await trx
    .insertInto('submission_events')
    .values({ submission_id: id, seq: count + 1, action, who, reason: reason ?? null, at: now })
    .execute();
}

async function find(db: Database, id: string): Promise<SubmissionRecord | undefined> {
  return (await load(db, await db.selectFrom('submissions').selectAll().where('id', '=', id).execute()))[0];
}

async function known(db: Database, id: string): Promise<SubmissionRecord> {
  const found = await find(db, id);
  if (found !== undefined) return found;
  throw new WheelwrightError('not-found', `there is no submission ${JSON.stringify(id)}`, {
    hint: '`wheelwright recipe list` shows the submissions and their ids.',
  });
}

async function load(db: Database, rows: readonly Selectable<SubmissionsTable>[]): Promise<SubmissionRecord[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const digests = rows.map(({ recipe_digest }) => recipe_digest);
  const revisions = await db
    .selectFrom('recipe_revisions')
    .select(['digest', 'yaml'])
    .where('digest', 'in', digests)
    .execute();
  const trials = await db
    .selectFrom('submission_trials')
    .innerJoin('builds', 'builds.id', 'submission_trials.build_id')
    .select(['submission_id', 'build_id'])
    .where('submission_id', 'in', ids)
    .orderBy('builds.created_at')
    .orderBy('builds.python')
    .execute();
  const events = await db
    .selectFrom('submission_events')
    .selectAll()
    .where('submission_id', 'in', ids)
    .orderBy('seq')
    .execute();
  const comments = await db
    .selectFrom('submission_comments')
    .selectAll()
    .where('submission_id', 'in', ids)
    .orderBy('seq')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    project: row.project,
    recipeDigest: row.recipe_digest,
    yaml: revisions.find(({ digest }) => digest === row.recipe_digest)?.yaml ?? '',
    requirement: row.requirement,
    status: row.status,
    evidence: parseEdits(row.evidence_json),
    ...(row.solve_id === null ? {} : { solveId: row.solve_id }),
    createdAt: row.created_at,
    ...(row.decided_at === null ? {} : { decidedAt: row.decided_at }),
    trials: trials.filter(({ submission_id }) => submission_id === row.id).map(({ build_id }) => build_id),
    comments: comments
      .filter(({ submission_id }) => submission_id === row.id)
      .map(({ who, text, line, at }) => ({ who, text, ...(line === null ? {} : { line }), at })),
    history: events
      .filter(({ submission_id }) => submission_id === row.id)
      .map(({ action, who, reason, at }) => ({ action, who, ...(reason === null ? {} : { reason }), at })),
  }));
}
