import { type Change, diffLines } from 'diff';
import { parseDocument } from 'yaml';
import type { EffectiveRecipe } from './recipe.js';
import { mergeSettings } from './recipe-merge.js';

/**
 * A recipe's text with an edit merged into it, as overrides are: maps key by key, lists by what is not there yet. Text and comments that the edit does not
 * touch stay as they are.
 * @param yaml a sound recipe
 * @param edit a partial recipe, as in a proposal
 */
export function editRecipe(yaml: string, edit: Readonly<Record<string, unknown>>): string {
  const document = parseDocument(yaml);
  const before = document.toJS() as Record<string, unknown>;
  const after = mergeSettings(before as EffectiveRecipe, edit as EffectiveRecipe) as Record<string, unknown>;
  for (const key of Object.keys(edit)) {
    if (JSON.stringify(after[key]) !== JSON.stringify(before[key])) document.set(key, document.createNode(after[key]));
  }
  return document.toString({ lineWidth: 100 });
}

export interface DiffLine {
  sign: '+' | '-' | ' ';
  text: string;
}

/** How one text becomes the other, line by line, all of it. */
export function diffTexts(before: string, after: string): DiffLine[] {
  return diffLines(before, after).flatMap((change) =>
    change.value
      .replace(/\n$/, '')
      .split('\n')
      .map((text) => ({ sign: signOf(change), text })),
  );
}

function signOf({ added, removed }: Change): DiffLine['sign'] {
  return added ? '+' : removed ? '-' : ' ';
}
