// What there is of a project, here and upstream, and of all projects together.
import { z } from 'zod';
import { BUILD_STATUSES } from '../../core/build.js';
import { failureSchema, fileSchema } from './build.js';

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
  /** How often the index has sent a wheel that was built here, whole. */
  downloads: z.int(),
  /** What building it each time would have taken, in milliseconds. */
  savedMs: z.int(),
});
export type Summary = z.infer<typeof summarySchema>;
