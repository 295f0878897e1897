import { describe, expect, test } from 'vitest';
import { checkDependencies } from '../../core/recipe/catalogue.js';
import { recipeDigest } from '../../core/recipe/digest.js';
import { explainRecipe } from '../../core/recipe/explain.js';
import type { Recipe } from '../../core/recipe/recipe.js';
import { emptyRecipe, recipeApplies, resolveRecipe } from '../../core/recipe/resolve.js';

const target = { version: '5.4.1', python: 'cp313', policy: 'manylinux_2_31' };

describe('resolveRecipe', () => {
  test('merges what matches, in order: lists grow, maps merge, values are replaced', () => {
    const recipe: Recipe = {
      project: 'x',
      system: { apt: ['a', 'b'] },
      environment: { A: '1', B: '1' },
      requires: { constraints: ['cython<4', 'numpy<2'] },
      resources: { memory: '1g' },
      maintainers: ['me'],
      overrides: [
        {
          when: { versions: '<6' },
          system: { apt: ['b', 'c'] },
          environment: { B: '2' },
          requires: { constraints: ['Cython<3'] },
        },
        { when: { python: '<3.13' }, toolchains: ['rust'] },
        { when: { python: '==3.13', policy: 'manylinux_2_31' }, resources: { memory: '2g' } },
        { when: { policy: 'manylinux_2_36' }, toolchains: ['go'] },
      ],
    };
    expect(resolveRecipe(recipe, target)).toEqual({
      system: { apt: ['a', 'b', 'c'] },
      environment: { A: '1', B: '2' },
      requires: { constraints: ['numpy<2', 'Cython<3'] },
      resources: { memory: '2g' },
    });
  });

  test('a recipe speaks of a Python series, not of its patch releases', () => {
    const recipe: Recipe = { project: 'x', python: '<=3.13' };
    expect(recipeApplies(recipe, target)).toBe(true);
    expect(recipeApplies(recipe, { ...target, python: 'cp314' })).toBe(false);
    expect(recipeApplies({ project: 'x', versions: '>=6' }, target)).toBe(false);
  });

  test('nothing applies to a project without a recipe', () => {
    expect(resolveRecipe(emptyRecipe('Foo_Bar'), target)).toEqual({});
    expect(emptyRecipe('Foo_Bar')).toEqual({ project: 'foo-bar' });
  });
});

test('the digest is of the content, not of its order', () => {
  const digest = recipeDigest({ project: 'x', system: { apt: ['a'], dnf: ['b'] } });
  expect(recipeDigest({ system: { dnf: ['b'], apt: ['a'] }, project: 'x' })).toBe(digest);
  expect(recipeDigest({ project: 'x', system: { apt: ['b'], dnf: ['a'] } })).not.toBe(digest);
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
});

test('explainRecipe names the line that gave each setting', () => {
  const yaml = [
    'project: pyyaml',
    'system: { apt: [libyaml-dev] }',
    'environment:',
    '  A: "1"',
    'overrides:',
    '  - when: { versions: "<6" }',
    '    environment: { A: "2" }',
    '    requires: { constraints: ["cython<3"] }',
  ].join('\n');
  expect(explainRecipe(yaml, target)).toEqual([
    { path: 'system.apt', value: 'libyaml-dev', line: 2 },
    { path: 'environment.A', value: '2', line: 7 },
    { path: 'requires.constraints', value: 'cython<3', line: 8 },
  ]);
});

test('a circle of depends is refused and named', () => {
  const recipes = new Map<string, Recipe>([
    ['a', { project: 'a', depends: ['B>=2'] }],
    ['b', { project: 'b', overrides: [{ when: { versions: '<1' }, depends: ['c'] }] }],
    ['c', { project: 'c', depends: ['a'] }],
  ]);
  expect(() => checkDependencies(recipes)).toThrow('a -> b -> c -> a');
  recipes.delete('c');
  expect(() => checkDependencies(recipes)).not.toThrow();
});
