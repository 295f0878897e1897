// How builds are solved: build, read the failure, change the recipe, build again. A search through recipes in which every node is a real build.
// Pure: the next step follows from the tries so far, so that a solve can go on after any interruption.

import { canonicalJson } from './digest.js';
import { checkRecipe } from './recipe/checks.js';
import { mergeEdit } from './recipe/edit.js';
import { type EffectiveRecipe, recipeSchema } from './recipe/recipe.js';
import { ideasFor } from './solve-ideas.js';
import { madeFor, mayBeNeedless } from './solve-needless.js';
import { namedRelease, nextOlder } from './solve-older.js';
import { olderReason, sayTried } from './solve-reason.js';
import {
  MAX_PROVEN_TRIES,
  MAX_TRIES,
  type PlannedTry,
  type SolveFacts,
  type SolveTry,
  sameFailure,
} from './solve-try.js';

/** Taking an edit away again costs a build like the last one; only worth it where that was quick. Milliseconds. */
const CHEAP_MS = 5 * 60_000;

export type SolveStep =
  | ({ kind: 'try' } & PlannedTry)
  /** `try` is the index of the one with the smallest recipe that works. */
  | { kind: 'solved'; try: number; reason?: string }
  | { kind: 'no-idea'; reason: string };

/** What to do after these tries, all of which have ended. Never repeats a recipe or an edit of a version, and ends after at most {@link MAX_TRIES}, or {@link MAX_PROVEN_TRIES}. */
export function nextStep(tries: readonly SolveTry[], facts: SolveFacts): SolveStep {
  const best = tries.findLastIndex(({ outcome }) => outcome.kind === 'succeeded');
  if (best >= 0) {
    const better = tries.length < MAX_TRIES ? (newer(tries, best, facts) ?? withoutOne(tries, best, facts)) : undefined;
    return better === undefined
      ? { kind: 'solved', try: best, ...olderReason(tries, best, facts) }
      : { kind: 'try', ...better };
  }
  const idea = tries.length < MAX_PROVEN_TRIES ? nextTry(tries, facts) : undefined;
  const next = tries.length < MAX_TRIES || isProven(idea, tries) ? idea : undefined;
  return next === undefined ? { kind: 'no-idea', reason: sayTried(tries, facts) } : { kind: 'try', ...next };
}

/** It follows from the last try's log, which tells of nothing that was there before. */
function isProven(planned: PlannedTry | undefined, tries: readonly SolveTry[]): boolean {
  return planned?.purpose === 'edit' && planned.parent === tries.length - 1 && planned.edits.at(-1)?.guess !== true;
}

/** The first unused idea of the last try, else of the one that it came from, and so on back to the first. */
function nextTry(tries: readonly SolveTry[], facts: SolveFacts): PlannedTry | undefined {
  const last = tries.at(-1);
  const repeated =
    last !== undefined &&
    tries
      .slice(0, -1)
      .some((earlier) => earlier.version === last.version && sameFailure(earlier.outcome, last.outcome));
  // The same failure again: what was changed did not help, so it is taken back.
  let from = repeated ? last.parent : tries.length - 1;
  while (from !== undefined) {
    const node = tries[from];
    for (const idea of ideasOf(node, tries, facts)) {
      const planned = { ...idea, parent: from };
      if (isSound(planned, facts) && !isRepetition(planned, tries, facts) && !isKnownNotToHelp(planned, node, tries))
        return planned;
    }
    from = node?.parent;
  }
  return undefined;
}

function ideasOf(node: SolveTry | undefined, tries: readonly SolveTry[], facts: SolveFacts): PlannedTry[] {
  if (node?.outcome.kind !== 'failed' || node.outcome.failure === undefined) return [];
  const { failure } = node.outcome;
  const { class: kind, line, lineNumber } = failure;
  const evidence = { buildId: node.buildId, class: kind, line, lineNumber };
  return ideasFor(failure, node.version, facts, tries).map((idea) =>
    idea.kind === 'older-release'
      ? { purpose: 'older-release', version: idea.version, edits: node.edits }
      : {
          purpose: 'edit',
          version: node.version,
          edits: [
            ...node.edits,
            { edit: idea.edit, why: idea.why, ...(idea.guess ? { guess: true as const } : {}), evidence },
          ],
        },
  );
}

/** An edit is made once for a version, whatever stands around it, and a recipe is built once. */
function isRepetition(planned: PlannedTry, tries: readonly SolveTry[], facts: SolveFacts): boolean {
  const key = recipeKey(planned, facts);
  const added = planned.purpose === 'edit' ? canonicalJson(planned.edits.at(-1)?.edit) : undefined;
  return tries.some(
    (earlier) =>
      earlier.version === planned.version &&
      (recipeKey(earlier, facts) === key || earlier.edits.some(({ edit }) => canonicalJson(edit) === added)),
  );
}

/** A guess that changed nothing about the same failure of another release. */
function isKnownNotToHelp(
  { purpose, edits }: PlannedTry,
  from: SolveTry | undefined,
  tries: readonly SolveTry[],
): boolean {
  const added = edits.at(-1);
  if (purpose !== 'edit' || added?.guess !== true || from === undefined) return false;
  const key = canonicalJson(added.edit);
  return tries.some(({ edits: made, ...after }) => {
    const before = tries[after.parent ?? -1];
    return (
      canonicalJson(made.at(-1)?.edit) === key &&
      before !== undefined &&
      sameFailure(before.outcome, after.outcome) &&
      sameFailure(before.outcome, from.outcome)
    );
  });
}

function recipeKey(planned: PlannedTry, facts: SolveFacts): string {
  return canonicalJson(merged(planned, facts));
}

/** An idea that makes no recipe, e.g. a name read from a log that can be no package, is passed over. */
function isSound(planned: PlannedTry, facts: SolveFacts): boolean {
  const { success, data } = recipeSchema.safeParse(merged(planned, facts));
  return success && checkRecipe(data).length === 0;
}

function merged({ edits }: PlannedTry, { recipe }: SolveFacts): EffectiveRecipe {
  return edits.reduce<EffectiveRecipe>((settings, { edit }) => mergeEdit(settings, edit), recipe);
}

/** A release between the one that works and the newest that is too new for the base. */
function newer(tries: readonly SolveTry[], best: number, facts: SolveFacts): PlannedTry | undefined {
  const found = tries[best];
  if (found?.outcome.kind !== 'succeeded' || found.outcome.durationMs > CHEAP_MS) return undefined;
  if (found.version === tries[0]?.version || tries.some(({ purpose }) => purpose === 'without')) return undefined;
  if (tries.some((each) => namedRelease(each, facts) === found.version)) return undefined;
  const version = nextOlder(facts, tries);
  return version === undefined ? undefined : { purpose: 'older-release', version, edits: found.edits, parent: best };
}

/** The best recipe without an edit that may be needless, newest first; the last one is known to be needed. */
function withoutOne(tries: readonly SolveTry[], best: number, facts: SolveFacts): PlannedTry | undefined {
  const found = tries[best];
  if (found?.outcome.kind !== 'succeeded' || found.outcome.durationMs > CHEAP_MS) return undefined;
  const { version, edits } = found;
  // On an older release the last edit of the newer one may be needless as well.
  const from = madeFor(edits.at(-1), tries)?.version === version ? edits.length - 2 : edits.length - 1;
  for (let at = from; at >= 0; at -= 1) {
    const smaller: PlannedTry = { purpose: 'without', version, edits: edits.toSpliced(at, 1), parent: best };
    if (mayBeNeedless(found, at, tries) && !isRepetition(smaller, tries, facts)) return smaller;
  }
  return undefined;
}
