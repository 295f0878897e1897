// How long a call to the engine may take. One that hangs still takes calls and answers none, and whoever waits for it would wait for ever.
import { setMaxListeners } from 'node:events';
import { WheelwrightError } from '../../core/errors.js';
import { engineError } from './engine-error.js';

/** For whatever may take long: longer than to compile an interpreter on the slowest machine. */
const LONGEST_MS = 6 * 3_600_000;
/** For whatever only tells or makes something small, on a machine that has far too much to do. */
const ANSWER_MS = 5 * 60_000;
/** For clearing away: what it does not come to is found by a sweep. */
const CLEARED_MS = 2 * 60_000;
/** After an abort, so that what a call makes all the same is known and can be removed. */
const ABORTED_MS = 10_000;

/** Runs one call to the engine, which may take hours. An abort waits for it for some seconds at most, and stays the signal's own reason. */
export async function callEngine<T>(doing: string, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  return within(LONGEST_MS, doing, signal, call);
}

/** The same for a call that is answered soon, unless the engine hangs. @throws WheelwrightError `unavailable` then */
export async function askEngine<T>(doing: string, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  return within(ANSWER_MS, doing, signal, call);
}

/** The same for what is cleared away whatever has been aborted. */
export async function clearOnEngine<T>(doing: string, call: () => Promise<T>): Promise<T> {
  return within(CLEARED_MS, doing, new AbortController().signal, call);
}

async function within<T>(ms: number, doing: string, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  // One for each call under way is no leak.
  setMaxListeners(0, signal);
  let giveUp: (error: unknown) => void = () => undefined;
  const overdue = new Promise<never>((_resolve, reject) => {
    giveUp = reject;
  });
  let timer = setTimeout(() => giveUp(noAnswer(doing, ms)), ms);
  const onAbort = () => {
    clearTimeout(timer);
    timer = setTimeout(() => giveUp(signal.reason), ABORTED_MS);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([call(), overdue]);
  } catch (error) {
    signal.throwIfAborted();
    throw engineError(doing, error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function noAnswer(doing: string, ms: number): WheelwrightError {
  return new WheelwrightError(
    'unavailable',
    `the container engine gave no answer for ${ms / 60_000} minutes while ${doing}`,
    {
      hint: 'It hangs, or has far too much to do: `docker ps` on the worker tells. Restart it where that hangs as well. The attempt is tried again by itself.',
    },
  );
}
