import type { BuildQueue } from '../../core/store.js';

interface Entry {
  buildId: string;
  priority: number;
  notBefore: number;
  /** Order of arrival, so that equal priorities are first come, first served. */
  arrival: number;
}

interface Waiter {
  give(buildId: string | undefined): void;
}

/**
 * The embedded queue: smaller priorities first, then in order of arrival, nothing before its time. Adding a build that is queued already changes its priority and
 * time but not its place. Linear in the number of queued builds, which is fast enough for tens of thousands.
 */
export function createMemoryQueue(clock: () => number): BuildQueue {
  const entries = new Map<string, Entry>();
  const waiters = new Set<Waiter>();
  let arrivals = 0;
  let alarm: NodeJS.Timeout | undefined;

  function next(): Entry | undefined {
    const now = clock();
    let best: Entry | undefined;
    for (const entry of entries.values()) {
      if (entry.notBefore <= now && (best === undefined || before(entry, best))) best = entry;
    }
    return best;
  }

  function serve(): void {
    for (const waiter of waiters) {
      const entry = next();
      if (entry === undefined) break;
      entries.delete(entry.buildId);
      waiter.give(entry.buildId);
    }
    setAlarm();
  }

  function setAlarm(): void {
    clearTimeout(alarm);
    if (waiters.size === 0 || entries.size === 0) return;
    const soonest = Math.min(...[...entries.values()].map(({ notBefore }) => notBefore));
    alarm = setTimeout(serve, Math.min(Math.max(soonest - clock(), 1), 60_000));
  }

  return {
    async add({ buildId, priority, notBefore }) {
      const arrival = entries.get(buildId)?.arrival ?? arrivals++;
      entries.set(buildId, { buildId, priority, notBefore, arrival });
      if (waiters.size > 0) serve();
    },

    async addMissing(missing) {
      for (const entry of missing) {
        if (!entries.has(entry.buildId)) entries.set(entry.buildId, { ...entry, arrival: arrivals++ });
      }
      if (waiters.size > 0) serve();
    },

    async take(waitMs, signal) {
      const entry = next();
      if (entry !== undefined) {
        entries.delete(entry.buildId);
        return entry.buildId;
      }
      if (waitMs === 0 || signal.aborted) return undefined;
      return new Promise((resolve) => {
        const waiter: Waiter = {
          give(buildId) {
            waiters.delete(waiter);
            clearTimeout(timer);
            signal.removeEventListener('abort', giveUp);
            resolve(buildId);
          },
        };
        const giveUp = () => waiter.give(undefined);
        const timer = setTimeout(giveUp, waitMs);
        signal.addEventListener('abort', giveUp, { once: true });
        waiters.add(waiter);
        setAlarm();
      });
    },

    async remove(buildId) {
      entries.delete(buildId);
    },

    async ping() {},

    async close() {
      clearTimeout(alarm);
      for (const waiter of waiters) waiter.give(undefined);
      entries.clear();
    },
  };
}

function before(a: Entry, b: Entry): boolean {
  return a.priority === b.priority ? a.arrival < b.arrival : a.priority < b.priority;
}
