import { expect, test } from 'vitest';
import type { Target } from '../../core/build.js';
import { findTarget, sortByInterpreter } from '../../core/target.js';

const target = (policy: string, python: string): Target => ({
  policy,
  arch: 'x86_64',
  python,
  image: 'image',
  builderDigest: 'b',
});
const targets = [
  target('manylinux_2_31', 'cp311'),
  target('manylinux_2_31', 'cp313'),
  target('manylinux_2_17', 'cp39'),
];

test('found by policy and interpreter, also by the old name of a policy', () => {
  expect(findTarget(targets, 'manylinux_2_31', 'cp313')).toBe(targets[1]);
  expect(findTarget(targets, 'manylinux2014', 'cp39')).toBe(targets[2]);
});

test('what is not there is answered with what is', () => {
  expect(() => findTarget(targets, 'manylinux_2_36', 'cp313')).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('manylinux_2_17, manylinux_2_31') }),
  );
  expect(() => findTarget(targets, 'manylinux_2_31', 'cp39')).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('cp311, cp313') }),
  );
  expect(() => findTarget([], 'manylinux_2_31', 'cp39')).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('none at all') }),
  );
});

test('interpreters are sorted by version, not by letters', () => {
  const pythons = ['cp313', 'cp39', 'cp314t', 'cp314', 'cp310'].map((python) => target('manylinux_2_31', python));
  expect(sortByInterpreter(pythons).map(({ python }) => python)).toEqual(['cp39', 'cp310', 'cp313', 'cp314', 'cp314t']);
});
