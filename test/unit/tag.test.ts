import { describe, expect, it } from 'vitest';
import {
  canonicalPolicy,
  isPublishablePlatform,
  tagOrder,
  tagRank,
  wheelReach,
  wheelServesTarget,
} from '../../core/tag.js';
import { parseWheelFilename } from '../../core/wheel-name.js';

const target = { python: 'cp313', policy: 'manylinux_2_31', arch: 'x86_64' };

describe('wheelServesTarget', () => {
  it.each([
    'a-1-cp313-cp313-manylinux_2_31_x86_64.whl',
    'a-1-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
    'a-1-cp313-cp313-manylinux1_x86_64.whl',
    'a-1-cp313-cp313-manylinux2010_x86_64.whl',
    'a-1-cp37-abi3-manylinux2014_x86_64.whl',
    'a-1-cp313-abi3-manylinux_2_28_x86_64.whl',
    'a-1-cp32-abi3-manylinux_2_28_x86_64.whl',
    'a-1-py3-none-any.whl',
    'a-1-py2.py3-none-any.whl',
    'a-1-py38-none-any.whl',
    'a-1-cp313-none-any.whl',
    'a-1-py3-none-manylinux_2_5_x86_64.whl',
    'a-1-3-CP313-cp313-Manylinux_2_31_X86_64.whl',
  ])('takes %s', (filename) => {
    expect(wheelServesTarget(filename, target)).toBe(true);
  });

  it.each([
    ['a newer glibc', 'a-1-cp313-cp313-manylinux_2_32_x86_64.whl'],
    ['glibc before manylinux1', 'a-1-cp313-cp313-manylinux_2_4_x86_64.whl'],
    ['another architecture', 'a-1-cp313-cp313-manylinux_2_17_aarch64.whl'],
    ['musl', 'a-1-cp313-cp313-musllinux_1_2_x86_64.whl'],
    ['no promise on glibc', 'a-1-cp313-cp313-linux_x86_64.whl'],
    ['the exact ABI of another interpreter', 'a-1-cp312-cp312-manylinux_2_17_x86_64.whl'],
    ['the stable ABI of a newer interpreter', 'a-1-cp314-abi3-manylinux_2_17_x86_64.whl'],
    ['free threading', 'a-1-cp313-cp313t-manylinux_2_17_x86_64.whl'],
    ['Python 2', 'a-1-py2-none-any.whl'],
    ['a newer language', 'a-1-py314-none-any.whl'],
    ['an older interpreter without an ABI', 'a-1-cp312-none-any.whl'],
    ['an sdist', 'a-1.tar.gz'],
  ])('does not take %s', (_, filename) => {
    expect(wheelServesTarget(filename, target)).toBe(false);
  });

  it('gives a free-threaded interpreter its own ABI and no abi3', () => {
    const threaded = { ...target, python: 'cp314t' };
    expect(wheelServesTarget('a-1-cp314-cp314t-manylinux_2_17_x86_64.whl', threaded)).toBe(true);
    expect(wheelServesTarget('a-1-py3-none-any.whl', threaded)).toBe(true);
    expect(wheelServesTarget('a-1-cp314-cp314-manylinux_2_17_x86_64.whl', threaded)).toBe(false);
    expect(wheelServesTarget('a-1-cp39-abi3-manylinux_2_17_x86_64.whl', threaded)).toBe(false);
  });

  it('knows that other architectures began with manylinux2014', () => {
    const arm = { ...target, arch: 'aarch64' };
    expect(wheelServesTarget('a-1-cp313-cp313-manylinux2014_aarch64.whl', arm)).toBe(true);
    expect(wheelServesTarget('a-1-cp313-cp313-manylinux2010_aarch64.whl', arm)).toBe(false);
  });

  it('serves musl targets too', () => {
    const musl = { ...target, policy: 'musllinux_1_2' };
    expect(wheelServesTarget('a-1-cp313-cp313-musllinux_1_1_x86_64.whl', musl)).toBe(true);
    expect(wheelServesTarget('a-1-cp313-cp313-manylinux_2_17_x86_64.whl', musl)).toBe(false);
  });
});

describe('tagOrder', () => {
  const order = tagOrder(target);
  const place = (tag: string) => {
    expect(order).toContain(tag);
    return order.indexOf(tag);
  };

  it('begins with the exact tag and ends with the oldest generic one', () => {
    expect(order[0]).toBe('cp313-cp313-manylinux_2_31_x86_64');
    expect(order.at(-1)).toBe('py30-none-any');
    expect(new Set(order).size).toBe(order.length);
  });

  it('prefers exact over abi3, native over pure, a newer policy over an older', () => {
    const better = [
      'cp313-cp313-manylinux_2_31_x86_64',
      'cp313-cp313-manylinux_2_17_x86_64',
      'cp313-cp313-manylinux2014_x86_64',
      'cp313-cp313-manylinux1_x86_64',
      'cp313-abi3-manylinux_2_31_x86_64',
      'cp313-none-manylinux_2_31_x86_64',
      'cp312-abi3-manylinux_2_31_x86_64',
      'py313-none-manylinux_2_31_x86_64',
      'py3-none-manylinux_2_31_x86_64',
      'py312-none-manylinux_2_31_x86_64',
      'cp313-none-any',
      'py313-none-any',
      'py3-none-any',
      'py312-none-any',
    ].map(place);
    expect(better).toEqual([...better].sort((a, b) => a - b));
  });

  it('ranks a wheel by its best tag', () => {
    const ranks = new Map(order.map((tag, rank) => [tag, rank]));
    expect(tagRank(parseWheelFilename('a-1-py2.py3-none-any.whl'), ranks)).toBe(place('py3-none-any'));
    expect(tagRank(parseWheelFilename('a-1-py2-none-any.whl'), ranks)).toBeUndefined();
  });

  it('refuses what is no interpreter or policy', () => {
    expect(() => tagOrder({ ...target, python: 'pp310' })).toThrow(/not an interpreter tag/);
    expect(() => tagOrder({ ...target, policy: 'debian_11' })).toThrow(/not a platform policy/);
  });
});

describe('wheelReach', () => {
  it.each([
    ['a-1-py3-none-any.whl', 'pure'],
    ['a-1-py2.py3-none-any.whl', 'pure'],
    ['a-1-py3-none-manylinux_2_17_x86_64.whl', 'platform'],
    ['a-1-cp39-abi3-manylinux_2_17_x86_64.whl', 'abi3'],
    ['a-1-cp313-cp313-manylinux_2_17_x86_64.whl', 'exact'],
    ['a-1-cp313-none-any.whl', 'exact'],
  ])('%s: %s', (filename, reach) => {
    expect(wheelReach(parseWheelFilename(filename))).toBe(reach);
  });
});

it('knows policies by their older names', () => {
  expect(canonicalPolicy('manylinux2014')).toBe('manylinux_2_17');
  expect(canonicalPolicy('manylinux1')).toBe('manylinux_2_5');
  expect(canonicalPolicy('manylinux_2_28')).toBe('manylinux_2_28');
});

it.each([
  ['any', true],
  ['manylinux_2_31_x86_64', true],
  ['manylinux2014_aarch64', true],
  ['musllinux_1_2_x86_64', true],
  ['macosx_11_0_arm64', true],
  ['win_amd64', true],
  ['linux_x86_64', false],
  ['linux_aarch64', false],
  ['manylinux_x86_64', false],
  ['anything', false],
])('isPublishablePlatform(%s) is %s', (platform, publishable) => {
  expect(isPublishablePlatform(platform)).toBe(publishable);
});
