import { expect, test } from 'vitest';
import type { Target } from '../../core/build.js';
import { buildKey } from '../../core/build-key.js';

const target: Target = {
  policy: 'manylinux_2_31',
  arch: 'x86_64',
  python: 'cp313',
  image: 'debian-11',
  builderDigest: 'b'.repeat(64),
};
const parts = { sdistSha256: 'a'.repeat(64), recipeDigest: 'r'.repeat(64), target };

test('the key stays the same from version to version, or everything would be built again', () => {
  expect(buildKey(parts)).toBe('b96c8a9ae41419e983445f8ed8a8f6e814e972a931c0f6125a3d1b94dd529534');
});

test('whatever decides the result changes the key; the name of the image does not', () => {
  const changed = [
    { ...parts, sdistSha256: 'c'.repeat(64) },
    { ...parts, recipeDigest: 'c'.repeat(64) },
    ...(['policy', 'arch', 'python', 'builderDigest'] as const).map((part) => ({
      ...parts,
      target: { ...target, [part]: 'other' },
    })),
  ];
  expect(new Set([parts, ...changed].map(buildKey)).size).toBe(changed.length + 1);
  expect(buildKey({ ...parts, target: { ...target, image: 'renamed' } })).toBe(buildKey(parts));
});
