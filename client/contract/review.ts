// Solves, and recipes that are submitted for review.
import { z } from 'zod';
import { BUILD_STATUSES } from '../../core/build.js';
import { SUBMISSION_STATUSES } from '../../core/review.js';
import { SOLVE_STATUSES } from '../../core/solve-store.js';
import { TRY_PURPOSES } from '../../core/solve-try.js';
import { failureSchema } from './build.js';

/** One edit of a recipe, and the failure that led to it. */
const editSchema = z.object({
  edit: z.record(z.string(), z.unknown()),
  why: z.string(),
  guess: z.literal(true).optional(),
  evidence: z.object({ buildId: z.string(), class: z.string(), line: z.string(), lineNumber: z.int() }),
});

/** GET /solves/:id */
export const solveSchema = z.object({
  id: z.string(),
  project: z.string(),
  requirement: z.string(),
  status: z.enum(SOLVE_STATUSES),
  /** Why it gave up, and what was tried; or why it answers with less than was asked for. */
  reason: z.string().optional(),
  /** The recipe that works, as YAML; absent where none is needed. */
  recipe: z.string().optional(),
  /** The submission that waits for someone to approve the recipe. */
  submissionId: z.string().optional(),
  /** The build whose recipe works. */
  solvedBy: z.string().optional(),
  /** ISO 8601, UTC. */
  createdAt: z.string(),
  finishedAt: z.string().optional(),
  steps: z.array(
    z.object({
      number: z.int(),
      purpose: z.enum(TRY_PURPOSES),
      version: z.string(),
      buildId: z.string(),
      /** Edits of the recipe that this step built with. */
      edits: z.array(editSchema),
      /** Number of the step that it is a change of. */
      parent: z.int().optional(),
    }),
  ),
});
export type Solve = z.infer<typeof solveSchema>;

/** POST /submissions */
export const submissionRequestSchema = z.strictObject({
  /** In full, as YAML text. */
  recipe: z.string().min(1),
  /** What the trials build; default: the newest release that the recipe is for. */
  requirement: z.string().min(1).max(1000).optional(),
  reason: z.string().max(10_000).optional(),
});
export type SubmissionRequest = z.infer<typeof submissionRequestSchema>;

export const approvalSchema = z.strictObject({ reason: z.string().max(10_000).optional() });
export const rejectionSchema = z.strictObject({ reason: z.string().trim().min(1).max(10_000) });

/** POST /submissions/:id/comments */
export const commentRequestSchema = z.strictObject({
  text: z.string().trim().min(1).max(10_000),
  /** 1-based, of the submitted recipe; absent where it is about the whole. */
  line: z.int().positive().optional(),
});
export type CommentRequest = z.infer<typeof commentRequestSchema>;

export const submissionSchema = z.object({
  id: z.string(),
  project: z.string(),
  status: z.enum(SUBMISSION_STATUSES),
  requirement: z.string(),
  recipe: z.string(),
  recipeDigest: z.string(),
  /** Against the recipe that builds use now. */
  diff: z.array(z.object({ sign: z.enum(['+', '-', ' ']), text: z.string() })),
  trials: z.array(
    z.object({
      buildId: z.string(),
      version: z.string(),
      python: z.string(),
      policy: z.string(),
      status: z.enum(BUILD_STATUSES),
      failure: failureSchema.optional(),
    }),
  ),
  evidence: z.array(editSchema),
  solveId: z.string().optional(),
  createdAt: z.string(),
  /** Oldest first. */
  comments: z.array(z.object({ who: z.string(), text: z.string(), line: z.int().optional(), at: z.string() })),
  history: z.array(
    z.object({
      action: z.enum(['submitted', 'approved', 'rejected']),
      who: z.string(),
      reason: z.string().optional(),
      at: z.string(),
    }),
  ),
});
export type Submission = z.infer<typeof submissionSchema>;

export const submissionsSchema = z.object({ submissions: z.array(submissionSchema) });

/** GET /approved-recipes: what was approved here, in the form of the files of recipes/. */
export const approvedRecipesSchema = z.object({
  recipes: z.array(z.object({ project: z.string(), recipe: z.string() })),
});
