import { setMaxListeners } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { removeAbandonedFolders } from '../adapters/host/temporary-folder.js';
import type { WorkerApi } from '../client/worker-api.js';
import type { Lease } from '../core/attempt.js';
import type { AttemptSite } from './attempt.js';
import { workOnLease } from './lease-work.js';
import { watchOutage } from './outage.js';
import { openRegistration } from './registration.js';

const CLAIM_WAIT_MS = 20_000;
const SWEEP_MS = 10 * 60_000;

export interface WorkerOptions extends AttemptSite {
  api: WorkerApi;
  name: string;
  /** Of Wheelwright. */
  version: string;
  logger: Logger;
  /** Removes images that nothing needs any more; returns their names. */
  removeUnusedImages: (signal: AbortSignal) => Promise<string[]>;
}

export interface Worker {
  /** Takes nothing new, lets what runs finish within the grace period, hands the rest back, and leaves. */
  close(): Promise<void>;
}

/** Starts taking attempts and making them, as many at a time as there are slots. */
export function openWorker(options: WorkerOptions): Worker {
  const { api, settings, logger } = options;
  const closing = new AbortController();
  const stopping = new AbortController();
  // One listener for each slot is no leak.
  setMaxListeners(0, stopping.signal);
  /** Attempts at work, so that the sweep leaves what is theirs. */
  const live = new Set<string>();

  const outage = watchOutage(logger);
  const registration = openRegistration(options, closing.signal);
  const claim = async () => {
    try {
      const lease = await api.claim(await registration.current(), CLAIM_WAIT_MS, closing.signal);
      outage.over();
      return lease;
    } catch (error) {
      registration.renew(error);
      if (!closing.signal.aborted) await outage.failed(error, closing.signal);
      return undefined;
    }
  };
  const slot = async () => {
    let lease: Lease | undefined;
    let room = Promise.resolve();
    while (!closing.signal.aborted) {
      lease ??= await claim();
      if (lease === undefined) continue;
      const { attemptId } = lease;
      live.add(attemptId);
      const ended = await workOnLease(lease, options, stopping.signal, room, nextFor);
      lease = ended.next;
      room = ended.cleared.finally(() => live.delete(attemptId));
    }
    // Given in the moment in which the worker began to stop: it goes back.
    if (lease !== undefined) await workOnLease(lease, options, AbortSignal.abort(), room, nextFor);
    await room;
  };
  const nextFor = () => (closing.signal.aborted ? undefined : registration.known());
  const sweep = async () => {
    while (!closing.signal.aborted) {
      await sweepOne(options, live, closing.signal);
      await sleep(SWEEP_MS, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  };
  const sweeping = sweep();
  const slots = Array.from({ length: settings.WHEELWRIGHT_WORKER_SLOTS }, slot);
  logger.info({ worker: options.name, slots: slots.length }, 'worker started');

  return {
    async close() {
      closing.abort();
      const grace = setTimeout(() => stopping.abort(), settings.WHEELWRIGHT_WORKER_GRACE_MS);
      await Promise.all([...slots, sweeping]);
      clearTimeout(grace);
      await registration.end();
    },
  };
}

async function sweepOne(
  { engine, logger, settings, removeUnusedImages }: WorkerOptions,
  live: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  try {
    // Of attempts, of base images in the making, and of distributions' indexes that were being fetched.
    await removeAbandonedFolders(tmpdir(), 'wheelwright-worker-');
    await removeAbandonedFolders(tmpdir(), 'wheelwright-base-');
    await removeAbandonedFolders(join(settings.WHEELWRIGHT_DATA, 'package-index'), '');
    const orphans = await engine.removeOrphans(live, signal);
    if (orphans.length > 0) logger.info({ removed: orphans }, 'removed what a killed worker left behind');
    const images = await removeUnusedImages(signal);
    if (images.length > 0) logger.info({ removed: images }, 'removed images that nothing used any more');
    const kept = await engine.pruneKept(
      {
        'compiler-cache': settings.WHEELWRIGHT_COMPILER_CACHE_BYTES,
        environment: settings.WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES,
      },
      signal,
    );
    if (kept.length > 0)
      logger.info({ removed: kept }, 'removed what was used longest ago of what is kept for later attempts');
  } catch (error) {
    if (!signal.aborted) logger.warn({ err: error }, 'what is no longer needed could not be removed');
  }
}
