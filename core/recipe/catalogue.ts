import { WheelwrightError } from '../errors.js';
import { normalizeProjectName } from '../project-name.js';
import { parseRequirement } from '../requirement.js';
import type { Recipe } from './recipe.js';

/** A recipe with the text it was read from. */
export interface CatalogueRecipe {
  recipe: Recipe;
  yaml: string;
  /** `submission`: somebody approved it here, and it stands before the file that ships. */
  origin?: 'catalogue' | 'submission';
}

/** The recipes that everybody's builds use, by normalised project name. */
export interface RecipeCatalogue {
  /** @throws WheelwrightError `invalid` with all faults when the file of that project is not a sound recipe. */
  recipe(project: string): Promise<CatalogueRecipe | undefined>;
  projects(): Promise<string[]>;
}

/**
 * Refuses recipes that depend on each other in a circle: none of them could be built first.
 * @param recipes by normalised project name
 * @throws WheelwrightError `invalid`
 */
export function checkDependencies(recipes: ReadonlyMap<string, Recipe>): void {
  const done = new Set<string>();
  const visit = (project: string, path: readonly string[]): void => {
    const start = path.indexOf(project);
    if (start >= 0) {
      const circle = [...path.slice(start), project].join(' -> ');
      throw new WheelwrightError('invalid', `recipes depend on each other in a circle: ${circle}`, {
        hint: 'Take one `depends` out: it names projects whose wheels must be built first and share a library.',
      });
    }
    if (done.has(project)) return;
    for (const next of dependsOf(recipes.get(project))) visit(next, [...path, project]);
    done.add(project);
  };
  for (const project of recipes.keys()) visit(project, []);
}

/** As {@link checkDependencies}, for one recipe among those of a catalogue. */
export async function checkDependenciesOf(recipe: Recipe, catalogue: Pick<RecipeCatalogue, 'recipe'>): Promise<void> {
  const recipes = new Map([[normalizeProjectName(recipe.project), recipe]]);
  const reached = [recipe];
  for (const next of reached) {
    for (const project of dependsOf(next)) {
      const found = recipes.has(project) ? undefined : (await catalogue.recipe(project))?.recipe;
      if (found === undefined) continue;
      recipes.set(project, found);
      reached.push(found);
    }
  }
  checkDependencies(recipes);
}

function dependsOf(recipe: Recipe | undefined): string[] {
  const named = [...(recipe?.depends ?? []), ...(recipe?.overrides ?? []).flatMap(({ depends }) => depends ?? [])];
  return named.map((text) => parseRequirement(text).name);
}
