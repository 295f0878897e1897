import { WheelwrightError } from '../errors.js';
import { normalizeProjectName } from '../project-name.js';
import type { RecipeCatalogue } from './catalogue.js';
import { recipeDigest } from './digest.js';
import { lintRecipe } from './lint.js';
import type { Recipe } from './recipe.js';
import { emptyRecipe, type RecipeTarget, recipeApplies } from './resolve.js';

/** One revision of a recipe, and where it is from. */
export interface BookedRecipe {
  recipe: Recipe;
  /** As it was written. */
  yaml: string;
  digest: string;
  origin: 'none' | 'catalogue' | 'submission' | 'request';
}

/**
 * The recipe to use for a project: the one that was given, else the catalogue's. The catalogue's own recipe given with a request is the catalogue's.
 * @throws WheelwrightError `invalid` when the one given has faults or is for another project.
 */
export async function chooseRecipe(
  catalogue: Pick<RecipeCatalogue, 'recipe'>,
  project: string,
  given: string | undefined,
): Promise<BookedRecipe> {
  const found = await catalogue.recipe(project);
  const shipped = found && { ...found, digest: recipeDigest(found.recipe), origin: found.origin ?? 'catalogue' };
  if (given === undefined) return shipped ?? noRecipe(project);
  const recipe = parseRecipe(given);
  if (normalizeProjectName(recipe.project) !== project) {
    throw new WheelwrightError('invalid', `the recipe is for ${recipe.project}, the requirement for ${project}`, {
      hint: 'Give the recipe of the project that is asked for.',
    });
  }
  const digest = recipeDigest(recipe);
  return shipped?.digest === digest ? shipped : { recipe, yaml: given, digest, origin: 'request' };
}

/**
 * The recipe as far as it is for that version and interpreter: a catalogue recipe that is not gives way to none.
 * @throws WheelwrightError `invalid` when the recipe of a request is not for it.
 */
export function recipeForTarget(booked: BookedRecipe, target: RecipeTarget): BookedRecipe {
  if (recipeApplies(booked.recipe, target)) return booked;
  const { project, versions, python } = booked.recipe;
  if (booked.origin !== 'request') return noRecipe(project);
  const limits = [versions && `versions ${versions}`, python && `Python ${python}`].filter(Boolean).join(' and ');
  throw new WheelwrightError('invalid', `the recipe is not for ${project} ${target.version} on ${target.python}`, {
    hint: `It says that it is for ${limits}. Ask for one of those, or change these lines of the recipe.`,
  });
}

/** @throws WheelwrightError `invalid` with all faults. */
export function parseRecipe(yaml: string): Recipe {
  const { recipe, faults } = lintRecipe(yaml);
  if (recipe !== undefined) return recipe;
  throw new WheelwrightError(
    'invalid',
    `the recipe has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}`,
    {
      hint: 'docs/recipes.md describes the form; `wheelwright recipe lint FILE` shows the same faults before anything is asked for.',
      faults,
    },
  );
}

function noRecipe(project: string): BookedRecipe {
  const recipe = emptyRecipe(project);
  return { recipe, yaml: `project: ${project}\n`, digest: recipeDigest(recipe), origin: 'none' };
}
