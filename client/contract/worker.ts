// The worker's side (scope `worker`); the lease token travels in the header `Wheelwright-Lease`.
import { z } from 'zod';
import { PHASES } from '../../core/phase.js';
import { effectiveRecipeSchema } from '../../core/recipe/recipe.js';
import { workerFactsSchema } from '../../core/worker.js';
import { failureSchema, targetSchema } from './build.js';

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
    target: targetSchema,
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
  takes: z.array(z.string()).exactOptional(),
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

/** POST /api/v1/attempts/:id/finish; answers the build, or 204 with `Prefer: return=minimal` (RFC 7240). A wheel that the API's own checks refuse ends the attempt as failed with class `bad-wheel`. */
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

/** POST /api/v1/attempts/:id/end: core's `AttemptEnding`, which is the last progress, a small wheel (base64), finish and a claim that waits for nothing, in this order; the same again is a no-op but for the claim. */
export const endingSchema = z.strictObject({
  outcome: outcomeSchema,
  progress: progressSchema.exactOptional(),
  wheel: z.string().exactOptional(),
  next: claimRequestSchema
    .pick({ worker: true })
    .extend({ session: z.string().max(100) })
    .exactOptional(),
});

/** What it answers. */
export const endedSchema = z.object({ next: leaseSchema.exactOptional() });
