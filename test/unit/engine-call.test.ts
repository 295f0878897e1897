import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { askEngine, callEngine, clearOnEngine } from '../../adapters/docker/engine-call.js';

const never = () => new Promise<string>(() => undefined);
const after = (ms: number) => () => new Promise<string>((resolve) => setTimeout(() => resolve('made'), ms));
const MINUTE_MS = 60_000;
const { signal } = new AbortController();

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** What becomes of a promise in so many milliseconds: its value, its error, or nothing yet. */
async function within(ms: number, promise: Promise<string>): Promise<unknown> {
  let state: unknown = 'under way';
  promise.then(
    (value) => (state = value),
    (error: unknown) => (state = error),
  );
  await vi.advanceTimersByTimeAsync(ms);
  return state;
}

test('an engine that answers nothing is not waited for for ever', async () => {
  const asked = askEngine('making a container', signal, never);
  expect(await within(5 * MINUTE_MS - 1, asked)).toBe('under way');
  expect(await within(1, asked)).toMatchObject({
    code: 'unavailable',
    message: 'the container engine gave no answer for 5 minutes while making a container',
    hint: expect.stringContaining('docker ps'),
  });
  const cleared = clearOnEngine('removing a container', never);
  expect(await within(2 * MINUTE_MS, cleared)).toMatchObject({ code: 'unavailable' });
});

test('what may take long is let, but not for ever', async () => {
  const built = callEngine('building', signal, after(120 * MINUTE_MS));
  expect(await within(120 * MINUTE_MS, built)).toBe('made');
  expect(await within(360 * MINUTE_MS, callEngine('building', signal, never))).toMatchObject({ code: 'unavailable' });
});

test.each([
  ['callEngine', callEngine],
  ['askEngine', askEngine],
])('an abort of %s waits a moment for what is made all the same, and no longer', async (_, call) => {
  const stop = new AbortController();
  const [made, hung] = [call('a', stop.signal, after(9_000)), call('b', stop.signal, never)];
  stop.abort(new Error('the worker stops'));
  expect(await within(9_000, made)).toBe('made');
  expect(await within(1_000, hung)).toBe(stop.signal.reason);
  expect(vi.getTimerCount()).toBe(0);
});
