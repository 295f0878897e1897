import { expect, it } from 'vitest';
import { watchLostTime } from '../../api/lost-time.js';

const HOUR_MS = 3_600_000;

function watched() {
  const at = { clock: 1e12, steady: 0, timer: 0 };
  const lost = watchLostTime({ clock: () => at.clock, steady: () => at.steady }, 2_000, () => at.timer);
  const pass = (ms: number, more: Partial<typeof at> = {}) => {
    for (const name of ['clock', 'steady', 'timer'] as const) at[name] += more[name] ?? ms;
  };
  const round = () => {
    const moved = lost.roundBegins();
    lost.roundEnded();
    return moved;
  };
  return { pass, round };
}

it('counts no time that passes as planned', () => {
  const { pass, round } = watched();
  expect(round()).toBe(0);
  for (const ms of [2_000, 2_004, 2_900]) {
    pass(ms);
    expect(round()).toBe(0);
  }
});

it('moves leases by what the clock was set, forward and back', () => {
  const { pass, round } = watched();
  round();
  pass(2_000, { clock: 2_000 + HOUR_MS });
  expect(round()).toBe(HOUR_MS);
  pass(2_000);
  expect(round()).toBe(0);
  pass(2_000, { clock: 2_000 - HOUR_MS });
  expect(round()).toBe(-HOUR_MS);
});

it('moves leases by the time in which the program stood still', () => {
  const { pass, round } = watched();
  round();
  pass(42_000);
  expect(round()).toBe(40_000);
  pass(2_000);
  expect(round()).toBe(0);
});

it('moves leases by the time in which the machine slept, which the steady clock does not count', () => {
  const { pass, round } = watched();
  round();
  pass(2_000, { clock: 8 * HOUR_MS + 2_000 });
  expect(round()).toBe(8 * HOUR_MS);
});
