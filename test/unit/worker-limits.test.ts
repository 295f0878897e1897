import { expect, it } from 'vitest';
import { parseSettings } from '../../core/settings.js';
import { attemptLimits, parseDuration, parseMemory } from '../../worker/limits.js';

const capacity = { cpus: 8, memoryBytes: 16 * 2 ** 30 };

it('shares the CPUs of the engine by the slots', () => {
  const settings = parseSettings({ WHEELWRIGHT_WORKER_SLOTS: '4' });
  const { build, jobs } = attemptLimits(settings, {}, capacity);
  expect(build).toMatchObject({ cpus: 2, memoryBytes: 6 * 2 ** 30, timeoutMs: 2 * 60 * 60_000 });
  expect(jobs).toBe(2);
});

it('lets a recipe say otherwise, within what there is', () => {
  const resources = { cpus: 99, memory: '3g', timeout: '90m' };
  const { build, short, jobs } = attemptLimits(parseSettings({}), { resources }, capacity);
  expect(build).toMatchObject({ cpus: 8, memoryBytes: 3 * 2 ** 30, timeoutMs: 90 * 60_000 });
  expect(short.timeoutMs).toBe(10 * 60_000);
  expect(jobs).toBe(3);
});

it('reads the forms of a recipe', () => {
  expect(parseMemory('512m')).toBe(512 * 2 ** 20);
  expect(parseMemory('1.5g')).toBe(1.5 * 2 ** 30);
  expect(parseDuration('30s')).toBe(30_000);
  expect(parseDuration('2h')).toBe(7_200_000);
});
