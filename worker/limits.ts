import type { ContainerLimits } from '../core/engine.js';
import type { EffectiveRecipe } from '../core/recipe.js';
import type { Settings } from '../core/settings.js';
import type { AttemptLimits } from './phase-context.js';

/** What one compiler may want; fewer start where there is less memory than that for each. */
const JOB_BYTES = 2 ** 30;

/** The limits of one attempt: the recipe's own where it has any, else the settings', never more than the engine has. */
export function attemptLimits(
  settings: Settings,
  recipe: EffectiveRecipe,
  capacity: { cpus: number; memoryBytes: number },
): AttemptLimits {
  const { resources } = recipe;
  const share = Math.max(1, Math.floor(capacity.cpus / settings.WHEELWRIGHT_WORKER_SLOTS));
  const cpus = Math.min(resources?.cpus ?? settings.WHEELWRIGHT_BUILD_CPUS ?? share, capacity.cpus);
  const memoryBytes = Math.min(
    resources?.memory === undefined ? settings.WHEELWRIGHT_BUILD_MEMORY_BYTES : parseMemory(resources.memory),
    capacity.memoryBytes,
  );
  const common = {
    cpus,
    memoryBytes,
    processes: settings.WHEELWRIGHT_BUILD_PROCESSES,
    diskBytes: settings.WHEELWRIGHT_BUILD_DISK_BYTES,
  } satisfies Partial<ContainerLimits>;
  return {
    build: {
      ...common,
      timeoutMs:
        resources?.timeout === undefined ? settings.WHEELWRIGHT_BUILD_TIMEOUT_MS : parseDuration(resources.timeout),
    },
    short: { ...common, timeoutMs: settings.WHEELWRIGHT_TEST_TIMEOUT_MS },
    jobs: Math.max(1, Math.min(Math.ceil(cpus), Math.floor(memoryBytes / JOB_BYTES))),
    wheelBytes: settings.WHEELWRIGHT_WHEEL_BYTES,
  };
}

/** Bytes of `512m` or `4g`. */
export function parseMemory(text: string): number {
  return Math.floor(Number.parseFloat(text) * (text.endsWith('g') ? 2 ** 30 : 2 ** 20));
}

/** Milliseconds of `30s`, `90m` or `2h`. */
export function parseDuration(text: string): number {
  const unitMs = { s: 1_000, m: 60_000, h: 3_600_000 }[text.at(-1) as 's' | 'm' | 'h'];
  return Number.parseInt(text, 10) * unitMs;
}
