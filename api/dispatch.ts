// Workers that wait for something to do, and who of them is tried when something changed.
import type { BuildStore, ClaimedLease } from '../core/store.js';
import type { WorkerRef } from '../core/worker.js';

export interface Dispatch {
  /**
   * Waits up to `waitMs` for an attempt for this worker; undefined when there is none, or when the signal aborts.
   * @throws WheelwrightError `conflict` when the worker is not registered
   */
  next(worker: WorkerRef, waitMs: number, signal: AbortSignal): Promise<ClaimedLease | undefined>;
  /** Something changed that may be work for somebody who waits: a build, room on a worker, a worker. */
  wake(): void;
  /** One look on behalf of all who wait. Returns how many got something. */
  round(): Promise<number>;
}

export interface DispatchDeps {
  store: Pick<BuildStore, 'claim' | 'finish'>;
  leaseMs: number;
  /** Milliseconds since the epoch. */
  clock: () => number;
  /** Gets what broke a look that nobody waits for the result of. */
  report: (error: unknown) => void;
}

interface Waiter {
  worker: WorkerRef;
  end(lease: ClaimedLease | undefined): void;
  fail(error: unknown): void;
}

export function createDispatch({ store, leaseMs, clock, report }: DispatchDeps): Dispatch {
  const waiters = new Set<Waiter>();
  let looking: Promise<number> | undefined;
  /** Counts what may have changed the answers. */
  let changes = 0;

  async function look(): Promise<number> {
    let given = 0;
    let seen: number;
    do {
      seen = changes;
      // What one slot of a worker cannot be given now, the others cannot either.
      const inVain = new Set<string>();
      for (const waiter of waiters) {
        if (inVain.has(waiter.worker.session)) continue;
        const claimed = await claimFor(waiter);
        if (claimed === 'nothing-queued') break;
        if (claimed === 'nothing-suitable') inVain.add(waiter.worker.session);
        if (claimed === 'given') given += 1;
      }
    } while (seen !== changes && waiters.size > 0);
    looking = undefined;
    return given;
  }

  async function claimFor(waiter: Waiter) {
    try {
      const claimed = await store.claim(waiter.worker, leaseMs, clock());
      if (typeof claimed === 'string') return claimed;
      if (waiters.has(waiter)) waiter.end(claimed);
      else await handBack(claimed);
      return 'given' as const;
    } catch (error) {
      waiter.fail(error);
      return 'failed' as const;
    }
  }

  /** Its worker went away in the moment in which it was given this. */
  async function handBack(lease: ClaimedLease): Promise<void> {
    const reason = 'the worker did not wait for it any more';
    await store.finish(lease, { kind: 'lost', reason, handedBack: true }, undefined, clock()).catch(report);
    wake();
  }

  function round(): Promise<number> {
    changes += 1;
    if (waiters.size === 0) return Promise.resolve(0);
    looking ??= look();
    return looking;
  }

  function wake(): void {
    void round();
  }

  return {
    async next(worker, waitMs, signal) {
      const seen = changes;
      const claimed = await store.claim(worker, leaseMs, clock());
      if (typeof claimed !== 'string') {
        if (!signal.aborted) return claimed;
        await handBack(claimed);
        return undefined;
      }
      if (waitMs === 0 || signal.aborted) return undefined;
      return new Promise((resolve, reject) => {
        const leave = () => {
          waiters.delete(waiter);
          clearTimeout(timer);
          signal.removeEventListener('abort', giveUp);
        };
        const giveUp = () => waiter.end(undefined);
        const timer = setTimeout(giveUp, waitMs);
        const waiter: Waiter = {
          worker,
          end(lease) {
            leave();
            resolve(lease);
          },
          fail(error) {
            leave();
            reject(error);
          },
        };
        signal.addEventListener('abort', giveUp, { once: true });
        waiters.add(waiter);
        if (seen !== changes) wake();
      });
    },
    wake,
    round,
  };
}
