import { expect, it } from 'vitest';
import { WheelwrightError } from '../../core/errors.js';
import { watchOutage } from '../../worker/outage.js';

it('tells an outage in one line, again after ten minutes, and its end, with pauses that grow', async () => {
  let now = 0;
  const told: unknown[] = [];
  const tell = (fields: unknown, text?: string) => told.push([text, fields]);
  const pauses: number[] = [];
  const outage = watchOutage(
    { warn: tell as never, info: tell as never },
    () => now,
    async (ms) => {
      pauses.push(ms);
      now += ms;
    },
  );
  const away = new WheelwrightError('unavailable', 'connect ECONNREFUSED', { hint: 'Is it running?' });
  const { signal } = new AbortController();
  for (let time = 0; time < 10; time++) await outage.failed(away, signal);
  expect(told).toEqual([
    ['the api cannot be asked for work; trying on', { reason: 'connect ECONNREFUSED', hint: 'Is it running?' }],
  ]);
  expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
  expect([pauses[0], pauses.at(-1)]).toEqual([1_000, 10_000]);
  now += 10 * 60_000;
  await outage.failed(away, signal);
  expect(told).toHaveLength(2);
  outage.over();
  outage.over();
  expect(told.slice(2)).toEqual([['the api answers again', { awaySeconds: expect.any(Number) }]]);
  await outage.failed(away, signal);
  expect(told).toHaveLength(4);
  expect(pauses.at(-1)).toBe(1_000);
});

it('does not hold up a worker that is stopped', async () => {
  const stop = new AbortController();
  const outage = watchOutage({ warn: () => undefined, info: () => undefined });
  const paused = outage.failed(new Error('away'), stop.signal);
  stop.abort();
  await paused;
});
