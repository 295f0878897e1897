import { expect, it } from 'vitest';
import { containerSettings } from '../../adapters/docker/container-settings.js';
import { CpuPool } from '../../adapters/docker/cpu-pool.js';
import { isOrphan, makeLabels, makeLookLabels } from '../../adapters/docker/labels.js';
import type { ContainerSpec } from '../../core/engine.js';

const spec: ContainerSpec = {
  image: 'builder',
  command: ['true'],
  environment: { A: '1' },
  network: 'none',
  workspace: 'w',
  mounts: { inputs: 'read-only', build: 'read-write' },
  limits: { cpus: 3, memoryBytes: 2 ** 30, processes: 100, timeoutMs: 1000, diskBytes: 2 ** 31 },
};
const placement = { cpus: [0, 1], outside: 'host', labels: {}, cache: undefined, keptLabels: {} };

it('confines a container that runs foreign code', () => {
  const settings = containerSettings(spec, placement);
  expect(settings.User).toBe('1000:1000');
  expect(settings.HostConfig).toMatchObject({
    NetworkMode: 'none',
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges:true'],
    ReadonlyRootfs: true,
    PidsLimit: 100,
    Memory: 2 ** 30,
    MemorySwap: 2 ** 30,
    NanoCpus: 2e9,
    CpusetCpus: '0,1',
    Init: true,
    AutoRemove: false,
  });
  expect(settings.HostConfig?.Tmpfs?.['/tmp']).toContain('exec');
  expect(settings.HostConfig?.Mounts).toEqual([
    { Type: 'volume', Source: 'w-inputs', Target: '/inputs', ReadOnly: true },
    { Type: 'volume', Source: 'w-build', Target: '/build', ReadOnly: false },
  ]);
});

it('gives a network only to a container that is said to have one', () => {
  expect(containerSettings({ ...spec, network: 'outside' }, placement).HostConfig?.NetworkMode).toBe('host');
});

it('shares CPUs out evenly and takes them back', () => {
  const pool = new CpuPool(4);
  expect(pool.take(2)).toEqual([0, 1]);
  const second = pool.take(1.5);
  expect(second).toEqual([2, 3]);
  pool.give(second);
  expect(pool.take(2)).toEqual([2, 3]);
  expect(pool.take(100)).toEqual([0, 1, 2, 3]);
});

it('knows what a killed worker left behind', () => {
  const labels = makeLabels({ instance: 'i', owner: 'here:7' }, 'a1', 1000);
  const self = { owner: 'here:8', live: new Set<string>(), now: 500, isRunning: () => false };
  expect(isOrphan(labels, self)).toBe(true);
  expect(isOrphan(labels, { ...self, isRunning: () => true })).toBe(false);
  expect(isOrphan(labels, { ...self, isRunning: () => true, now: 1001 })).toBe(true);
  expect(isOrphan(labels, { ...self, live: new Set(['a1']), now: 1001 })).toBe(false);
  expect(isOrphan(labels, { ...self, owner: 'here:7', isRunning: () => true })).toBe(true);
});

it('leaves a look into an image the time that it takes, whoever looks', () => {
  const self = { owner: 'here:8', live: new Set<string>(), now: 1000, isRunning: () => false };
  expect(isOrphan(makeLookLabels('i', 1000), self)).toBe(false);
  expect(isOrphan(makeLookLabels('i', 1000), { ...self, now: 1001 + 3_600_000 })).toBe(true);
});
