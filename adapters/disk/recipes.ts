import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WheelwrightError } from '../../core/errors.js';
import { normalizeProjectName } from '../../core/project-name.js';
import type { CatalogueRecipe, RecipeCatalogue } from '../../core/recipe/catalogue.js';
import { lintRecipe } from '../../core/recipe/lint.js';
import { namesIn } from './data-folder.js';

/** The recipes in a folder, one file per project: `<normalised project name>.yaml`. A file is read when it is asked for, so that an edit counts at once. */
export function openRecipeFolder(folder: string): RecipeCatalogue {
  async function projects(): Promise<string[]> {
    return (await namesIn(folder))
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => name.slice(0, -'.yaml'.length))
      .sort();
  }

  async function recipe(project: string): Promise<CatalogueRecipe | undefined> {
    const file = `${normalizeProjectName(project)}.yaml`;
    const yaml = await readFile(join(folder, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (yaml === undefined) return undefined;
    const { recipe, faults } = lintRecipe(yaml);
    if (recipe === undefined) {
      throw new WheelwrightError('invalid', `the recipe ${file} of the catalogue has faults`, {
        hint: `Run \`wheelwright recipe lint ${join(folder, file)}\` and mend what it lists.`,
        faults,
      });
    }
    const expected = `${normalizeProjectName(recipe.project)}.yaml`;
    if (expected !== file) {
      throw new WheelwrightError('invalid', `${file} holds the recipe of ${recipe.project}`, {
        hint: `A recipe's file is named after its project: ${expected}.`,
      });
    }
    return { recipe, yaml };
  }

  return { recipe, projects };
}
