import type { BuildQueue } from '../../core/store.js';

/** The longest that a timer of Node's can run. */
const LONGEST_MS = 2 ** 31 - 1;

/** The embedded queue: it wakes this process. */
export function createMemoryQueue(clock: () => number, wake: (buildId: string) => void): BuildQueue {
  const timers = new Set<NodeJS.Timeout>();
  return {
    async add({ buildId, notBefore }) {
      const delayMs = notBefore - clock();
      if (delayMs <= 0) return wake(buildId);
      const timer = setTimeout(
        () => {
          timers.delete(timer);
          wake(buildId);
        },
        Math.min(delayMs, LONGEST_MS),
      );
      timers.add(timer);
    },

    async ping() {},

    async close() {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
