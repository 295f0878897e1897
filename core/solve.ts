// How builds are solved: build, read the failure, change the recipe, build again. A search through recipes in which every node is a real build.
// Pure: the next step follows from the tries so far, so that a solve can go on after any interruption.
import { type Failure, type FailureClass, isSameFailure } from './failure.js';
import { checkRecipe } from './recipe/checks.js';
import { canonicalJson } from './recipe/digest.js';
import { mergeEdit } from './recipe/edit.js';
import { type EffectiveRecipe, recipeSchema } from './recipe/recipe.js';
import { failuresOf, ideasFor, takesSources } from './solve-ideas.js';
import { isTooNewForBase, namedRelease, nextOlder } from './solve-older.js';
import type { PlannedTry, SolveEdit, SolveFacts, SolveTry } from './solve-try.js';

/** Builds that one solve may take in all, those that make its recipe smaller included. */
export const MAX_TRIES = 8;

/** Taking an edit away again costs a build like the last one; only worth it where that was quick. Milliseconds. */
const CHEAP_MS = 5 * 60_000;

export type SolveStep =
  | ({ kind: 'try' } & PlannedTry)
  /** `try` is the index of the one with the smallest recipe that works. */
  | { kind: 'solved'; try: number; reason?: string }
  | { kind: 'no-idea'; reason: string };

