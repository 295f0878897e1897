import { interpreterVersion } from '../interpreter.js';
import { normalizeProjectName } from '../project-name.js';
import { satisfiesSpecifiers } from '../version.js';
import { mergeSettings } from './merge.js';
import type { EffectiveRecipe, Recipe } from './recipe.js';

/** What a recipe is asked about: one version on one interpreter tag (`cp313`) and policy. */
export interface RecipeTarget {
  version: string;
  python: string;
  policy: string;
}

/** The recipe of a project that needs none. */
export function emptyRecipe(project: string): Recipe {
  return { project: normalizeProjectName(project) };
}

/** Whether the recipe is meant for that version and interpreter at all. */
export function recipeApplies(recipe: Recipe, target: RecipeTarget): boolean {
  return matches({ versions: recipe.versions, python: recipe.python }, target);
}

/** What finally applies: the recipe's settings with the overrides that match merged over them, in their order. */
export function resolveRecipe(recipe: Recipe, target: RecipeTarget): EffectiveRecipe {
  return layersOf(recipe, target).reduce(
    (merged, { settings }) => mergeSettings(merged, settings),
    {} as EffectiveRecipe,
  );
}

/** The parts of a recipe that apply, in the order in which they are merged, each with its path in the recipe. */
export function layersOf(
  recipe: Recipe,
  target: RecipeTarget,
): { path: (string | number)[]; settings: EffectiveRecipe }[] {
  const {
    project: _project,
    versions: _versions,
    python: _python,
    overrides = [],
    maintainers: _maintainers,
    ...settings
  } = recipe;
  return [
    { path: [], settings },
    ...overrides.flatMap(({ when, ...override }, index) =>
      matches(when, target) ? [{ path: ['overrides', index], settings: override }] : [],
    ),
  ];
}

interface Condition {
  versions?: string | undefined;
  python?: string | undefined;
  policy?: string | undefined;
}

function matches({ versions, python, policy }: Condition, target: RecipeTarget): boolean {
  return (
    (versions === undefined || satisfiesSpecifiers(target.version, versions, { prereleases: true })) &&
    (python === undefined || satisfiesSpecifiers(interpreterSeries(target.python), python)) &&
    (policy === undefined || policy === target.policy)
  );
}

/** `3.13` for `cp313`: a recipe speaks of a series, so that `<=3.13` and `==3.13` mean all of its patch releases. */
function interpreterSeries(tag: string): string {
  return interpreterVersion(tag).split('.').slice(0, 2).join('.');
}
