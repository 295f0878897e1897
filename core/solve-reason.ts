// What a solve says in the end, where not all went as it was asked for.
import { editInShort } from './edit-in-short.js';
import type { Failure, FailureClass } from './failure.js';
import { PHASES } from './phase.js';
import { failuresOf, takesSources } from './solve-ideas.js';
import { isTooNewForBase } from './solve-older.js';
import { MAX_TRIES, type SolveFacts, type SolveTry } from './solve-try.js';

/** What was tried without success, why the last of it failed, and the ways out that are left to a person. */
export function sayTried(tries: readonly SolveTry[], facts: SolveFacts): string {
  const last = furthest(tries);
  const failure = last?.outcome.kind === 'failed' ? last.outcome.failure : undefined;
  const tried = tries.slice(1).map(({ purpose, version, edits }) => {
    const added = edits.at(-1);
    if (purpose !== 'edit' || added === undefined) return version;
    return takesSources(added) ? `${added.why} (built first)` : `${editInShort(added.edit)} (${added.why})`;
  });
  const out = waysOut(tries, failure, facts);
  return [
    tries.length >= MAX_TRIES ? `Not solved in ${tries.length} attempts.` : 'No new idea.',
    failure === undefined
      ? 'The last build ended without a diagnosis: what it needs could not be built, or its workers were lost.'
      : asSentence(`${last?.version} fails with ${failure.class}: ${failure.line.trim() || failure.cause}`),
    ...out,
    ...(tried.length > 0 ? [`Tried: ${tried.join('; ')}.`] : []),
    ...(tried.length === 0 && out.length === 0 ? ['Nothing in the failure says what to change.'] : []),
  ].join(' ');
}

/** Of the release that was asked for, how an older one fails being of less interest, the build that came furthest: a later one may have been a step back. */
function furthest(tries: readonly SolveTry[]): SolveTry | undefined {
  const phaseOf = ({ outcome }: SolveTry) =>
    outcome.kind === 'failed' && outcome.failure?.phase !== undefined ? PHASES.indexOf(outcome.failure.phase) : -1;
  const asked = tries.filter(({ version }) => version === tries[0]?.version);
  return asked.findLast((each) => phaseOf(each) === Math.max(...asked.map(phaseOf)));
}

function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** What stands in the way of the release that was asked for, where an older one works instead. */
export function olderReason(tries: readonly SolveTry[], best: number, facts: SolveFacts): { reason?: string } {
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
  'silent-fallback',
  'test-failed',
  'unknown',
];

/** Where the base is too old for the project: what a person can choose from, the least trouble first. */
function waysOut(tries: readonly SolveTry[], asked: Failure | undefined, facts: SolveFacts): string[] {
  const { olderVersions, pinned, wheels } = facts;
  const last = asked?.class;
  if (last === 'python-too-new' || (wheels !== undefined && last !== undefined && SHOWS_AGE.includes(last))) {
    if (wheels === undefined)
      return ['The release was made for older interpreters: ask for one of them (--python), or for a newer release.'];
    const older = wheels.python === undefined ? 'one of them (--python)' : `one of them (--python ${wheels.python})`;
    return [
      `The release was made for older interpreters (the index has wheels of it up to ${wheels.upTo}): ask for ${older}, or for ${wheels.firstRelease} or later, the first with a wheel for this one.`,
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
