import type { Logger } from 'pino';
import { createMemoryQueue } from '../adapters/memory/build-queue.js';
import type { Settings } from '../core/settings.js';
import type { BuildQueue } from '../core/store.js';

/** The queue that the settings ask for: BullMQ where they name a Redis server, else the embedded one. */
export async function openQueue(settings: Settings, clock: () => number, log: Logger): Promise<BuildQueue> {
  if (settings.REDIS_URL === undefined) return createMemoryQueue(clock);
  // Loaded only where it is used: it costs as much start-up time as all the rest.
  const { openBullQueue } = await import('../adapters/bullmq/build-queue.js');
  const report = (error: Error) => log.warn({ err: error }, 'the queue in Redis has a problem');
  const queue = await openBullQueue(settings.REDIS_URL, `wheelwright-${settings.WHEELWRIGHT_INSTANCE}`, clock, report);
  return forgiving(queue, log);
}

/**
 * A queue whose additions and removals never fail the request that caused them: the store has the build, the claim decides, and the healing loop brings the
 * queue back in line.
 */
function forgiving(queue: BuildQueue, log: Logger): BuildQueue {
  const report = (buildId: string) => (error: unknown) => {
    log.warn({ err: error, buildId }, 'the queue did not take a change; it is healed from the store');
  };
  return {
    add: (entry) => queue.add(entry).catch(report(entry.buildId)),
    addMissing: (entries) =>
      queue.addMissing(entries).catch((error: unknown) => {
        log.warn({ err: error, builds: entries.length }, 'the queue could not be healed; it is tried again');
      }),
    remove: (buildId) => queue.remove(buildId).catch(report(buildId)),
    take: (waitMs, signal) => queue.take(waitMs, signal),
    ping: () => queue.ping(),
    close: () => queue.close(),
  };
}
