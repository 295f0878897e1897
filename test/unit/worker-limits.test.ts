import { expect, it } from 'vitest';
import { placementOf } from '../../core/resources.js';
import { reservation } from '../../core/schedule.js';
import { parseSettings } from '../../core/settings.js';
import { attemptLimits, workerCapacity } from '../../worker/limits.js';

const GIB = 2 ** 30;
const engine = {
  version: '20.10.24',
  architecture: 'x86_64',
  labels: ['zone=a'],
  cpus: 8,
  memoryBytes: 16 * GIB,
  diskBytes: 100 * GIB,
};
const given = (settings: Record<string, string>, resources = {}) => {
  const parsed = parseSettings(settings);
  const placement = placementOf({ resources }, { arch: 'x86_64' }, 'stable');
  return { settings: parsed, got: reservation(placement, workerCapacity(parsed, engine)) };
};

it('shares what the engine has by the slots', () => {
  expect(given({ WHEELWRIGHT_WORKER_SLOTS: '4' }).got).toMatchObject({
    cpus: 2,
    memoryBytes: 4 * GIB,
    diskBytes: 20 * GIB,
  });
  expect(given({ WHEELWRIGHT_WORKER_SLOTS: '16' }).got).toMatchObject({ cpus: 0.5, memoryBytes: GIB });
  expect(given({}).got).toMatchObject({ cpus: 8, memoryBytes: 6 * GIB, diskBytes: 20 * GIB });
});

it('takes what the settings say of the whole and of one attempt, within what the engine has', () => {
  const { got } = given({
    WHEELWRIGHT_WORKER_CPUS: '4',
    WHEELWRIGHT_WORKER_SLOTS: '2',
    WHEELWRIGHT_BUILD_MEMORY_BYTES: String(64 * GIB),
  });
  expect(got).toMatchObject({ cpus: 2, memoryBytes: 16 * GIB });
  const capacity = workerCapacity(
    parseSettings({ WHEELWRIGHT_WORKER_LABELS: 'large-disk, gpu', WHEELWRIGHT_WORKER_TRUST: 'trial' }),
    engine,
  );
  expect(capacity).toMatchObject({
    labels: ['gpu', 'large-disk', 'zone=a'],
    trust: ['trial'],
    architectures: ['x86_64'],
  });
  expect(() => parseSettings({ WHEELWRIGHT_WORKER_TRUST: 'everything' })).toThrow('WHEELWRIGHT_WORKER_TRUST');
});

it('lets a recipe say otherwise, within what there is', () => {
  const resources = { cpus: 99, memory: '3g', disk: '1.5g', timeout: '90m' };
  const { settings, got } = given({}, resources);
  const { build, short, jobs } = attemptLimits(settings, { resources }, got);
  expect(build).toMatchObject({ cpus: 8, memoryBytes: 3 * GIB, diskBytes: 1.5 * GIB, timeoutMs: 90 * 60_000 });
  expect(short.timeoutMs).toBe(10 * 60_000);
  expect(jobs).toBe(3);
});

it('reads the forms of a recipe', () => {
  const placement = placementOf(
    { resources: { memory: '512m', exclusive: true, labels: ['b', 'a', 'b'] } },
    { arch: 'aarch64' },
    'trial',
  );
  expect(placement).toEqual({
    arch: 'aarch64',
    channel: 'trial',
    memoryBytes: 512 * 2 ** 20,
    labels: ['a', 'b'],
    exclusive: true,
  });
  const timeoutMs = (timeout: string) =>
    attemptLimits(parseSettings({}), { resources: { timeout } }, { cpus: 1, memoryBytes: 1, diskBytes: 1 }).build
      .timeoutMs;
  expect(timeoutMs('30s')).toBe(30_000);
  expect(timeoutMs('2h')).toBe(7_200_000);
});
