import { normalizeProjectName } from '../project-name.js';
import type { EffectiveRecipe } from './recipe.js';

type Settings = Readonly<Record<string, unknown>>;

/** Lists of requirements and crates, in which a second entry about the same project takes the place of the first. */
const REQUIREMENT_LISTS = new Set(['constraints', 'additions', 'requires', 'crates']);

/**
 * Settings with others merged over them: maps key by key, lists by adding what is not there yet, everything else by taking the later value.
 * In lists of requirements and of crates the later one about a project replaces the earlier.
 */
export function mergeSettings(base: EffectiveRecipe, over: EffectiveRecipe): EffectiveRecipe {
  return mergeMaps(base, over) as EffectiveRecipe;
}

function mergeMaps(base: Settings, over: Settings): Settings {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value !== undefined) merged[key] = mergeValues(key, merged[key], value);
  }
  return merged;
}

function mergeValues(key: string, base: unknown, over: unknown): unknown {
  if (Array.isArray(base) && Array.isArray(over)) {
    const kept = REQUIREMENT_LISTS.has(key)
      ? base.filter((item) => !over.some((other) => sameProject(item, other)))
      : base;
    return [
      ...kept,
      ...over.filter((item) => !kept.some((present) => JSON.stringify(present) === JSON.stringify(item))),
    ];
  }
  return isMap(base) && isMap(over) ? mergeMaps(base, over) : over;
}

function isMap(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sameProject(a: unknown, b: unknown): boolean {
  const name = projectOf(a);
  return name !== undefined && name === projectOf(b);
}

function projectOf(requirement: unknown): string | undefined {
  const name = /^\s*([A-Za-z0-9][\w.-]*)/.exec(String(requirement))?.[1];
  return name === undefined ? undefined : normalizeProjectName(name.replace(/[._-]+$/, ''));
}
