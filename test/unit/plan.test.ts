import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WheelwrightError } from '../../core/errors.js';
import { planRelease } from '../../core/plan.js';
import { parseRequirement } from '../../core/requirement.js';
import type { IndexFile, ProjectPage } from '../../core/simple-index.js';

const SHA256 = 'ab'.repeat(32);

function file(filename: string, more: Partial<IndexFile> = {}): IndexFile {
  return { filename, url: `https://upstream.example/${filename}`, hashes: { sha256: SHA256 }, ...more };
}

function page(...files: (IndexFile | string)[]): ProjectPage {
  return { name: 'foo-bar', files: files.map((each) => (typeof each === 'string' ? file(each) : each)) };
}

function plan(requirement: string, of: ProjectPage | undefined, pythons = ['cp313']) {
  return planRelease(parseRequirement(requirement), of, { pythons });
}

function refusal(requirement: string, of: ProjectPage | undefined, pythons?: string[]): WheelwrightError {
  try {
    plan(requirement, of, pythons);
  } catch (error) {
    if (error instanceof WheelwrightError) return error;
    throw error;
  }
  throw new Error(`${requirement} was planned`);
}

describe('which version', () => {
  const releases = page('foo_bar-1.9.tar.gz', 'foo_bar-1.10.tar.gz', 'foo_bar-2.0rc1.tar.gz', 'foo_bar-1.2.tar.gz');

  test.each([
    ['foo-bar', '1.10'],
    ['Foo.Bar<1.10', '1.9'],
    ['foo-bar~=1.2', '1.10'],
    ['foo-bar>=2.0rc1', '2.0rc1'],
    ['foo-bar==2.0rc1', '2.0rc1'],
    ['foo-bar>1.10', '2.0rc1'],
    ['foo-bar!=1.10', '1.9'],
    ['foo-bar<2.0rc1', '1.10'],
  ])('%s gives %s', (requirement, version) => {
    expect(plan(requirement, releases).version).toBe(version);
  });

  test('the newest whatever the order of the page', () => {
    const versions = fc.uniqueArray(fc.tuple(fc.nat(30), fc.nat(30)), {
      minLength: 1,
      selector: (each) => each.join('.'),
    });
    fc.assert(
      fc.property(versions, (each) => {
        const newest = [...each].sort(([a, b], [c, d]) => c - a || d - b)[0]?.join('.');
        expect(plan('foo-bar', page(...each.map((parts) => `foo_bar-${parts.join('.')}.tar.gz`))).version).toBe(newest);
      }),
    );
  });

  test('a yanked release counts only when pinned', () => {
    const withYanked = page('foo_bar-1.0.tar.gz', file('foo_bar-1.1.tar.gz', { yanked: 'broken' }));
    expect(plan('foo-bar', withYanked).version).toBe('1.0');
    expect(plan('foo-bar==1.1', withYanked).version).toBe('1.1');
    const error = refusal('foo-bar==1.1.*', withYanked);
    expect(error.code).toBe('not-found');
    expect(error.message).toContain('yanked');
    expect(error.hint).toContain('1.1');
  });

  test('Requires-Python is honoured for each interpreter', () => {
    const withLimit = page('foo_bar-1.0.tar.gz', file('foo_bar-2.0.tar.gz', { requiresPython: '>=3.12' }));
    expect(plan('foo-bar', withLimit, ['cp313']).version).toBe('2.0');
    expect(plan('foo-bar', withLimit, ['cp311']).version).toBe('1.0');
    expect(plan('foo-bar', withLimit, ['cp313', 'cp311']).version).toBe('1.0');
    const error = refusal('foo-bar>=2', withLimit, ['cp313', 'cp311']);
    expect(error.message).toContain('is for cp311');
    expect(error.hint).toContain('2.0 requires Python >=3.12');
  });

  test('a pre-release is taken when the final releases are for other interpreters', () => {
    const beta = page(file('foo_bar-1.0.tar.gz', { requiresPython: '<3.13' }), 'foo_bar-1.1b1.tar.gz');
    expect(plan('foo-bar', beta).version).toBe('1.1b1');
  });

  test('a Requires-Python that is not a specifier is ignored, as pip does', () => {
    expect(plan('foo-bar', page(file('foo_bar-1.0.tar.gz', { requiresPython: '>=3.8.*' }))).version).toBe('1.0');
  });
});

