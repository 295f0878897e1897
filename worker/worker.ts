import { setMaxListeners } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { removeAbandonedFolders } from '../adapters/host/temporary-folder.js';
import type { WorkerApi } from '../client/worker-api.js';
import type { Lease } from '../core/attempt.js';
import type { AttemptSite } from './attempt-site.js';
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
  const keptBytes = {
    'compiler-cache': settings.WHEELWRIGHT_COMPILER_CACHE_BYTES,
    environment: settings.WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES,
  };
  const folders = async () => {
    // Of attempts, of base images in the making, and of distributions' indexes that were being fetched.
    await removeAbandonedFolders(tmpdir(), 'wheelwright-worker-');
    await removeAbandonedFolders(tmpdir(), 'wheelwright-base-');
    await removeAbandonedFolders(join(settings.WHEELWRIGHT_DATA, 'package-index'), '');
    return [];
  };
  const steps: [what: string, step: () => Promise<string[]>][] = [
    ['temporary folders', folders],
    ['what a killed worker left behind', () => engine.removeOrphans(live, signal)],
    ['images that nothing used any more', () => removeUnusedImages(signal)],
    ['what was used longest ago of what is kept for later attempts', () => engine.pruneKept(keptBytes, signal)],
  ];
  for (const [what, step] of steps) {
    try {
      const removed = await step();
      if (removed.length > 0) logger.info({ removed }, `removed ${what}`);
    } catch (error) {
      if (signal.aborted) return;
      // The others are no worse for it.
      logger.warn({ err: error }, `could not remove ${what}`);
    }
  }
}
