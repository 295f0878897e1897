import { createHash } from 'node:crypto';
import type { EffectiveRecipe, Recipe } from './recipe.js';

/** The sha256 (hex) of a recipe's content: order of keys, comments and spelling of the YAML do not change it. */
export function recipeDigest(recipe: Recipe | EffectiveRecipe): string {
  return createHash('sha256').update(canonicalJson(recipe)).digest('hex');
}

/** JSON with keys in order and without what is undefined, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : item,
  );
}
