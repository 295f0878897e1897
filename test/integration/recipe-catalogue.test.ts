import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openRecipeFolder } from '../../adapters/disk/recipes.js';
import { checkDependencies } from '../../core/recipe/catalogue.js';
import type { Recipe } from '../../core/recipe/recipe.js';
import { renderRecipeReference } from '../../core/recipe/reference.js';
import { temporaryFolder } from '../support/temporary-folder.js';

test('every recipe of the catalogue is sound and none depend on each other in a circle', async () => {
  const catalogue = openRecipeFolder('recipes');
  const recipes = new Map<string, Recipe>();
  for (const project of await catalogue.projects()) {
    const found = await catalogue.recipe(project);
    if (found !== undefined) recipes.set(project, found.recipe);
  }
  expect(recipes.size).toBeGreaterThan(5);
  checkDependencies(recipes);
});

test('docs/catalogue.md tells of every recipe, and of nothing else, what it gave when it was built', async () => {
  const page = await readFile('docs/catalogue.md', 'utf8');
  const [, ...rows] = page.split('\n').filter((line) => /^\| [a-z0-9]/.test(line));
  const cells = rows.map((line) => line.split('|').map((cell) => cell.trim()));
  const unrecorded = /^Without a record of both interpreters yet: (.*)\.$/m.exec(page)?.[1]?.split(', ') ?? [];
  for (const [, project = '', , ...tags] of cells) {
    const recorded = tags.slice(0, 2).filter((tag) => tag !== '–');
    expect(recorded.length < 2, project).toBe(unrecorded.includes(project));
    for (const tag of recorded) expect(tag, project).toMatch(/^`cp3\d+-(cp3\d+|abi3)-manylinux_2_31_x86_64`$/);
  }
  const projects = new Set([...cells.map(([, project = '']) => project), ...unrecorded]);
  expect([...projects].sort()).toEqual(await openRecipeFolder('recipes').projects());
});

test('docs/recipes.md is what the schema says; `npx vitest run <this file> --update` writes it', async () => {
  await expect(renderRecipeReference()).toMatchFileSnapshot('../../docs/recipes.md');
});

test('a file is found by any spelling of its project, and must be named after it', async () => {
  const folder = temporaryFolder();
  await writeFile(join(folder, 'foo-bar.yaml'), 'project: Foo.Bar\n');
  await writeFile(join(folder, 'other.yaml'), 'project: another\n');
  await writeFile(join(folder, 'broken.yaml'), 'projekt: broken\n');
  const catalogue = openRecipeFolder(folder);
  expect((await catalogue.recipe('FOO_bar'))?.recipe.project).toBe('Foo.Bar');
  expect(await catalogue.recipe('absent')).toBeUndefined();
  await expect(catalogue.recipe('other')).rejects.toThrow('holds the recipe of another');
  await expect(catalogue.recipe('broken')).rejects.toMatchObject({
    code: 'invalid',
    faults: [{ line: 1 }, { line: 1 }],
  });
  expect(await openRecipeFolder(join(folder, 'nowhere')).projects()).toEqual([]);
});
