import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandTags, parseWheelFilename, wheelNameOf } from '../../core/wheel-name.js';

describe('parseWheelFilename', () => {
  it('reads every component', () => {
    expect(parseWheelFilename('Foo.Bar-1.0-2a-py2.py3-none-any.whl')).toEqual({
      project: 'foo-bar',
      version: '1.0',
      distribution: 'Foo.Bar',
      versionText: '1.0',
      buildTag: { number: 2, suffix: 'a' },
      pythons: ['py2', 'py3'],
      abis: ['none'],
      platforms: ['any'],
    });
  });

  it('normalises the version, also where a dash was escaped', () => {
    expect(parseWheelFilename('a-1.0_alpha1-py3-none-any.whl').version).toBe('1.0a1');
    expect(parseWheelFilename('a-1.0+local.1-py3-none-any.whl').version).toBe('1.0+local.1');
  });

  it.each([
    ['a-1-py3-none-any.zip', /does not end in .whl/],
    ['a-1-py3-none.whl', /4 components/],
    ['a-1-b1-py3-none-any.whl', /no build tag, and variant wheels/],
    ['a-1-1-py3-none-any-x86_64_v3.whl', /"x86_64_v3".*variant wheels/],
    ['a-1-py3-none-any-x86_64_v3.whl', /variant wheels/],
    ['a__b-1-py3-none-any.whl', /not a project name/],
    ['-1-py3-none-any.whl', /not a project name/],
    ['á-1-py3-none-any.whl', /not a project name/],
    ['a-one-py3-none-any.whl', /"one" is not a version/],
    ['a-1-py3..py2-none-any.whl', /not a set of tags/],
    ['a-1-py3-none-../any.whl', /not a set of tags/],
    ['a-1-py3-none-any\n.whl', /not a set of tags/],
  ])('refuses %j', (filename, message) => {
    expect(() => parseWheelFilename(filename)).toThrow(message);
    expect(wheelNameOf(filename)).toBeUndefined();
  });

  it('reads whatever the specification lets a name be', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/);
    const tags = fc.uniqueArray(word, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(
        word,
        fc.nat(99),
        fc.option(fc.nat(99)),
        tags,
        tags,
        tags,
        (project, n, build, pythons, abis, platforms) => {
          const name = {
            project,
            version: `1.${n}`,
            ...(build !== null && { buildTag: { number: build, suffix: '' } }),
            pythons,
            abis,
            platforms,
          };
          const sets = [pythons, abis, platforms].map((set) => set.join('.'));
          const parts = [project, `1.${n}`, ...(build === null ? [] : [build]), ...sets];
          expect(parseWheelFilename(`${parts.join('-')}.whl`)).toMatchObject(name);
        },
      ),
    );
  });
});

it('expands compressed tag sets', () => {
  expect(expandTags(parseWheelFilename('a-1-py2.py3-none-any.whl'))).toEqual(['py2-none-any', 'py3-none-any']);
});
