import { expect, test } from 'vitest';
import type { Target } from '../../core/build.js';
import { wheelAnswersTarget } from '../../core/shared-wheel.js';

const cp311: Target = {
  policy: 'manylinux_2_31',
  arch: 'x86_64',
  python: 'cp311',
  image: 'debian-11',
  builderDigest: 'a',
};
const cp313: Target = { ...cp311, python: 'cp313', builderDigest: 'b' };
const newerGlibc: Target = { ...cp313, policy: 'manylinux_2_36', image: 'debian-12', builderDigest: 'c' };
const changedBuilder: Target = { ...cp311, builderDigest: 'd' };

test.each([
  ['pure, another interpreter', 'spam-1.0-py3-none-any.whl', cp313, true],
  ['pure, another policy', 'spam-1.0-py3-none-any.whl', newerGlibc, true],
  ['pure, for Python 2 only', 'spam-1.0-py2-none-any.whl', cp313, false],
  ['abi3, a newer interpreter', 'spam-1.0-cp39-abi3-manylinux_2_31_x86_64.whl', cp313, true],
  ['abi3 that begins later', 'spam-1.0-cp312-abi3-manylinux_2_31_x86_64.whl', { ...cp311, python: 'cp310' }, false],
  ['abi3, another policy that would take it', 'spam-1.0-cp39-abi3-manylinux_2_31_x86_64.whl', newerGlibc, false],
  ['native for any interpreter', 'spam-1.0-py3-none-manylinux_2_31_x86_64.whl', cp313, true],
  ['one interpreter, itself', 'spam-1.0-cp311-cp311-manylinux_2_31_x86_64.whl', cp311, true],
  ['one interpreter, another', 'spam-1.0-cp311-cp311-manylinux_2_31_x86_64.whl', cp313, false],
  [
    'the same interpreter in a changed builder',
    'spam-1.0-cp311-cp311-manylinux_2_31_x86_64.whl',
    changedBuilder,
    false,
  ],
  ['pure, in a changed builder', 'spam-1.0-py3-none-any.whl', changedBuilder, true],
  ['not a wheel', 'spam-1.0.tar.gz', cp311, false],
])('%s', (_what, filename, target, answers) => {
  expect(wheelAnswersTarget(filename, cp311, target)).toBe(answers);
});
