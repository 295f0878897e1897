import { z } from 'zod';
import { FAILURE_CLASSES, type Proposal } from '../../core/failure.js';
import { recipeSchema } from '../../core/recipe/recipe.js';
import type { NewSolve, SolveRecord, SolveStore } from '../../core/solve-store.js';
import type { PlannedTry, SolveEdit, SolveFacts } from '../../core/solve-try.js';
import { parseColumn, parseStrings } from './columns.js';
import type { Database } from './database.js';
import { newId } from './id.js';
import type { SolveStepsTable, SolvesTable } from './schema.js';

const editsSchema: z.ZodType<SolveEdit[]> = z.array(
  z.object({
    edit: z.record(z.string(), z.unknown()),
    why: z.string(),
    guess: z.literal(true).exactOptional(),
    evidence: z.object({
      buildId: z.string(),
      class: z.enum(FAILURE_CLASSES),
      line: z.string(),
      lineNumber: z.int(),
    }),
  }),
);

const proposalSchema: z.ZodType<Proposal> = z.object({
  edit: z.record(z.string(), z.unknown()),
  why: z.string(),
  guess: z.literal(true).exactOptional(),
});

// A key that is missing here would be lost with each reading: satisfies asks for all.
const factsSchema: z.ZodType<SolveFacts> = z.object({
  recipe: recipeSchema,
  today: z.string(),
  releasedOn: z.record(z.string(), z.string()),
  olderVersions: z.array(z.string()),
  allOlderVersions: z.array(z.string()).optional(),
  foretold: z.array(z.string()).exactOptional(),
  toolsFrom: z.string().exactOptional(),
  freed: z.record(z.string(), proposalSchema).exactOptional(),
  librariesFrom: z.string().optional(),
  pinned: z.boolean(),
  newest: z.string().exactOptional(),
  newerPolicies: z.array(z.string()),
  wheels: z.object({ upTo: z.string(), firstRelease: z.string(), python: z.string().exactOptional() }).exactOptional(),
} satisfies Record<keyof SolveFacts, z.ZodType>);

export const parseEdits = (json: string): SolveEdit[] => parseColumn(editsSchema, json);

export function solveStore(db: Database): SolveStore {
  return {
    async add(solve, first, now) {
      const running = await sameRunning(db, solve, first.buildId);
      if (running !== undefined) return running;
      const id = newId();
      await db.transaction().execute(async (trx) => {
        await trx
          .insertInto('solves')
          .values({
            id,
            requirement: solve.requirement,
            project: solve.project,
            pythons_json: JSON.stringify(solve.pythons),
            policy: solve.policy,
            base_yaml: solve.baseYaml ?? null,
            facts_json: JSON.stringify(solve.facts),
            status: 'running',
            reason: null,
            recipe: null,
            solved_by: null,
            submission_id: null,
            asked_by: solve.askedBy,
            created_at: now,
            finished_at: null,
          })
          .execute();
        await trx
          .insertInto('solve_steps')
          .values(stepRow(id, 1, first, now))
          .execute();
      });
      return { ...solve, id, status: 'running', createdAt: now, steps: [first] };
    },

    async solve(id) {
      const rows = await db.selectFrom('solves').selectAll().where('id', '=', id).execute();
      return (await withSteps(db, rows))[0];
    },

    async running() {
      const rows = await db
        .selectFrom('solves')
        .selectAll()
        .where('status', '=', 'running')
        .orderBy('created_at')
        .execute();
      return withSteps(db, rows);
    },

    async addStep(id, known, step, now) {
      await db
        .insertInto('solve_steps')
        .values(stepRow(id, known + 1, step, now))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },

    async setFacts(id, facts) {
      await db
        .updateTable('solves')
        .set({ facts_json: JSON.stringify(facts) })
        .where('id', '=', id)
        .where('status', '=', 'running')
        .execute();
    },

    async end(id, how, now) {
      const { recipe, solvedBy, submissionId } = how.status === 'solved' ? how : {};
      await db
        .updateTable('solves')
        .set({
          status: how.status,
          reason: how.reason ?? null,
          recipe: recipe ?? null,
          solved_by: solvedBy ?? null,
          submission_id: submissionId ?? null,
          finished_at: now,
        })
        .where('id', '=', id)
        .where('status', '=', 'running')
        .execute();
    },
  };
}

async function sameRunning(db: Database, solve: NewSolve, buildId: string): Promise<SolveRecord | undefined> {
  const rows = await db
    .selectFrom('solves')
    .innerJoin('solve_steps', 'solve_steps.solve_id', 'solves.id')
    .selectAll('solves')
    .where('solves.status', '=', 'running')
    .where('solve_steps.number', '=', 1)
    .where('solve_steps.build_id', '=', buildId)
    .where('solves.requirement', '=', solve.requirement)
    .where('solves.pythons_json', '=', JSON.stringify(solve.pythons))
    .execute();
  return (await withSteps(db, rows))[0];
}

function stepRow(
  solveId: string,
  number: number,
  { buildId, purpose, version, edits, parent }: PlannedTry & { buildId: string },
  now: number,
): SolveStepsTable {
  return {
    solve_id: solveId,
    number,
    build_id: buildId,
    purpose,
    version,
    edits_json: JSON.stringify(edits),
    parent: parent === undefined ? null : parent + 1,
    created_at: now,
  };
}

async function withSteps(db: Database, rows: readonly SolvesTable[]): Promise<SolveRecord[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const steps = await db.selectFrom('solve_steps').selectAll().where('solve_id', 'in', ids).orderBy('number').execute();
  return rows.map((row) => ({
    id: row.id,
    requirement: row.requirement,
    project: row.project,
    pythons: parseStrings(row.pythons_json),
    policy: row.policy,
    ...(row.base_yaml === null ? {} : { baseYaml: row.base_yaml }),
    facts: parseColumn(factsSchema, row.facts_json),
    askedBy: row.asked_by,
    status: row.status,
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.recipe === null ? {} : { recipe: row.recipe }),
    ...(row.solved_by === null ? {} : { solvedBy: row.solved_by }),
    ...(row.submission_id === null ? {} : { submissionId: row.submission_id }),
    createdAt: row.created_at,
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
    steps: steps.filter(({ solve_id }) => solve_id === row.id).map(stepOf),
  }));
}

function stepOf(row: SolveStepsTable): SolveRecord['steps'][number] {
  return {
    buildId: row.build_id,
    purpose: row.purpose,
    version: row.version,
    edits: parseEdits(row.edits_json),
    ...(row.parent === null ? {} : { parent: row.parent - 1 }),
  };
}