describe('which sdist', () => {
  test('the .tar.gz with its hash and size', () => {
    const files = page(
      'foo_bar-1.0.zip',
      file('foo_bar-1.0.tar.gz', { sizeBytes: 12 }),
      'foo_bar-1.0-py3-none-any.whl',
    );
    expect(plan('foo-bar', files).sdist).toEqual({
      filename: 'foo_bar-1.0.tar.gz',
      url: 'https://upstream.example/foo_bar-1.0.tar.gz',
      sha256: SHA256,
      sizeBytes: 12,
    });
  });

  test.each(['foo-bar-1.0.zip', 'Foo.Bar-1.0.tar.bz2', 'foo_bar-1.0-0.tgz'])(
    '%s, a name from before PEP 625',
    (name) => {
      expect(plan('foo-bar', page(name)).sdist.filename).toBe(name);
    },
  );

  test('another archive when the first has no hash', () => {
    expect(plan('foo-bar', page(file('foo_bar-1.0.tar.gz', { hashes: {} }), 'foo_bar-1.0.zip')).sdist.filename).toMatch(
      /zip$/,
    );
  });
});

describe('what cannot be planned says why', () => {
  test('no such project', () => {
    const error = refusal('foo-bar', undefined);
    expect(error.code).toBe('not-found');
    expect(error.message).toBe('there is no project foo-bar on the index');
  });

  test('no such version: the nearest are named', () => {
    const names = ['1.0', '1.1', '1.2', '2.0', '3.0', '3.1', '4.0'].map((version) => `foo_bar-${version}.tar.gz`);
    const error = refusal('foo-bar==1.5', page(...names));
    expect(error.code).toBe('not-found');
    expect(error.message).toContain('==1.5');
    expect(error.hint).toBe('The nearest are 3.1, 3.0, 2.0, 1.2, 1.1, 1.0; the newest is 4.0.');
    expect(refusal('foo-bar>4', page(...names)).hint).toContain('the newest is 4.0');
  });

  test('no sdist: the wheels are named, and the newest version that has one', () => {
    const files = page('foo_bar-1.0.tar.gz', 'foo_bar-2.0-cp313-cp313-win_amd64.whl');
    const error = refusal('foo-bar', files);
    expect(error.code).toBe('not-found');
    expect(error.message).toContain('2.0 has no sdist, only wheels: foo_bar-2.0-cp313-cp313-win_amd64.whl');
    expect(error.hint).toContain('foo-bar==1.0');
  });

  test('no sdist in any version', () => {
    expect(refusal('foo-bar', page('foo_bar-2.0-py3-none-any.whl')).hint).toContain('No version of foo-bar has one');
  });

  test('no hash', () => {
    const error = refusal('foo-bar', page(file('foo_bar-1.0.tar.gz', { hashes: { md5: '00' } })));
    expect(error.code).toBe('invalid');
    expect(error.message).toContain('no sha256');
  });

  test('a quarantined project', () => {
    const error = refusal('foo-bar', {
      ...page('foo_bar-1.0.tar.gz'),
      status: 'quarantined',
      statusReason: 'Malware.',
    });
    expect(error.message).toContain('quarantined');
    expect(error.hint).toBe('Malware.');
  });

  test('a marker that rules an interpreter out', () => {
    const error = refusal('foo-bar; python_version < "3.12"', page('foo_bar-1.0.tar.gz'), ['cp311', 'cp313']);
    expect(error.code).toBe('invalid');
    expect(error.message).toContain('cp313');
  });
});
