import { WheelwrightError } from '../errors.js';
import { lintRecipe } from './lint.js';
import { layersOf, type RecipeTarget, resolveRecipe } from './resolve.js';
import { pathText, type RecipePath, readRecipeSource } from './source.js';

/** One setting that applies, and the line of the recipe that gives it. */
export interface ExplainedSetting {
  /** e.g. `requires.constraints` */
  path: string;
  value: string | number | boolean;
  line: number;
}

/**
 * What a recipe comes to for one version on one target, entry by entry.
 * @throws WheelwrightError `invalid` with all faults when the recipe does not pass lint.
 */
export function explainRecipe(yamlText: string, target: RecipeTarget): ExplainedSetting[] {
  const { recipe, faults } = lintRecipe(yamlText);
  const { source } = readRecipeSource(yamlText);
  if (recipe === undefined || source === undefined) {
    throw new WheelwrightError('invalid', 'the recipe has faults', {
      hint: 'Mend what is listed and try again.',
      faults,
    });
  }
  const layers = layersOf(recipe, target).toReversed();
  return leavesOf(resolveRecipe(recipe, target)).map((leaf) => {
    const origin = layers.flatMap((layer) =>
      leavesOf(layer.settings)
        .filter((other) => settingName(other.path) === settingName(leaf.path) && other.value === leaf.value)
        .map((other) => [...layer.path, ...other.path]),
    )[0];
    return { path: settingName(leaf.path), value: leaf.value, line: origin === undefined ? 1 : source.at(origin).line };
  });
}

interface Leaf {
  path: RecipePath;
  value: string | number | boolean;
}

function leavesOf(value: unknown, path: RecipePath = []): Leaf[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => leavesOf(item, [...path, index]));
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, item]) => leavesOf(item, [...path, key]));
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [{ path, value }] : [];
}

/** The path without places in lists, which merging changes. */
function settingName(path: RecipePath): string {
  return pathText(path.filter((part) => typeof part === 'string'));
}
