import type { ContainerLimits, EngineFacts } from '../core/engine.js';
import type { EffectiveRecipe } from '../core/recipe/recipe.js';
import { parseDuration, type Resources } from '../core/resources.js';
import type { Settings } from '../core/settings.js';
import type { WorkerCapacity } from '../core/worker.js';
import type { AttemptLimits } from './phase-context.js';

/** What one compiler may want; fewer start where there is less memory than that for each. */
const JOB_BYTES = 2 ** 30;

/** What an attempt gets at most where neither its recipe nor a setting says, however much the worker has. */
const USUAL_MEMORY_BYTES = 6 * 2 ** 30;
const USUAL_DISK_BYTES = 20 * 2 ** 30;

/** What the worker may be given, by its settings and by what its engine has. */
export function workerCapacity(settings: Settings, engine: EngineFacts): WorkerCapacity {
  const slots = settings.WHEELWRIGHT_WORKER_SLOTS;
  const usualDiskBytes = settings.WHEELWRIGHT_BUILD_DISK_BYTES ?? USUAL_DISK_BYTES;
  const budget: Resources = {
    cpus: Math.min(settings.WHEELWRIGHT_WORKER_CPUS ?? engine.cpus, engine.cpus),
    memoryBytes: Math.min(settings.WHEELWRIGHT_WORKER_MEMORY_BYTES ?? engine.memoryBytes, engine.memoryBytes),
    diskBytes: settings.WHEELWRIGHT_WORKER_DISK_BYTES ?? engine.diskBytes ?? slots * usualDiskBytes,
  };
  // Whole CPUs, unless there are more slots than that.
  const cpusOfSlot = slots > budget.cpus ? budget.cpus / slots : Math.floor(budget.cpus / slots);
  const part = (bytes: number) => Math.max(1, Math.floor(bytes / slots));
  const share: Resources = {
    cpus: Math.min(settings.WHEELWRIGHT_BUILD_CPUS ?? cpusOfSlot, budget.cpus),
    memoryBytes: Math.min(
      settings.WHEELWRIGHT_BUILD_MEMORY_BYTES ?? Math.min(USUAL_MEMORY_BYTES, part(budget.memoryBytes)),
      budget.memoryBytes,
    ),
    diskBytes: Math.min(
      settings.WHEELWRIGHT_BUILD_DISK_BYTES ?? Math.min(USUAL_DISK_BYTES, part(budget.diskBytes)),
      budget.diskBytes,
    ),
  };
  return {
    architectures: [engine.architecture],
    labels: [...new Set([...settings.WHEELWRIGHT_WORKER_LABELS, ...engine.labels])].sort(),
    trust: settings.WHEELWRIGHT_WORKER_TRUST,
    slots,
    budget,
    share,
  };
}

/** The limits of one attempt, by what it was given of its worker. */
export function attemptLimits(settings: Settings, recipe: EffectiveRecipe, given: Resources): AttemptLimits {
  const { cpus, memoryBytes, diskBytes } = given;
  const timeout = recipe.resources?.timeout;
  const common = {
    cpus,
    memoryBytes,
    diskBytes,
    processes: settings.WHEELWRIGHT_BUILD_PROCESSES,
  } satisfies Partial<ContainerLimits>;
  return {
    build: {
      ...common,
      timeoutMs: timeout === undefined ? settings.WHEELWRIGHT_BUILD_TIMEOUT_MS : parseDuration(timeout),
    },
    short: { ...common, timeoutMs: settings.WHEELWRIGHT_TEST_TIMEOUT_MS },
    jobs: Math.max(1, Math.min(Math.ceil(cpus), Math.floor(memoryBytes / JOB_BYTES))),
    wheelBytes: settings.WHEELWRIGHT_WHEEL_BYTES,
  };
}
