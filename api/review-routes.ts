import { json, Router } from 'express';
import { z } from 'zod';
import {
  approvalSchema,
  commentRequestSchema,
  rejectionSchema,
  type Solve,
  type Submission,
  submissionRequestSchema,
} from '../client/contract.js';
import { WheelwrightError } from '../core/errors.js';
import { normalizeProjectName } from '../core/project-name.js';
import { diffTexts } from '../core/recipe/edit.js';
import { MAX_RECIPE_CHARACTERS } from '../core/recipe/source.js';
import { SUBMISSION_STATUSES, type SubmissionRecord } from '../core/review.js';
import type { SolveRecord } from '../core/solve-store.js';
import { type Guards, nameOf } from './authentication.js';
import type { ApiContext } from './context.js';
import { submitRecipe } from './submissions.js';

const filterSchema = z.strictObject({
  status: z.enum(SUBMISSION_STATUSES).exactOptional(),
  project: z.string().transform(normalizeProjectName).exactOptional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/** Solves to look at, and recipes to submit, look at, approve and reject. */
export function reviewRoutes(context: ApiContext, guards: Guards): Router {
  const { solves, reviews, clock } = context;
  const router = Router();
  const found = async (id: string): Promise<SubmissionRecord> => {
    const submission = await reviews.submission(id);
    if (submission !== undefined) return submission;
    throw new WheelwrightError('not-found', `there is no submission ${JSON.stringify(id)}`, {
      hint: '`wheelwright recipe list` shows the submissions and their ids.',
    });
  };

  router.get('/solves/:id', guards.read, async (request, response) => {
    const solve = await solves.solve(String(request.params.id));
    if (solve === undefined) {
      throw new WheelwrightError('not-found', `there is no solve ${JSON.stringify(request.params.id)}`, {
        hint: 'The answer to a request for builds with `solve` gives its id.',
      });
    }
    response.json(viewSolve(solve));
  });

  router.post(
    '/submissions',
    guards.scope('submit'),
    json({ limit: MAX_RECIPE_CHARACTERS * 4 }),
    async (request, response) => {
      const { recipe, requirement, reason } = submissionRequestSchema.parse(request.body);
      const { submission, created } = await submitRecipe(context, {
        yaml: recipe,
        requirement,
        reason,
        who: nameOf(response),
      });
      response.status(created ? 201 : 200).json(await viewSubmission(context, submission));
    },
  );

  router.get('/submissions', guards.read, async (request, response) => {
    const submissions = await reviews.submissions(filterSchema.parse(request.query));
    response.json({ submissions: await Promise.all(submissions.map((each) => viewSubmission(context, each))) });
  });

  router.get('/submissions/:id', guards.read, async (request, response) => {
    response.json(await viewSubmission(context, await found(String(request.params.id))));
  });

  router.post('/submissions/:id/approve', guards.scope('approve'), json(), async (request, response) => {
    const id = String(request.params.id);
    const { reason } = approvalSchema.parse(request.body ?? {});
    await reviews.approve(id, { who: nameOf(response), ...(reason === undefined ? {} : { reason }) }, clock());
    response.json(await viewSubmission(context, await found(id)));
  });

  router.post('/submissions/:id/reject', guards.scope('approve'), json(), async (request, response) => {
    const id = String(request.params.id);
    const { reason } = rejectionSchema.parse(request.body ?? {});
    await reviews.reject(id, { who: nameOf(response), reason }, clock());
    response.json(await viewSubmission(context, await found(id)));
  });

  router.post('/submissions/:id/comments', guards.scope('submit', 'approve'), json(), async (request, response) => {
    const id = String(request.params.id);
    const { text, line } = commentRequestSchema.parse(request.body);
    await reviews.comment(id, { who: nameOf(response), text, ...(line === undefined ? {} : { line }) }, clock());
    response.status(201).json(await viewSubmission(context, await found(id)));
  });

  router.get('/approved-recipes', guards.read, async (_request, response) => {
    const recipes = await reviews.allApproved();
    response.json({ recipes: recipes.map(({ project, yaml }) => ({ project, recipe: yaml })) });
  });

  return router;
}

function viewSolve(solve: SolveRecord): Solve {
  return {
    id: solve.id,
    project: solve.project,
    requirement: solve.requirement,
    status: solve.status,
    ...(solve.reason === undefined ? {} : { reason: solve.reason }),
    ...(solve.recipe === undefined ? {} : { recipe: solve.recipe }),
    ...(solve.submissionId === undefined ? {} : { submissionId: solve.submissionId }),
    ...(solve.solvedBy === undefined ? {} : { solvedBy: solve.solvedBy }),
    createdAt: new Date(solve.createdAt).toISOString(),
    ...(solve.finishedAt === undefined ? {} : { finishedAt: new Date(solve.finishedAt).toISOString() }),
    steps: solve.steps.map(({ parent, ...step }, at) => ({
      ...step,
      number: at + 1,
      ...(parent === undefined ? {} : { parent: parent + 1 }),
    })),
  };
}

async function viewSubmission({ store, recipes }: ApiContext, submission: SubmissionRecord): Promise<Submission> {
  const current = await recipes.recipe(submission.project);
  const builds = await Promise.all(submission.trials.map((id) => store.build(id)));
  const { id, project, status, requirement, yaml, recipeDigest, evidence, solveId } = submission;
  return {
    id,
    project,
    status,
    requirement,
    recipe: yaml,
    recipeDigest,
    diff: diffTexts(current?.yaml ?? '', yaml),
    trials: builds.flatMap((build) => {
      if (build === undefined) return [];
      const failure = build.status === 'failed' ? build.attempts.at(-1)?.failure : undefined;
      const { python, policy } = build.target;
      return [
        {
          buildId: build.id,
          version: build.version,
          python,
          policy,
          status: build.status,
          ...(failure === undefined ? {} : { failure }),
        },
      ];
    }),
    evidence,
    ...(solveId === undefined ? {} : { solveId }),
    createdAt: new Date(submission.createdAt).toISOString(),
    comments: submission.comments.map(({ at, ...comment }) => ({ ...comment, at: new Date(at).toISOString() })),
    history: submission.history.map(({ at, ...event }) => ({ ...event, at: new Date(at).toISOString() })),
  };
}
