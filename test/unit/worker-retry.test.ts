import { expect, it } from 'vitest';
import { type ErrorCode, WheelwrightError } from '../../core/errors.js';
import { persistently } from '../../worker/retry.js';

const { signal } = new AbortController();

/** Calls through an outage of so many milliseconds, which pass in no time; gives how often was asked. */
async function through(awayMs: number, code: ErrorCode = 'unavailable'): Promise<number> {
  let now = 0;
  let asked = 0;
  const call = async () => {
    asked += 1;
    if (now < awayMs) throw new WheelwrightError(code, 'away');
    return asked;
  };
  return persistently(call, signal, async (ms) => {
    now += ms;
  });
}

it('delivers after an api that was away for ten minutes and more, without asking all the time', async () => {
  expect(await through(10 * 60_000)).toBeLessThan(80);
  expect(await through(20 * 60_000, 'internal')).toBeGreaterThan(80);
});

it('gives up in the end', async () => {
  await expect(through(8 * 3_600_000)).rejects.toThrow('away');
});

it.each(['conflict', 'unauthorized', 'invalid', 'too-large'] as const)('does not ask again after %s', async (code) => {
  await expect(through(1, code)).rejects.toMatchObject({ code });
});
