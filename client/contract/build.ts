// What is asked to be built, and what becomes of it.
import { z } from 'zod';
import { ATTEMPT_STATUSES } from '../../core/attempt.js';
import { BUILD_STATUSES } from '../../core/build.js';
import { FAILURE_CLASSES, MISSING_KINDS } from '../../core/failure.js';
import { PHASES } from '../../core/phase.js';
import { CPU_LEVELS } from '../../core/recipe/recipe.js';

const proposal = z.object({
  edit: z.record(z.string(), z.unknown()),
  why: z.string(),
  /** It often helps in such a case, but the log does not prove it. */
  guess: z.literal(true).exactOptional(),
});

/** What the build looked for and did not find. */
const missingPart = z.object({
  kind: z.enum(MISSING_KINDS),
  name: z.string(),
  loose: z.literal(true).exactOptional(),
  or: z.array(z.string()).exactOptional(),
});

export const failureSchema = z.object({
  class: z.enum(FAILURE_CLASSES),
  phase: z.enum(PHASES).optional(),
  line: z.string(),
  lineNumber: z.int().nonnegative(),
  cause: z.string(),
  proposal: proposal.optional(),
  /** Further changes worth a try; none is proven. */
  ideas: z.array(proposal).exactOptional(),
  missing: z.array(missingPart).exactOptional(),
  /** Version of the library that is too old, as the distribution has it. */
  found: z.string().exactOptional(),
});

export const buildRequestSchema = z.strictObject({
  requirement: z.string().min(1).max(1000),
  python: z.array(z.string()).min(1).max(20).optional(),
  policy: z.string().optional(),
  /** A recipe in full, as YAML text. */
  recipe: z.string().optional(),
  solve: z.boolean().optional(),
});
export type BuildRequest = z.infer<typeof buildRequestSchema>;

const attemptSchema = z.object({
  id: z.string(),
  number: z.int(),
  status: z.enum(ATTEMPT_STATUSES),
  phase: z.enum(PHASES).optional(),
  worker: z.string(),
  /** ISO 8601, UTC. */
  startedAt: z.string(),
  finishedAt: z.string().optional(),
  phases: z.array(
    z.object({
      phase: z.enum(PHASES),
      /** Where it starts in the attempt's log, 1-based. */
      firstLine: z.int().optional(),
      startedAt: z.string(),
      finishedAt: z.string().optional(),
    }),
  ),
  failure: failureSchema.optional(),
});

export const fileSchema = z.object({
  filename: z.string(),
  sha256: z.string(),
  sizeBytes: z.int(),
  url: z.string(),
  grafted: z.array(z.string()),
  /** Sonames that the consuming image must bring, glibc aside. */
  needs: z.array(z.string()),
  /** The x86-64 level that it may need; missing: every processor of its architecture will do. */
  cpu: z.enum(CPU_LEVELS).exactOptional(),
  /** The signed statement of what it was made from (PEP 740). */
  provenanceUrl: z.string().optional(),
  /** PEP 592: why, or true where nobody said; missing: it is not. */
  yanked: z.union([z.literal(true), z.string()]).exactOptional(),
});

/** Core's `Target`. */
export const targetSchema = z.object({
  policy: z.string(),
  arch: z.string(),
  python: z.string(),
  image: z.string(),
  builderDigest: z.string(),
});

export const buildSchema = z.object({
  id: z.string(),
  project: z.string(),
  version: z.string(),
  requirement: z.string(),
  target: targetSchema,
  channel: z.enum(['stable', 'trial']),
  status: z.enum(BUILD_STATUSES),
  createdAt: z.string(),
  finishedAt: z.string().optional(),
  sdist: z.object({ filename: z.string(), sha256: z.string() }),
  recipeDigest: z.string(),
  /** Ids of builds it waits for. */
  needs: z.array(z.string()),
  /** Of GET /builds/:id, while it is queued and no worker that is there can be given it: why. */
  nobody: z.string().exactOptional(),
  attempts: z.array(attemptSchema),
  files: z.array(fileSchema),
  /** What a reader should know beforehand, e.g. that the base image gets no more security fixes. */
  warnings: z.array(z.string()),
});
export type Build = z.infer<typeof buildSchema>;

export const buildsCreatedSchema = z.object({
  builds: z.array(buildSchema),
  /** Where `solve` was asked for: GET /solves/:id says what becomes of it. */
  solves: z.array(z.object({ id: z.string() })).optional(),
});
export const buildPageSchema = z.object({ builds: z.array(buildSchema), nextCursor: z.string().optional() });
export type BuildPage = z.infer<typeof buildPageSchema>;

/** Server-sent events of GET /api/v1/attempts/:id/events. The id of a `line` event is its line number, so Last-Event-ID resumes without a gap. */
export type AttemptEvent =
  | { event: 'line'; number: number; text: string; at: number }
  | { event: 'phase'; phase: (typeof PHASES)[number]; at: number }
  | { event: 'end'; status: (typeof ATTEMPT_STATUSES)[number] };
