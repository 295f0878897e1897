import { setTimeout as sleep } from 'node:timers/promises';
import { type Job, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { WheelwrightError } from '../../core/errors.js';
import type { BuildQueue, QueueEntry } from '../../core/store.js';

/** BullMQ takes priorities from 1 to 2^21, smaller is sooner. */
const LAST_PRIORITY = 2 ** 21;
/** The most seconds that a blocking read waits before it looks again; also how long closing may take. */
const BLOCK_SECONDS = 2;

/** How many jobs one round trip adds. */
const BULK = 1_000;
const PING_MS = 1_000;
/** A Redis that is frozen answers nothing and breaks no connection: requests must not wait for it. */
const COMMAND_MS = 2_000;

/** BullMQ refuses ids that look like an integer. */
const jobId = (buildId: string) => `build-${buildId}`;

interface Waiter {
  give(buildId: string | undefined): void;
}

/**
 * The queue on Redis, shared by every api that uses the same server and name. A job is completed as soon as it is taken: from then on the lease in the database
 * says who works on it, so nothing depends on BullMQ's own locks.
 * @param report gets what goes wrong between calls; the queue reconnects by itself
 * @throws WheelwrightError `unavailable` when Redis cannot be reached, `invalid` when it is set to evict keys: queued builds would vanish
 */
export async function openBullQueue(
  redisUrl: string,
  name: string,
  clock: () => number,
  report: (error: Error) => void,
): Promise<BuildQueue> {
  await checkServer(redisUrl);
  // A producer fails at once while Redis is away: the database has the build, and the queue is refilled from it.
  const producer = new Redis(redisUrl, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: COMMAND_MS,
  });
  const consumer = new Redis(redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue(name, {
    connection: producer,
    defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
  });
  const worker = new Worker(name, null, {
    connection: consumer,
    autorun: false,
    drainDelay: BLOCK_SECONDS,
    skipStalledCheck: true,
  });
  producer.on('error', report);
  consumer.on('error', report);
  queue.on('error', report);
  worker.on('error', report);
  await queue.waitUntilReady();

  const waiters = new Set<Waiter>();
  const taken: string[] = [];
  let closed = false;
  let pumping: Promise<void> | undefined;

  async function takeOne(block: boolean): Promise<string | undefined> {
    const token = `${name}-${process.pid}`;
    const job: Job<{ buildId: string }> | undefined = await worker.getNextJob(token, { block });
    if (job === undefined) return undefined;
    await job.moveToCompleted(null, token, false);
    return job.data.buildId;
  }

  /** Reads as long as somebody waits; what arrives when nobody does any more is kept for the next. */
  async function pump(): Promise<void> {
    while (waiters.size > 0 && !closed) {
      try {
        const buildId = taken.shift() ?? (await takeOne(true));
        if (buildId === undefined) continue;
        const [waiter] = waiters;
        if (waiter === undefined) taken.unshift(buildId);
        else waiter.give(buildId);
      } catch (error) {
        if (closed) return;
        report(error as Error);
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  function startPump(): void {
    pumping ??= pump().finally(() => {
      pumping = undefined;
      if (waiters.size > 0 && !closed) startPump();
    });
  }

  return {
    async add({ buildId, priority, notBefore }) {
      // BullMQ ignores a job whose id is queued already, and cannot move one in time.
      await queue.remove(jobId(buildId));
      const { name: kind, data, opts } = jobOf({ buildId, priority, notBefore }, clock());
      await queue.add(kind, data, opts);
    },

    async addMissing(entries) {
      // An api that died right after taking a job left it active, and its id would be taken for queued for ever. One that is being taken now is locked and stays.
      const active = await queue.getActive();
      for (const job of active) await queue.remove(job.id ?? '').catch(() => undefined);
      for (let from = 0; from < entries.length; from += BULK) {
        await queue.addBulk(entries.slice(from, from + BULK).map((entry) => jobOf(entry, clock())));
      }
    },

    async take(waitMs, signal) {
      const kept = taken.shift();
      if (kept !== undefined || signal.aborted) return kept;
      if (waitMs === 0) return takeOne(false);
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
        startPump();
      });
    },

    async remove(buildId) {
      await queue.remove(jobId(buildId));
    },

    async ping() {
      const timeout = new AbortController();
      const late = sleep(PING_MS, undefined, { signal: timeout.signal }).then(() => {
        throw new WheelwrightError('unavailable', `Redis has not answered for ${PING_MS} ms`);
      });
      await Promise.race([producer.ping(), late]).finally(() => timeout.abort());
    },

    async close() {
      closed = true;
      for (const waiter of waiters) waiter.give(undefined);
      // First, since whatever still waits for an answer would hold up the rest while Redis is frozen.
      producer.disconnect();
      consumer.disconnect();
      await Promise.allSettled([worker.close(true), queue.close()]);
      await pumping;
    },
  };
}

function jobOf({ buildId, priority, notBefore }: QueueEntry, now: number) {
  return {
    name: 'build',
    data: { buildId },
    opts: {
      jobId: jobId(buildId),
      priority: Math.min(Math.max(Math.round(priority), 1), LAST_PRIORITY),
      delay: Math.max(0, notBefore - now),
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
