import type { z } from 'zod';
import type { Fault } from '../errors.js';
import { checkRecipe } from './checks.js';
import { keysAt, nearestKey } from './keys.js';
import { type Recipe, recipeSchema } from './recipe.js';
import { type PathFault, pathText, type RecipeSource, readRecipeSource } from './source.js';

/**
 * Reads a recipe and finds all that is wrong with it at once: the YAML, the keys, the values, and what they mean. A recipe comes back only without faults.
 * Faults stand in the order of the text.
 */
export function lintRecipe(yamlText: string): { recipe?: Recipe; faults: Fault[] } {
  const { source, faults } = readRecipeSource(yamlText);
  if (source === undefined) return { faults: inOrder(faults) };
  const parsed = recipeSchema.safeParse(source.value);
  const found = parsed.success
    ? checkRecipe(parsed.data)
    : [...parsed.error.issues.flatMap(faultsOf), ...checkSoundParts(source.value, parsed.error.issues)];
  if (found.length === 0 && parsed.success) return { recipe: parsed.data, faults: [] };
  return { faults: inOrder(found.map((fault) => placed(fault, source))) };
}

/** The checks of meaning for what is left when the parts with faults of form are taken out. */
function checkSoundParts(value: unknown, issues: readonly z.core.$ZodIssue[]): PathFault[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const sound = { project: 'unnamed', ...structuredClone(value) } as Record<string, unknown>;
  for (const issue of issues) {
    for (const key of issue.code === 'unrecognized_keys' ? issue.keys : [undefined]) {
      remove(sound, key === undefined ? issue.path : [...issue.path, key]);
    }
  }
  const parsed = recipeSchema.safeParse({ project: 'unnamed', ...sound });
  return parsed.success ? checkRecipe(parsed.data) : [];
}

/** Removes what is at a path; of a list the whole, since the others' places would no longer be theirs. */
function remove(root: Record<string, unknown>, path: readonly PropertyKey[]): void {
  const list = path.findIndex((part) => typeof part === 'number');
  const keys = list < 0 ? path : path.slice(0, list);
  const last = keys.at(-1);
  if (last === undefined) return;
  let parent: unknown = root;
  for (const key of keys.slice(0, -1)) {
    if (typeof parent !== 'object' || parent === null) return;
    parent = (parent as Record<PropertyKey, unknown>)[key];
  }
  if (typeof parent === 'object' && parent !== null) delete (parent as Record<PropertyKey, unknown>)[last];
}

function faultsOf(issue: z.core.$ZodIssue): PathFault[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const nearest = nearestKey(key, keysAt(path));
      const advice = nearest === undefined ? `known here: ${keysAt(path).join(', ')}` : `did you mean "${nearest}"?`;
      return { path: [...path, key], message: `unknown key "${key}"; ${advice}` };
    });
  }
  if (issue.code === 'invalid_value') {
    return [{ path, message: `must be one of ${issue.values.join(', ')}` }];
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return [{ path, message: 'must be a text or a list of texts' }];
  }
  if (issue.code === 'invalid_type' && issue.expected === 'string') {
    return [{ path, message: 'must be a text; put it in quotes where YAML reads it as something else' }];
  }
  return [{ path, message: issue.message }];
}

function placed({ path, message }: PathFault, source: RecipeSource): Fault {
  return { message, ...(path.length === 0 ? {} : { path: pathText(path) }), ...source.at(path) };
}

function inOrder(faults: Fault[]): Fault[] {
  return faults.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
