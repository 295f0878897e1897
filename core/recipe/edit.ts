import { type Change, diffLines } from 'diff';
import { parseDocument } from 'yaml';
import { mergeSettings } from './merge.js';
import type { EffectiveRecipe } from './recipe.js';

/**
 * A recipe's text with an edit merged into it by {@link mergeEdit}. Text and comments that the edit does not touch stay as they are.
 * @param yaml a sound recipe
 * @param edit a partial recipe, as in a proposal
 */
export function editRecipe(yaml: string, edit: Readonly<Record<string, unknown>>): string {
  const document = parseDocument(yaml);
  const before = document.toJS() as Record<string, unknown>;
  const after = mergeEdit(before as EffectiveRecipe, edit as EffectiveRecipe) as Record<string, unknown>;
  for (const key of Object.keys(edit)) {
    if (JSON.stringify(after[key]) !== JSON.stringify(before[key])) document.set(key, document.createNode(after[key]));
  }
  return document.toString({ lineWidth: 100, blockQuote: 'literal' });
}

/** Variables that hold several values, with what stands between them. */
const SEVERAL =
  /^(?:(?:C|CXX|CPP|LD|RUST|F|FC)FLAGS|CMAKE_ARGS)$|^(C_INCLUDE_PATH|CPLUS_INCLUDE_PATH|CPATH|LIBRARY_PATH|PYTHONPATH)$/;

/**
 * Settings with an edit merged over them as overrides are (maps key by key, lists by what is not there yet), but in addition to what is there: the script runs
 * after the one before it, and a variable that holds several values keeps those that it has. A source takes the place of another of its package, and comes before
 * those that are there: one that is found to be needed later is needed by them.
 */
export function mergeEdit(base: EffectiveRecipe, edit: EffectiveRecipe): EffectiveRecipe {
  const environment = Object.entries(edit.environment ?? {}).map(([name, value]) => {
    const several = SEVERAL.exec(name);
    return [
      name,
      several === null ? value : joined(base.environment?.[name], value, several[1] === undefined ? ' ' : ':'),
    ];
  });
  const { sources, ...others } = edit;
  const merged = mergeSettings(base, {
    ...others,
    ...(edit.environment === undefined ? {} : { environment: Object.fromEntries(environment) }),
    ...(edit.prepare === undefined ? {} : { prepare: joined(base.prepare, edit.prepare, '\n') }),
  });
  if (sources === undefined) return merged;
  const replaced = (one: Source) => sources.some((other) => nameOf(other) === nameOf(one));
  return { ...merged, sources: [...sources, ...(base.sources ?? []).filter((one) => !replaced(one))] };
}

/** The system packages that a proposed edit installs for the build. */
export function packagesOf(proposal: { edit: EffectiveRecipe } | undefined): readonly string[] {
  return proposal?.edit.system?.apt ?? [];
}

type Source = NonNullable<EffectiveRecipe['sources']>[number];

function nameOf({ url, debian }: Source): string {
  return debian?.package ?? url ?? '';
}

function joined(present: string | undefined, added: string, between: string): string {
  if (present === undefined || present === '') return added;
  return present.includes(added) ? present : `${present}${present.endsWith('\n') ? '' : between}${added}`;
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
