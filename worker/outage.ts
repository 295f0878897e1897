import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { reasonOf, WheelwrightError } from '../core/errors.js';

const FIRST_PAUSE_MS = 1_000;
/** So late does a worker notice that the api is back. */
const LONGEST_PAUSE_MS = 10_000;
/** How often an outage that goes on is told again. */
const TELL_EVERY_MS = 10 * 60_000;

export interface Outage {
  /** The api could not be asked: pauses, the longer the longer it is away. Resolves early when aborted. */
  failed(error: unknown, signal: AbortSignal): Promise<void>;
  /** It was asked. */
  over(): void;
}

/** What the slots of a worker have in common when the api is away: it is told once, rarely again while it lasts, and when it is over. */
export function watchOutage(
  logger: Pick<Logger, 'warn' | 'info'>,
  now: () => number = () => performance.now(),
  pause: (ms: number, signal: AbortSignal) => Promise<void> = pauseFor,
): Outage {
  let since: number | undefined;
  let toldAt = 0;
  return {
    async failed(error, signal) {
      const at = now();
      if (since === undefined || at - toldAt >= TELL_EVERY_MS) {
        const hint = error instanceof WheelwrightError ? error.hint : undefined;
        const fields = { reason: reasonOf(error), ...(hint === undefined ? {} : { hint }) };
        logger.warn(
          fields,
          since === undefined
            ? 'the api cannot be asked for work; trying on'
            : 'the api still cannot be asked for work',
        );
        toldAt = at;
      }
      since ??= at;
      // Half as long as it has been away: it may be a restart, or the night.
      const pauseMs = Math.min(Math.max((at - since) / 2, FIRST_PAUSE_MS), LONGEST_PAUSE_MS);
      await pause(pauseMs, signal);
    },
    over() {
      if (since === undefined) return;
      logger.info({ awaySeconds: Math.round((now() - since) / 1000) }, 'the api answers again');
      since = undefined;
    },
  };
}

async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