/** What to do after these tries, all of which have ended. Never repeats a recipe or an edit of a version, and ends after at most {@link MAX_TRIES}. */
export function nextStep(tries: readonly SolveTry[], facts: SolveFacts): SolveStep {
  const best = tries.findLastIndex(({ outcome }) => outcome.kind === 'succeeded');
  if (best >= 0) {
    const better = tries.length < MAX_TRIES ? (newer(tries, best, facts) ?? withoutOne(tries, best, facts)) : undefined;
    return better === undefined
      ? { kind: 'solved', try: best, ...olderReason(tries, best, facts) }
      : { kind: 'try', ...better };
  }
  const next = tries.length < MAX_TRIES ? nextTry(tries, facts) : undefined;
  return next === undefined ? { kind: 'no-idea', reason: sayTried(tries, facts) } : { kind: 'try', ...next };
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

function sameFailure(a: SolveTry['outcome'], b: SolveTry['outcome']): boolean {
  if (a.kind !== 'failed' || b.kind !== 'failed') return false;
  const [first, second] = [a.failure, b.failure];
  return first === undefined || second === undefined ? first === second : isSameFailure(first, second);
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

/** The try whose failure led to an edit. */
function madeFor(edit: SolveEdit | undefined, tries: readonly SolveTry[]): SolveTry | undefined {
  return tries.find(({ buildId }) => buildId === edit?.evidence.buildId);
}

/** A guess may have changed nothing; what a newer release asked for may not be wanted by this one; what a log asked for may no longer be wanted once the requirements or switches are others. */
function mayBeNeedless({ edits, version, outcome }: SolveTry, at: number, tries: readonly SolveTry[]): boolean {
  const edit = edits[at];
  if (outcome.kind === 'succeeded' && edit !== undefined && isLinked(edit, outcome.libraries ?? [])) return false;
  return (
    (edit?.guess === true && !hasHelped(edit, tries)) ||
    (madeFor(edit, tries)?.version !== version && !asksAlike(version, tries)) ||
    edits
      .slice(at + 1)
      .some(
        (later) => !onlyAdds(later) && ['requires', 'environment', 'config-settings'].some((key) => key in later.edit),
      )
  );
}

/** The failure was gone after it: a build fails alike until its cause is. */
function hasHelped(edit: SolveEdit, tries: readonly SolveTry[]): boolean {
  const before = madeFor(edit, tries);
  const after = tries.find(
    (each) => each.version === before?.version && canonicalJson(each.edits.at(-1)) === canonicalJson(edit),
  );
  if (before === undefined || after === undefined || sameFailure(before.outcome, after.outcome)) return false;
  return onlyAdds(edit);
}

/** The older release, with an edit of the newer one taken away, failed as that one did before the edit was made: what else was asked for, it asks for as well. */
function asksAlike(version: string, tries: readonly SolveTry[]): boolean {
  return tries.some((each) => {
    if (each.purpose !== 'without' || each.version !== version) return false;
    const kept = new Set(each.edits.map((edit) => canonicalJson(edit)));
    const removed = tries[each.parent ?? -1]?.edits.find((edit) => !kept.has(canonicalJson(edit)));
    const before = madeFor(removed, tries);
    return before !== undefined && before.version !== version && sameFailure(before.outcome, each.outcome);
  });
}

const ADDING: ReadonlySet<string> = new Set(['system', 'runtime', 'toolchains', 'prepare', 'sources', 'additions']);

/** It only adds something, or rewrites what failed: where the failure is another afterwards, it was needed. A switch may have led elsewhere instead. */
function onlyAdds({ edit }: SolveEdit): boolean {
  const { requires = {}, ...others } = mergeEdit({}, edit);
  return [...Object.keys(requires), ...Object.keys(others)].every((key) => ADDING.has(key));
}

/** The edit does nothing but install packages, and the wheel was linked against the library of one of them. */
function isLinked({ edit }: SolveEdit, libraries: readonly string[]): boolean {
  const packages = mergeEdit({}, edit).system?.apt ?? [];
  if (packages.length === 0 || Object.keys(edit).length > 1) return false;
  const linked = new Set(libraries.map(nameOfLibrary));
  return packages.some((name) => name.endsWith('-dev') && linked.has(nameOfLibrary(name)));
}

/** `tag` of `libtag1-dev` and of `libtag-2f1d0c3e.so.1.17.0`: Debian names packages of libraries as their files. */
function nameOfLibrary(name: string): string {
  return name.replace(/^lib/, '').split(/[-_.]/)[0]?.replace(/\d+$/, '') ?? '';
}

function sayTried(tries: readonly SolveTry[], facts: SolveFacts): string {
  // Of the release that was asked for: how an older one fails is of less interest.
  const last = tries.findLast(({ version }) => version === tries[0]?.version);
  const failure = last?.outcome.kind === 'failed' ? last.outcome.failure : undefined;
  const tried = tries.slice(1).map(({ purpose, version, edits }) => {
    const added = edits.at(-1);
    if (purpose !== 'edit' || added === undefined) return version;
    return takesSources(added) ? `${added.why} (built first)` : `${inShort(added.edit)} (${added.why})`;
  });
  return [
    tries.length >= MAX_TRIES ? `Not solved in ${MAX_TRIES} attempts.` : 'No new idea.',
    tried.length === 0 ? 'Nothing in the failure says what to change.' : `Tried: ${tried.join('; ')}.`,
    failure === undefined
      ? 'The last build ended without a diagnosis: what it needs could not be built, or its workers were lost.'
      : `${last?.version} fails with ${failure.class}: ${failure.line || failure.cause}`,
    ...waysOut(tries, failure, facts),
  ].join(' ');
}

/** An edit on one line: of a script its first comment, which says what it does. */
function inShort(edit: Record<string, unknown>): string {
  const script = edit['prepare'];
  const comment = typeof script === 'string' ? /^# (.+)$/m.exec(script)?.[1] : undefined;
  return canonicalJson(comment === undefined ? edit : { ...edit, prepare: comment });
}

/** What stands in the way of the release that was asked for, where an older one works instead. */
function olderReason(tries: readonly SolveTry[], best: number, facts: SolveFacts): { reason?: string } {
  const [asked] = tries;
  const found = tries[best];
  if (asked === undefined || found === undefined || asked.version === found.version) return {};
  // The last of its failures: earlier ones were mended by an edit.
  const stopped = tries.findLast(({ version, outcome }) => version === asked.version && outcome.kind === 'failed');
  const failure = stopped?.outcome.kind === 'failed' ? stopped.outcome.failure : undefined;
  const line = failure === undefined ? '' : ` (${failure.line.trim() || failure.cause})`;
  return {
    reason:
      failure === undefined || isTooNewForBase(failure)
        ? `${asked.version} is too new for the target's base${line}; ${found.version} works here. For ${asked.version} itself: ${otherWaysOut(tries, facts).join(' or ')}.`
        : `${asked.version} could not be built${line}; ${found.version} works here.`,
  };
}

function otherWaysOut(tries: readonly SolveTry[], { newerPolicies }: SolveFacts): string[] {
  const known = failuresOf(tries)
    .flatMap(({ ideas = [] }) => ideas)
    .find(takesSources);
  return [
    newerPolicies.length > 0
      ? `a newer target (--policy ${newerPolicies[0]})`
      : 'a newer target (another folder in images/)',
    `the library built first from a newer suite's source (\`sources\` with \`install\` in the recipe${known === undefined ? '' : `: ${known.why}`})`,
  ];
}

/** Ends that a release comes to under an interpreter that it was not made for. */
const SHOWS_AGE: readonly FailureClass[] = [
  'compile-error',
  'build-requirement',
  'bad-sdist',
  'test-failed',
  'unknown',
];

/** Where the base is too old for the project: what a person can choose from, the least trouble first. */
function waysOut(tries: readonly SolveTry[], asked: Failure | undefined, facts: SolveFacts): string[] {
  const { olderVersions, pinned, wheels } = facts;
  const last = asked?.class;
  if (last === 'python-too-new' || (wheels !== undefined && last !== undefined && SHOWS_AGE.includes(last))) {
    const upTo = wheels === undefined ? '' : ` (the index has wheels of it up to ${wheels.upTo})`;
    const first = wheels === undefined ? '' : ` (${wheels.firstRelease} is the first with a wheel for this one)`;
    return [
      `The release was made for older interpreters${upTo}: ask for one of them (--python), or for a newer release${first}.`,
    ];
  }
  if (!failuresOf(tries).some(isTooNewForBase)) return [];
  return [
    "The target's base lacks a library or tool, or has one that is too old for this version. Ways out, in this order:",
    pinned && olderVersions.length > 0
      ? `an older release (${olderVersions[0]} is the nearest that may do);`
      : 'an older release (those tried here did not work either);',
    `${otherWaysOut(tries, facts).join('; ')}.`,
  ];
}
