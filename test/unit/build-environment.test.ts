import type Docker from 'dockerode';
import { expect, test } from 'vitest';
import { openEngine } from '../../adapters/docker/engine.js';
import { pruneKept } from '../../adapters/docker/kept.js';
import { environmentKey, watchRefusals } from '../../worker/phases/environment.js';

const TARGET = { builderDigest: 'd1', python: 'cp313' };
const NUMPY = { filename: 'numpy-2.0-cp313-cp313-linux_x86_64.whl', sha256: 'a', sizeBytes: 2 ** 24 };
const CYTHON = { filename: 'cython-3.0-py3-none-any.whl', sha256: 'b', sizeBytes: 2 ** 21 };
const SCRIPTS = [{ name: 'scripts/environment.py', text: 'make' }];
const ON = { WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES: 1 };
const key = (wheels = [NUMPY, CYTHON], target = TARGET, scripts = SCRIPTS) =>
  environmentKey(target, wheels, scripts, ON);

test('an environment is known by its wheels in any order', () => {
  expect(key()).toMatch(/^[0-9a-f]{64}$/);
  expect(key([CYTHON, NUMPY])).toBe(key());
});

test.each([
  ['another wheel', key([NUMPY])],
  ['other bytes of a wheel', key([NUMPY, { ...CYTHON, sha256: 'c' }])],
  ['another builder', key(undefined, { ...TARGET, builderDigest: 'd2' })],
  ['another interpreter', key(undefined, { ...TARGET, python: 'cp311' })],
  ['another way of making it', key(undefined, TARGET, [{ name: 'scripts/environment.py', text: 'make otherwise' }])],
])('%s is another environment', (_, other) => {
  expect(other).not.toBe(key());
});

test('none is kept without wheels, of a few small ones, or where it is turned off', () => {
  expect(key([])).toBeUndefined();
  expect(key([{ ...CYTHON, sizeBytes: 2 ** 20 }])).toBeUndefined();
  expect(
    key([
      { ...CYTHON, sizeBytes: 2 ** 20 },
      { ...NUMPY, sizeBytes: 2 ** 20 },
    ]),
  ).toBeDefined();
  expect(environmentKey(TARGET, [NUMPY], SCRIPTS, { WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES: 0 })).toBeUndefined();
});

test('a build is heard that would write into its environment, also when it says so in two pieces', () => {
  const heard = (...pieces: string[]) => {
    const refusals = watchRefusals();
    for (const piece of pieces) refusals.see(Buffer.from(piece));
    return refusals.refused();
  };
  expect(heard("OSError: [Errno 30] Read-only file system: '/build/env/lib/x.py'\n")).toBe(true);
  expect(heard("cp: cannot create regular file '/build/env/x': Read-on", 'ly file system\n')).toBe(true);
  expect(heard('/build/env/bin/python setup.py\n', "OSError: Read-only file system: '/usr/lib/x.py'\n")).toBe(false);
  expect(heard("OSError: Read-only file system: '/build/environment/x.py'\n")).toBe(false);
  expect(heard('open /build/env/lib/x.go: read-only file system\n')).toBe(true);
  expect(heard("EROFS: read-only file system, open '/build/env/node/x'\n")).toBe(true);
  expect(heard("touch: cannot touch 'generated.py': Read-only file system\n")).toBe(true);
  expect(heard("touch: cannot touch '/usr/include/x.h': Read-only file system\n")).toBe(false);
});

test('of what is kept, each kind has its own limit, and what a container has or another instance owns stays', async () => {
  const volume = (Name: string, kind: string, Size: number, RefCount = 0, instance = 'spam') => ({
    Name,
    CreatedAt: `2026-01-01T00:00:0${Name.at(-1)}Z`,
    Labels: { 'wheelwright.instance': instance, 'wheelwright.kind': kind },
    UsageData: { Size, RefCount },
  });
  const gone: string[] = [];
  const docker = {
    df: async () => ({
      Volumes: [
        volume('environment-3', 'environment', 10),
        volume('environment-1', 'environment', 10, 1),
        volume('environment-2', 'environment', 10),
        volume('cache-1', 'compiler-cache', 10),
        volume('cache-2', 'compiler-cache', 10),
        volume('foreign-1', 'environment', 100, 0, 'eggs'),
      ],
    }),
    getVolume: (name: string) => ({ remove: async () => gone.push(name) }),
  };
  const prune = (limits: Parameters<typeof pruneKept>[2]) =>
    pruneKept(docker as unknown as Docker, 'spam', limits, new AbortController().signal);
  expect(await prune({ 'compiler-cache': 20, environment: 20 })).toEqual(['environment-2']);
  expect(await prune({ 'compiler-cache': 0, environment: 30 })).toEqual(['cache-1', 'cache-2']);
  expect(gone).toEqual(['environment-2', 'cache-1', 'cache-2']);
});

test('what was used longest ago goes first, however old it is, and marks of uses go with what they tell of', async () => {
  type Named = { Name: string; CreatedAt: string; Labels: Record<string, string> };
  const volumes = new Map<string, Named>();
  let now = Date.parse('2026-01-01T00:00:00Z');
  const docker = {
    createVolume: async ({ Name, Labels }: Named) => {
      if (!volumes.has(Name)) volumes.set(Name, { Name, CreatedAt: new Date(now).toISOString(), Labels });
    },
    getVolume: (name: string) => ({ remove: async () => volumes.delete(name), inspect: async () => volumes.get(name) }),
    df: async () => ({
      Volumes: [...volumes.values()].map((volume) => ({ ...volume, UsageData: { Size: 10, RefCount: 0 } })),
    }),
  } as unknown as Docker;
  const start = () =>
    openEngine({
      docker,
      instance: 'spam',
      fetchNetwork: 'none',
      prepareImages: async () => ({ builder: '', clean: '', compilerCache: false, inputs: [] }),
      now: () => now,
    });
  const { signal } = new AbortController();
  const marks = () => [...volumes.keys()].filter((name) => /-used-\d+$/.test(name));
  const made = async (name: string) => {
    now += 60_000;
    await docker.createVolume({
      Name: `wheelwright-spam-environment-${name}`,
      Labels: { 'wheelwright.instance': 'spam', 'wheelwright.kind': 'environment' },
    });
  };
  for (const name of ['often', 'once', 'late']) await made(name);
  now += 3_600_000;
  const engine = start();
  await engine.findEnvironment('often', signal);
  await engine.findEnvironment('often', signal);
  expect(marks()).toHaveLength(1);
  now += 3_600_000;
  // After a restart as well.
  await start().findEnvironment('often', signal);
  expect(marks()).toHaveLength(2);
  expect(await start().pruneKept({ 'compiler-cache': 1, environment: 20 }, signal)).toEqual([
    'wheelwright-spam-environment-once',
  ]);
  expect(marks()).toHaveLength(1);
  expect(await start().pruneKept({ 'compiler-cache': 1, environment: 10 }, signal)).toEqual([
    'wheelwright-spam-environment-late',
  ]);
  expect(await start().pruneKept({ 'compiler-cache': 1, environment: 0 }, signal)).toEqual([
    'wheelwright-spam-environment-often',
  ]);
  expect([...volumes.keys()]).toEqual([]);
});
