// What goes over the wire of /api/v1, in both directions. The API validates requests by these schemas; clients take their types from them.
// Relied on by others: it only grows.
import { z } from 'zod';
import { ATTEMPT_STATUSES } from '../core/attempt.js';
import { BUILD_STATUSES } from '../core/build.js';
import { CHECK_STATES } from '../core/check.js';
import { FAILURE_CLASSES, MISSING_KINDS } from '../core/failure.js';
import { PHASES } from '../core/phase.js';
import { CPU_LEVELS, effectiveRecipeSchema } from '../core/recipe.js';
import { workerFactsSchema } from '../core/worker.js';

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

const fileSchema = z.object({
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
});

export const buildSchema = z.object({
  id: z.string(),
  project: z.string(),
  version: z.string(),
  requirement: z.string(),
  target: z.object({
    policy: z.string(),
    arch: z.string(),
    python: z.string(),
    image: z.string(),
    builderDigest: z.string(),
  }),
  channel: z.enum(['stable', 'trial']),
  status: z.enum(BUILD_STATUSES),
  createdAt: z.string(),
  finishedAt: z.string().optional(),
  sdist: z.object({ filename: z.string(), sha256: z.string() }),
  recipeDigest: z.string(),
  /** Ids of builds it waits for. */
  needs: z.array(z.string()),
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

/** GET /projects/:name: what there is of each release, newest release first. */
export const projectSchema = z.object({
  name: z.string(),
  releases: z.array(
    z.object({
      version: z.string(),
      /** Uploaded ones included. */
      files: z.array(fileSchema.extend({ channel: z.enum(['stable', 'trial']) })),
      targets: z.array(
        z.object({
          policy: z.string(),
          arch: z.string(),
          python: z.string(),
          buildId: z.string(),
          status: z.enum(BUILD_STATUSES),
          /** Names among `files` that answer this target. */
          files: z.array(z.string()),
          failure: failureSchema.optional(),
        }),
      ),
    }),
  ),
  /** Projects that took it to be built or tested here. */
  dependents: z.array(z.string()),
});
export type Project = z.infer<typeof projectSchema>;

/** GET /projects/:name/upstream: what is there besides what is here. */
export const upstreamProjectSchema = z.object({
  targets: z.array(z.object({ policy: z.string(), arch: z.string(), python: z.string() })),
  /** Newest first; `offers` in the order of the targets. */
  releases: z.array(
    z.object({
      version: z.string(),
      yanked: z.boolean(),
      offers: z.array(
        z.discriminatedUnion('kind', [
          z.object({ kind: z.literal('wheel'), filename: z.string() }),
          z.object({ kind: z.literal('sdist') }),
          z.object({ kind: z.literal('nothing') }),
        ]),
      ),
    }),
  ),
  /** Projects that took it to be built or tested here. */
  dependents: z.array(z.string()),
});
export type UpstreamProject = z.infer<typeof upstreamProjectSchema>;

/** GET /summary */
export const summarySchema = z.object({
  builds: z.partialRecord(z.enum(BUILD_STATUSES), z.int()),
  /** On the index, made or uploaded here. */
  wheels: z.int(),
  /** What the builds of those wheels took, in milliseconds: what an install of each of them saves. */
  buildMs: z.int(),
});
export type Summary = z.infer<typeof summarySchema>;

/** POST /check */
export const checkRequestSchema = z.strictObject({
  /** The text of a requirements.txt, pylock.toml or uv.lock. */
  file: z.string(),
  /** One interpreter tag. */
  python: z.string().optional(),
  policy: z.string().optional(),
});
export type CheckRequest = z.infer<typeof checkRequestSchema>;

export const checkAnswerSchema = z.object({
  kind: z.enum(['requirements.txt', 'pylock.toml', 'uv.lock']),
  target: z.object({ policy: z.string(), arch: z.string(), python: z.string() }),
  rows: z.array(
    z.object({
      name: z.string(),
      version: z.string().optional(),
      state: z.enum(CHECK_STATES),
      filename: z.string().optional(),
      reason: z.string(),
      /** Projects of the file, or of other rows, that require it; empty for what the file itself names. */
      requiredBy: z.array(z.string()),
    }),
  ),
});
export type CheckAnswer = z.infer<typeof checkAnswerSchema>;

/** RFC 9457 problem document. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  hint: z.string().optional(),
  faults: z
    .array(
      z.object({
        message: z.string(),
        path: z.string().optional(),
        line: z.int().optional(),
        column: z.int().optional(),
      }),
    )
    .optional(),
});
export type Problem = z.infer<typeof problemSchema>;

// The worker's side (scope `worker`); the lease token travels in the header `Wheelwright-Lease`

export const LEASE_HEADER = 'wheelwright-lease';

/** POST /api/v1/worker/registration; the protocol is looked at first, so that a worker of another version is told that and nothing else. */
export const workerGreetingSchema = z.object({
  protocol: z.int().nonnegative(),
  name: z.string().max(200),
  version: z.string().max(100),
});
export const workerRegistrationSchema = workerFactsSchema.extend({ protocol: z.int().nonnegative() });

/** POST /api/v1/worker/leave */
export const workerLeaveSchema = z.strictObject({ worker: z.string().min(1).max(200), session: z.string().max(100) });

/** POST /api/v1/worker/claims: waits up to `waitMs`; 204 when there is nothing to do. Answers a core `Lease`. `session` is that of the registration. */
export const claimRequestSchema = z.strictObject({
  worker: z.string().min(1).max(200),
  session: z.string().max(100).optional(),
  waitMs: z.int().min(0).max(60_000),
});

/** What a claim answers: core's `Lease`. */
export const leaseSchema = z.object({
  attemptId: z.string(),
  attemptNumber: z.int().positive(),
  token: z.string(),
  leaseMs: z.number().positive(),
  resources: z.object({ cpus: z.number(), memoryBytes: z.int(), diskBytes: z.int() }),
  order: z.object({
    buildId: z.string(),
    project: z.string(),
    version: z.string(),
    sdist: z.object({
      filename: z.string(),
      url: z.string(),
      sha256: z.string(),
      sizeBytes: z.int().optional(),
    }),
    recipe: effectiveRecipeSchema,
    target: z.object({
      policy: z.string(),
      arch: z.string(),
      python: z.string(),
      image: z.string(),
      builderDigest: z.string(),
    }),
    channel: z.enum(['stable', 'trial']),
    indexUrl: z.string(),
    depends: z
      .array(
        z.object({
          project: z.string(),
          version: z.string(),
          filename: z.string(),
          sha256: z.string(),
          url: z.string(),
          grafted: z.array(z.string()),
        }),
      )
      .exactOptional(),
    lineage: z.array(effectiveRecipeSchema).exactOptional(),
    buildTag: z.int().positive().optional(),
  }),
});

/** POST /api/v1/attempts/:id/heartbeat answers this. */
export const heartbeatSchema = z.object({ cancelRequested: z.boolean() });

/** POST /api/v1/attempts/:id/phase */
export const phaseStartSchema = z.strictObject({ phase: z.enum(PHASES) });

const inputsOfAttempt = z.array(
  z.strictObject({
    kind: z.enum([
      'sdist',
      'build-requirement',
      'test-requirement',
      'system-package',
      'image',
      'toolchain',
      'source',
      'tool',
    ]),
    name: z.string(),
    version: z.string(),
    sha256: z.string().optional(),
  }),
);

/** POST /api/v1/attempts/:id/inputs */
export const inputsSchema = z.strictObject({ inputs: inputsOfAttempt });

/** POST /api/v1/attempts/:id/progress: core's `AttemptProgress`; answers as the log does, of which it is the longer form. */
export const progressSchema = z.strictObject({
  from: z.int().min(1),
  text: z.string(),
  phases: z.array(
    z.strictObject({
      seq: z.int().min(1),
      phase: z.enum(PHASES),
      firstLine: z.int().min(1),
      agoMs: z.int().min(0),
    }),
  ),
  inputs: inputsOfAttempt,
});

/** POST /api/v1/attempts/:id/log?from=N, body text/plain of whole lines, answers this; a repeated chunk is a no-op. */
export const logAppendedSchema = z.object({ nextLine: z.int() });

/** PUT /api/v1/attempts/:id/artifacts/:filename, the wheel's bytes; answers this once they are stored. */
export const artifactStoredSchema = z.object({ sha256: z.string(), sizeBytes: z.int() });

/** POST /api/v1/attempts/:id/finish; answers the build. A wheel that the API's own checks refuse ends the attempt as failed with class `bad-wheel`. */
export const outcomeSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('succeeded'),
    wheel: z.strictObject({
      filename: z.string(),
      sha256: z.string(),
      sizeBytes: z.int(),
      grafted: z.array(z.string()),
      needs: z.array(z.string()),
    }),
  }),
  z.strictObject({ kind: z.literal('failed'), failure: failureSchema }),
  z.strictObject({ kind: z.literal('deferred'), requirements: z.array(z.string()).min(1) }),
  z.strictObject({ kind: z.literal('lost'), reason: z.string(), handedBack: z.literal(true).optional() }),
  z.strictObject({ kind: z.literal('cancelled') }),
]);

/** Server-sent events of GET /api/v1/attempts/:id/events. The id of a `line` event is its line number, so Last-Event-ID resumes without a gap. */
export type AttemptEvent =
  | { event: 'line'; number: number; text: string; at: number }
  | { event: 'phase'; phase: (typeof PHASES)[number]; at: number }
  | { event: 'end'; status: (typeof ATTEMPT_STATUSES)[number] };
