import type Docker from 'dockerode';
import { expect, test } from 'vitest';
import { pruneKept } from '../../adapters/docker/kept.js';
import { cacheName } from '../../worker/compiler-cache.js';

const name = (channel: 'stable' | 'trial', recipe = {}, project = 'spam') => cacheName({ project, channel, recipe });

test('a cache belongs to one project and one channel', () => {
  expect(name('stable')).toMatch(/^stable-spam-[0-9a-f]{12}$/);
  expect(name('stable')).not.toBe(name('trial'));
  expect(name('stable', {}, 'eggs')).not.toBe(name('stable'));
  expect(name('stable', {}, 'a'.repeat(200))).not.toBe(name('stable', {}, `${'a'.repeat(200)}b`));
});

test('approved recipes of a project share it whatever they say', () => {
  expect(name('stable', { prepare: 'true' })).toBe(name('stable'));
});

test.each([
  { prepare: 'true' },
  { patches: ['x'] },
  { sources: [{ url: 'https://a.example/x', sha256: '0', to: 'x' }] },
  { environment: { CC: 'sh' } },
  { 'config-settings': { a: 'b' } },
  { requires: { additions: ['evil'] } },
  { requires: { replace: true } },
])('a recipe that nobody approved and that brings code of its own shares with none: %j', (recipe) => {
  expect(name('trial', recipe)).not.toBe(name('trial'));
});

test('on trial, what a solver adds to a recipe does not start again', () => {
  const more = { system: { apt: ['libfoo-dev'] }, requires: { constraints: ['cython<3'] }, test: { imports: ['a'] } };
  expect(name('trial', more)).toBe(name('trial'));
});

test('while the engine adds up sizes for another worker, no cache is removed and nothing has failed', async () => {
  const refusing = (message: string) => {
    const df = () => Promise.reject(Object.assign(new Error(message), { statusCode: 500 }));
    return pruneKept(
      { df } as unknown as Docker,
      'spam',
      { 'compiler-cache': 0, environment: 0 },
      new AbortController().signal,
    );
  };
  expect(await refusing('server error - a disk usage operation is already running')).toEqual([]);
  await expect(refusing('server error - no such plugin')).rejects.toThrow('no such plugin');
});
