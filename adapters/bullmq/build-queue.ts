import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { WheelwrightError } from '../../core/errors.js';
import type { BuildQueue } from '../../core/store.js';

/** The most seconds that a blocking read waits before it looks again; also how long closing may take. */
const BLOCK_SECONDS = 2;
const PING_MS = 1_000;
/** A Redis that is frozen answers nothing and breaks no connection: requests must not wait for it. */
const COMMAND_MS = 2_000;

/**
 * The queue on Redis, shared by every api that uses the same server and name: each build that is added wakes one of them. The lease in the database says who
 * works on what, so a job is done as soon as it was heard.
 * @param report gets what goes wrong between calls; the queue reconnects by itself
 * @throws WheelwrightError `unavailable` when Redis cannot be reached, `invalid` when it is set to evict keys: jobs would vanish
 */
export async function openBullQueue(
  redisUrl: string,
  name: string,
  clock: () => number,
  wake: (buildId: string) => void,
  report: (error: Error) => void,
): Promise<BuildQueue> {
  await checkServer(redisUrl);
  // A producer fails at once while Redis is away: the database has the build, and whoever waits looks there again by himself.
  const producer = new Redis(redisUrl, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: COMMAND_MS,
  });
  const consumer = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue<{ buildId: string }>(name, {
    connection: producer,
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  });
  const worker = new Worker<{ buildId: string }>(name, async ({ data }) => wake(data.buildId), {
    connection: consumer,
    drainDelay: BLOCK_SECONDS,
  });
  producer.on('error', report);
  consumer.on('error', report);
  queue.on('error', report);
  worker.on('error', report);
  await queue.waitUntilReady();

  return {
    async add({ buildId, notBefore }) {
      await queue.add('build', { buildId }, { delay: Math.max(0, notBefore - clock()) });
    },

    async ping() {
      const timeout = new AbortController();
      const late = sleep(PING_MS, undefined, { signal: timeout.signal }).then(() => {
        throw new WheelwrightError('unavailable', `Redis has not answered for ${PING_MS} ms`);
      });
      await Promise.race([producer.ping(), late]).finally(() => timeout.abort());
    },

    async close() {
      // First, since whatever still waits for an answer would hold up the rest while Redis is frozen.
      producer.disconnect();
      consumer.disconnect();
      await Promise.allSettled([worker.close(true), queue.close()]);
    },
  };
}

/** One look before anything is opened, so that a wrong URL or setting is told at the start and not by a stream of retries. */
async function checkServer(redisUrl: string): Promise<void> {
  const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on('error', () => {});
  try {
    await redis.connect();
    const policy = /maxmemory_policy:(\S+)/.exec(await redis.info('memory'))?.[1];
    if (policy !== undefined && policy !== 'noeviction') {
      throw new WheelwrightError('invalid', `Redis is set to evict keys when its memory is full (${policy})`, {
        hint: 'Queued builds would vanish without a word. Set maxmemory-policy to noeviction.',
      });
    }
  } catch (error) {
    if (error instanceof WheelwrightError) throw error;
    throw new WheelwrightError('unavailable', `Redis cannot be reached: ${(error as Error).message}`, {
      hint: 'REDIS_URL names the server, e.g. redis://127.0.0.1:6379. Unset it to use the embedded queue.',
      cause: error,
    });
  } finally {
    redis.disconnect();
  }
}
