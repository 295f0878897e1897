import { describe, expect, it } from 'vitest';
import {
  compareVersions,
  isPrerelease,
  isSpecifierSet,
  normalizeVersion,
  satisfiesSpecifiers,
} from '../../core/version.js';

it.each([
  ['1.0', '1.0'],
  ['v1.0.0', '1.0.0'],
  ['1.0-alpha.1', '1.0a1'],
  ['1.0-1', '1.0.post1'],
  ['1.0.DEV3', '1.0.dev3'],
  ['2!1.0+Ubuntu-1', '2!1.0+ubuntu.1'],
  ['1.0c1', '1.0rc1'],
])('normalises %s to %s', (text, normal) => {
  expect(normalizeVersion(text)).toBe(normal);
});

it('refuses what is no version', () => {
  expect(() => normalizeVersion('1.x')).toThrow(/"1.x" is not a version/);
});

it('orders as PEP 440 says', () => {
  const ordered = ['1.0.dev1', '1.0a1', '1.0b2', '1.0rc1', '1.0', '1.0+local.1', '1.0.post1', '1.1', '1.10', '1!0.1'];
  expect([...ordered].reverse().sort(compareVersions)).toEqual(ordered);
  expect(compareVersions('1.0', '1.0.0')).toBe(0);
});

describe('satisfiesSpecifiers', () => {
  it.each([
    ['1.5', '>=1,<2', true],
    ['2.0', '>=1,<2', false],
    ['1.4.9', '~=1.4', true],
    ['1.4', '==1.*', true],
    ['3.13', '>=3.6,', true],
    ['1.0', '', true],
    ['2.0a1', '>=1', false],
    ['2.0a1', '', false],
    ['2.0a2', '>=2.0a1,<3', true],
    ['2.0a2', '>=1,!=2.0a1', false],
  ])('%s and %j: %s', (version, specifiers, satisfied) => {
    expect(satisfiesSpecifiers(version, specifiers)).toBe(satisfied);
  });

  it('takes pre-releases when asked', () => {
    expect(satisfiesSpecifiers('2.0a1', '>=1', { prereleases: true })).toBe(true);
    expect(satisfiesSpecifiers('3.14.0rc1', '', { prereleases: true })).toBe(true);
  });

  it('refuses what it cannot read', () => {
    expect(isSpecifierSet('>=one')).toBe(false);
    expect(() => satisfiesSpecifiers('1', '=>1')).toThrow(/not a set of version specifiers/);
  });
});

it('knows pre-releases', () => {
  expect(['1.0a1', '1.0.dev1', '1.0rc1'].map(isPrerelease)).toEqual([true, true, true]);
  expect(['1.0', '1.0.post1', '1.0+a1'].map(isPrerelease)).toEqual([false, false, false]);
});
