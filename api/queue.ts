import type { Logger } from 'pino';
import { createMemoryQueue } from '../adapters/memory/build-queue.js';
import type { Settings } from '../core/settings.js';
import type { BuildQueue } from '../core/store.js';

/** The queue that the settings ask for: BullMQ where they name a Redis server, else the embedded one. It calls `wake` when there may be something to claim. */
export async function openQueue(
  settings: Settings,
  clock: () => number,
  wake: () => void,
  log: Logger,
): Promise<BuildQueue> {
  if (settings.REDIS_URL === undefined) return createMemoryQueue(clock, wake);
  // Loaded only where it is used: it costs as much start-up time as all the rest.
  const { openBullQueue } = await import('../adapters/bullmq/build-queue.js');
  const report = (error: Error) => log.warn({ err: error }, 'the queue in Redis has a problem');
  const name = `wheelwright-${settings.WHEELWRIGHT_INSTANCE}`;
  const queue = await openBullQueue(settings.REDIS_URL, name, clock, wake, report);
  return {
    ...queue,
    // What a build was added by must not fail for this: the store has the build, and whoever waits looks there again.
    add: (entry) =>
      queue.add(entry).catch((error: unknown) => {
        log.warn(
          { err: error, buildId: entry.buildId },
          'the queue did not take a build; workers find it all the same',
        );
      }),
  };
}
