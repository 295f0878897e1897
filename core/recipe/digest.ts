import { digestOf } from '../digest.js';
import type { EffectiveRecipe, Recipe } from './recipe.js';

/** Identifies a recipe's content: order of keys, comments and spelling of the YAML do not change it. */
export function recipeDigest(recipe: Recipe | EffectiveRecipe): string {
  return digestOf(recipe);
}
