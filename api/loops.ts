// What the API does by itself. Each `xOne` is one round of a loop, so that tests can call it; the loops are timers around them.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiContext } from './context.js';

/** Keeps leases from running out while nobody could be heard, or by a clock that was set. */
export async function moveLeasesOne(
  { store, clock, settings, log }: Pick<ApiContext, 'store' | 'clock' | 'settings' | 'log'>,
  byMs: number,
): Promise<void> {
  if (byMs === 0) return;
  log.warn({ byMs }, 'the clock was set, or this program stood still: leases are moved by that time');
  await store.moveLeases(byMs, clock() + settings.WHEELWRIGHT_LEASE_MS);
}

/** Gives builds of vanished workers back to the queue. Returns how many attempts were lost. */
export async function expireLeasesOne(
  context: Pick<ApiContext, 'store' | 'signals' | 'dispatch' | 'clock' | 'log'>,
): Promise<number> {
  const lost = await context.store.expireLeases(context.clock());
  for (const attemptId of lost) {
    const buildId = (await context.store.attempt(attemptId))?.buildId;
    context.log.warn({ attemptId, buildId }, 'attempt lost: its worker was not heard of for the whole of its lease');
    context.signals.changed(attemptId);
  }
  if (lost.length > 0) context.dispatch.wake();
  return lost.length;
}

/** Moves on builds whose needs have ended. A build that succeeds or fails by that may be what others wait for, hence the repetition. */
export async function wakeWaitingOne(context: Pick<ApiContext, 'store' | 'queue' | 'clock'>): Promise<number> {
  let total = 0;
  for (;;) {
    const woken = await context.store.wakeWaiting(context.clock());
    for (const id of woken) {
      const build = await context.store.build(id);
      if (build?.status === 'queued') {
        await context.queue.add({ buildId: id, notBefore: 0 });
      }
    }
    if (woken.length === 0) return total;
    total += woken.length;
  }
}

/** Brings the lines of queued builds back in line with the builds, and looks on behalf of every worker that waits. Returns how many builds can be tried now. */
export async function healQueueOne(context: Pick<ApiContext, 'store' | 'dispatch' | 'clock'>): Promise<number> {
  const queued = await context.store.mendLines(context.clock());
  await context.dispatch.round();
  return queued;
}

/** Runs a round, then pauses, until the signal aborts. A round that fails is logged and does not end the loop. */
export async function runLoop(
  context: Pick<ApiContext, 'log' | 'stopping'>,
  name: string,
  pauseMs: number,
  round: () => Promise<unknown>,
): Promise<void> {
  while (!context.stopping.aborted) {
    try {
      await round();
    } catch (error) {
      context.log.error({ err: error, loop: name }, 'a round of a loop failed');
    }
    await sleep(pauseMs, undefined, { signal: context.stopping }).catch(() => undefined);
  }
}
