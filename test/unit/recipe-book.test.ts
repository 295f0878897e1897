import { expect, test } from 'vitest';
import { chooseRecipe, recipeForTarget } from '../../core/recipe/book.js';
import { lintRecipe } from '../../core/recipe/lint.js';

const YAML = 'project: spam\nversions: ">=2"\nenvironment: { SPAM: "1" }\n';
const catalogue = {
  recipe: async (project: string) => {
    const { recipe } = lintRecipe(YAML);
    return project === 'spam' && recipe !== undefined ? { recipe, yaml: YAML } : undefined;
  },
};
const target = { version: '2.0', python: 'cp313', policy: 'manylinux_2_31' };

test('the catalogue where nothing is given, and none where it has nothing', async () => {
  expect(await chooseRecipe(catalogue, 'spam', undefined)).toMatchObject({ origin: 'catalogue', yaml: YAML });
  expect(await chooseRecipe(catalogue, 'eggs', undefined)).toMatchObject({
    origin: 'none',
    recipe: { project: 'eggs' },
  });
});

test("the catalogue's own recipe, however it is written, is not a request's", async () => {
  const given = 'environment:\n  SPAM: "1"\nversions: ">=2" # newer\nproject: spam\n';
  expect(await chooseRecipe(catalogue, 'spam', given)).toMatchObject({ origin: 'catalogue', yaml: YAML });
  const changed = await chooseRecipe(catalogue, 'spam', given.replace('"1"', '"2"'));
  expect(changed.origin).toBe('request');
  expect(changed.digest).not.toBe((await chooseRecipe(catalogue, 'spam', undefined)).digest);
});

test('a catalogue recipe that is for other versions gives way to none; one of a request is refused', async () => {
  const shipped = await chooseRecipe(catalogue, 'spam', undefined);
  expect(recipeForTarget(shipped, target)).toBe(shipped);
  expect(recipeForTarget(shipped, { ...target, version: '1.0' })).toMatchObject({ origin: 'none' });
  const given = await chooseRecipe(catalogue, 'eggs', 'project: Eggs\nversions: ">=2"\n');
  expect(() => recipeForTarget(given, { ...target, version: '1.0' })).toThrow('the recipe is not for');
});

test('all faults of a recipe come at once', async () => {
  await expect(
    chooseRecipe(catalogue, 'spam', 'project: spam\nsystm: {}\ntoolchains: [cobol]\n'),
  ).rejects.toMatchObject({
    code: 'invalid',
    faults: [expect.objectContaining({ line: 2 }), expect.objectContaining({ line: 3 })],
  });
});
