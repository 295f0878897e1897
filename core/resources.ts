// What a build asks of the worker that makes it, and what a worker has to give.
import type { Channel, Target } from './build.js';
import type { EffectiveRecipe } from './recipe/recipe.js';

export interface Resources {
  cpus: number;
  memoryBytes: number;
  diskBytes: number;
}

/** What a build asks of a worker; resources that its recipe does not name are the worker's usual share. */
export interface Placement extends Partial<Resources> {
  /** As in platform tags. */
  arch: string;
  channel: Channel;
  /** Each of them must be one of the worker's. */
  labels?: string[];
  /** Nothing else may run on the worker at the same time. */
  exclusive?: true;
}

/** The same placement always gives the same JSON text. */
export function placementOf(recipe: EffectiveRecipe, { arch }: Pick<Target, 'arch'>, channel: Channel): Placement {
  const { cpus, memory, disk, labels = [], exclusive } = recipe.resources ?? {};
  return {
    arch,
    channel,
    ...(cpus === undefined ? {} : { cpus }),
    ...(memory === undefined ? {} : { memoryBytes: parseSize(memory) }),
    ...(disk === undefined ? {} : { diskBytes: parseSize(disk) }),
    ...(labels.length === 0 ? {} : { labels: [...new Set(labels)].sort() }),
    ...(exclusive === true ? { exclusive } : {}),
  };
}

/** Bytes of `512m` or `4g`. */
function parseSize(text: string): number {
  return Math.floor(Number.parseFloat(text) * (text.endsWith('g') ? 2 ** 30 : 2 ** 20));
}

/** Milliseconds of `30s`, `90m` or `2h`. */
export function parseDuration(text: string): number {
  const unitMs = { s: 1_000, m: 60_000, h: 3_600_000 }[text.at(-1) as 's' | 'm' | 'h'];
  return Number.parseInt(text, 10) * unitMs;
}
