import { setTimeout as sleep } from 'node:timers/promises';
import { mayPass } from '../core/errors.js';

/** How long the API may be away before an attempt is given up: longer than a machine takes to be replaced, shorter than a working day. */
const AWAY_MS = 30 * 60_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/** Calls again, ever more slowly, while the service is away or broken. Any other refusal is thrown at once; so is an aborted signal. */
export async function persistently<T>(
  call: () => Promise<T>,
  signal: AbortSignal,
  pauseFor: (ms: number, signal: AbortSignal) => Promise<void> = (ms) => sleep(ms, undefined, { signal }),
): Promise<T> {
  let waited = 0;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      if (!mayPass(error) || waited >= AWAY_MS) throw error;
    }
    await pauseFor(pause, signal);
    waited += pause;
  }
}
