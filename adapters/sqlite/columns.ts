// JSON columns, checked when they are read: another version of the program may have written them.
import { z } from 'zod';
import { CHANNELS, type Sdist } from '../../core/build.js';
import { WheelwrightError } from '../../core/errors.js';
import { FAILURE_CLASSES, type Failure, MISSING_KINDS } from '../../core/failure.js';
import { PHASES } from '../../core/phase.js';
import { type EffectiveRecipe, effectiveRecipeSchema } from '../../core/recipe/recipe.js';
import type { Placement } from '../../core/resources.js';
import { type WorkerFacts, workerFactsSchema } from '../../core/worker.js';

const sdistSchema = z.object({
  filename: z.string(),
  url: z.string(),
  sha256: z.string(),
  sizeBytes: z.int().exactOptional(),
});

const proposalSchema = z.object({
  edit: z.record(z.string(), z.unknown()),
  why: z.string(),
  guess: z.literal(true).exactOptional(),
});

const failureSchema = z.object({
  class: z.enum(FAILURE_CLASSES),
  phase: z.enum(PHASES).exactOptional(),
  line: z.string(),
  lineNumber: z.int(),
  cause: z.string(),
  proposal: proposalSchema.exactOptional(),
  ideas: z.array(proposalSchema).exactOptional(),
  missing: z
    .array(
      z.object({
        kind: z.enum(MISSING_KINDS),
        name: z.string(),
        loose: z.literal(true).exactOptional(),
        or: z.array(z.string()).exactOptional(),
      }),
    )
    .exactOptional(),
  found: z.string().exactOptional(),
});

const placementSchema: z.ZodType<Placement> = z.object({
  arch: z.string(),
  channel: z.enum(CHANNELS),
  labels: z.array(z.string()).exactOptional(),
  exclusive: z.literal(true).exactOptional(),
  cpus: z.number().exactOptional(),
  memoryBytes: z.number().exactOptional(),
  diskBytes: z.number().exactOptional(),
});

const stringsSchema = z.array(z.string());

export const parseSdist = (json: string): Sdist => parseColumn(sdistSchema, json);
export const parseFailure = (json: string): Failure => parseColumn(failureSchema, json);
export const parseEffectiveRecipe = (json: string): EffectiveRecipe => parseColumn(effectiveRecipeSchema, json);
// Read for every claim, and there are few different ones.
export const parsePlacement = remembering((json): Readonly<Placement> => parseColumn(placementSchema, json));
export const parseWorkerFacts = remembering((json): Readonly<WorkerFacts> => parseColumn(workerFactsSchema, json));
export const parseStrings = (json: string): string[] => parseColumn(stringsSchema, json);

const MAX_REMEMBERED = 1_000;

/** The same text gives the same value, which nobody changes. */
function remembering<T>(parse: (json: string) => T): (json: string) => T {
  const known = new Map<string, T>();
  return (json) => {
    const before = known.get(json);
    if (before !== undefined) return before;
    if (known.size >= MAX_REMEMBERED) known.clear();
    const parsed = parse(json);
    known.set(json, parsed);
    return parsed;
  };
}

export function parseColumn<T>(schema: z.ZodType<T>, json: string): T {
  const parsed = schema.safeParse(JSON.parse(json));
  if (!parsed.success) {
    throw new WheelwrightError(
      'internal',
      `the database holds a value of another form: ${z.prettifyError(parsed.error)}`,
      {
        hint: 'It was written by another version of Wheelwright, or by hand. `wheelwright fsck` finds all such rows.',
        cause: parsed.error,
      },
    );
  }
  return parsed.data;
}
