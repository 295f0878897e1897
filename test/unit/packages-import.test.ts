import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { importPackages } from '../../core/packages-import.js';
import { parseRecipe } from '../../core/recipe/book.js';
import { lintRecipe } from '../../core/recipe/lint.js';
import { resolveRecipe } from '../../core/recipe/resolve.js';

const text = await readFile(new URL('../fixtures/packages/packages.ini', import.meta.url), 'utf8');
const imported = importPackages(text);
const recipe = (project: string) => parseRecipe(imported.recipes.find((each) => each.project === project)?.yaml ?? '');

test('one recipe for each project that needs any, each without fault', () => {
  expect(imported.recipes.map(({ project }) => project)).toEqual(['grinder', 'odd', 'tea-pot']);
  expect(imported.bare).toEqual(['lid', 'plain']);
  for (const { yaml } of imported.recipes) expect(lintRecipe(yaml).faults).toEqual([]);
});

test('what all releases share is said once, the rest by overrides; what comes after the newest gets what that one needs', () => {
  expect(recipe('tea-pot')).toEqual({
    project: 'tea-pot',
    python: '<3.13',
    system: { apt: ['libkettle-dev', 'libspout-dev'] },
    overrides: [
      {
        when: { versions: '>=2.10.0' },
        system: { apt: ['libhandle-dev'] },
        test: { requires: ['tea-pot[milk]', 'tea-pot[sugar]', 'leaf>=2'] },
      },
    ],
  });
  const target = { python: 'cp311', policy: 'manylinux_2_31' };
  expect(resolveRecipe(recipe('tea-pot'), { version: '2.9.1', ...target })).toEqual({
    system: { apt: ['libkettle-dev', 'libspout-dev'] },
  });
  expect(resolveRecipe(recipe('tea-pot'), { version: '2.11', ...target }).system?.apt).toContain('libhandle-dev');
});

test('a value goes on in indented lines, also behind an empty one and with a colon', () => {
  expect(recipe('grinder').test).toEqual({ 'skip-imports': ['grinder.tests', 'grinder._bench'] });
});

test('what is not carried over is listed, each with why', () => {
  expect(imported.notCarriedOver.map(({ section, key, value }) => [section, key, value])).toEqual([
    ['', undefined, undefined],
    ['no-version', undefined, undefined],
    ['grinder==1.0', 'custom_prebuild', 'prebuild/beans v2.1'],
    ['grinder==1.0', 'likely_binary_ignore', 'grinder/data/blade.o'],
    ['lid==1', 'python_versions', '<3.12'],
    ['lid==2', 'python_versions', '>=3.9'],
    ['odd==1.0', 'apt_requires', 'lib;evil'],
    ['odd==1.0', 'apt_require', 'typo'],
  ]);
  expect(imported.notCarriedOver[0]?.why).toContain('line 39');
  expect(imported.notCarriedOver[6]?.why).toContain('is not the name of a Debian package');
});

test.each([
  ['nothing', '', 0],
  ['a section that would be a prototype', '[__proto__]\napt_requires = a\n', 1],
  ['keys before any section', 'apt_requires = a\n', 1],
  ['binary', '\0\u0001[\n=\n', 2],
])('%s makes no recipe and no fuss', (_what, ini, faults) => {
  const { recipes, notCarriedOver } = importPackages(ini);
  expect(recipes).toEqual([]);
  expect(notCarriedOver.length).toBe(faults);
});
