import { z } from 'zod';
import { recipeSchema } from './recipe.js';
import type { RecipePath } from './source.js';

/** The part of JSON Schema that a recipe's schema is made of. */
export interface SchemaNode {
  type?: string;
  description?: string;
  properties?: Record<string, SchemaNode>;
  items?: SchemaNode;
  anyOf?: SchemaNode[];
  enum?: string[];
  required?: string[];
  pattern?: string;
  format?: string;
}

export function recipeJsonSchema(): SchemaNode {
  return z.toJSONSchema(recipeSchema, { io: 'input' }) as SchemaNode;
}

/** The keys that the schema knows at a path of a recipe. */
export function keysAt(path: RecipePath): string[] {
  let node: SchemaNode | undefined = recipeJsonSchema();
  for (const part of path) node = typeof part === 'number' ? node?.items : node?.properties?.[part];
  return Object.keys(node?.properties ?? {});
}

/** The key that was probably meant, where one is near enough. */
export function nearestKey(key: string, keys: readonly string[]): string | undefined {
  const [best] = keys
    .map((candidate) => ({ candidate, distance: editDistance(key.toLowerCase(), candidate) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(1, Math.floor(key.length / 3)) ? best.candidate : undefined;
}

/** Insertions, deletions, replacements and swaps of neighbours (Damerau, restricted). */
function editDistance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)]);
  const at = (i: number, j: number) => rows[i]?.[j] ?? 0;
  const first = rows[0] as number[];
  for (let j = 1; j <= b.length; j += 1) first[j] = j;
  for (let i = 1; i <= a.length; i += 1) {
    for (let j = 1; j <= b.length; j += 1) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let distance = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + change);
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) distance = Math.min(distance, at(i - 2, j - 2) + 1);
      (rows[i] as number[])[j] = distance;
    }
  }
  return at(a.length, b.length);
}
