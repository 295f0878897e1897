// What may be done about a failure, the likeliest first. Ideas come from the failure itself and from what is known about releases; none is about a package.
import { type Failure, type FailureClass, isOfCrates, isSameFailure, type Proposal } from './failure.js';
import { isTooNewForBase, namedRelease, nextOlder, releaseOfLibrary } from './solve-older.js';
import type { SolveFacts, SolveTry } from './solve-try.js';
import { compareVersions } from './version.js';

export type Idea =
  | { kind: 'edit'; edit: Record<string, unknown>; why: string; guess?: true }
  | { kind: 'older-release'; version: string };

/** Failures that build requirements newer than the release itself bring about. */
const AGE: readonly FailureClass[] = ['build-requirement', 'compile-error', 'unknown'];
const OLD_RELEASE_DAYS = 180;
const DAY_MS = 86_400_000;
/** Older releases that are tried where a newer library is worth builds as well. */
const OLDER_BEFORE_SOURCES = 4;

export function ideasFor(failure: Failure, version: string, facts: SolveFacts, tries: readonly SolveTry[]): Idea[] {
  return [
    ...newerAgain(failure, version, facts, tries),
    ...proposed(failure),
    ...includeFolder(failure, tries),
    ...numpyFolder(failure),
    ...libraryFolder(failure),
    ...furtherIdeas(failure),
    ...freedOfBounds(failure, version, facts),
    ...asOfRelease(failure, version, facts, tries),
    ...olderReleases(failure, version, facts, tries),
    ...newerLibraries(failure, version, tries),
  ];
}

/** The search for an older release went back to one that is older than the interpreter: a later one is better than this one mended by guesses. */
function newerAgain(failure: Failure, version: string, facts: SolveFacts, tries: readonly SolveTry[]): Idea[] {
  const { class: kind, proposal } = failure;
  const isGuess = proposal === undefined || proposal.guess === true;
  if (kind !== 'python-too-new' || !isGuess || version === tries[0]?.version) return [];
  if (tries.some((each) => namedRelease(each, facts) === version)) return [];
  const next = nextOlder(facts, tries);
  return next !== undefined && compareVersions(next, version) > 0 ? [{ kind: 'older-release', version: next }] : [];
}

function proposed({ proposal }: Failure): Idea[] {
  return proposal === undefined ? [] : [{ kind: 'edit', ...proposal }];
}

/** What the worker saw in the sdist and the distribution that may help as well. */
function furtherIdeas({ ideas = [] }: Failure): Idea[] {
  return ideas.filter((idea) => !takesSources(idea)).map((idea) => ({ kind: 'edit', ...idea, guess: true }));
}

/** A newer library built first, where no older release will do: for the release that was asked for only. */
function newerLibraries({ ideas = [] }: Failure, version: string, tries: readonly SolveTry[]): Idea[] {
  if (version !== tries[0]?.version) return [];
  return ideas.filter(takesSources).map((idea) => ({ kind: 'edit', ...idea, guess: true }));
}

/** A library built first from source (core/newer-library.ts). */
export function takesSources({ edit }: Pick<Proposal, 'edit'>): boolean {
  const { sources } = edit;
  return Array.isArray(sources) && sources.some((source) => 'install' in source);
}

/** A header that a package has, in a folder of its own, is found only when the compiler is told of the folder. */
function includeFolder({ class: kind, missing = [] }: Failure, tries: readonly SolveTry[]): Idea[] {
  const header = missing.find((part) => part.kind === 'header')?.name;
  if (kind !== 'missing-header' || header === undefined) return [];
  for (const { edit, why } of tries.flatMap(({ edits }) => edits)) {
    const end = why.indexOf(`/${header}`);
    const folder = /\/usr\/(?:include|lib)\/\S+$/.exec(end < 0 ? '' : why.slice(0, end))?.[0];
    if (folder === undefined || /^\/usr\/include\/[a-z0-9_]+-linux-gnu$/.test(folder)) continue;
    return [
      {
        kind: 'edit',
        edit: { ...edit, environment: { CPATH: folder } },
        why: `${header} lies in ${folder}, where compilers do not look by themselves`,
        guess: true,
      },
    ];
  }
  return [];
}

/** Setup scripts that name the folder of numpy's headers themselves name that of numpy 1. */
function numpyFolder({ class: kind, line }: Failure): Idea[] {
  if (kind !== 'build-requirement' || !/fatal error: numpy\/\w+\.h/.test(line)) return [];
  return [
    {
      kind: 'edit',
      edit: {
        requires: { additions: ['numpy'] },
        prepare: NUMPY_HEADERS,
        environment: { CPATH: '/build/src/numpy-headers' },
      },
      why: 'numpy 2 has its headers in another folder than numpy 1, where the compiler may be told to look',
      guess: true,
    },
  ];
}

const NUMPY_HEADERS = `# The headers of the numpy that is there, in a folder that the compiler is told of.
mkdir -p numpy-headers
ln -sfn "$(python -c 'import numpy; print(numpy.get_include())')/numpy" numpy-headers/numpy
`;

/** So it is with a library that the linker does not find although its package is there. */
function libraryFolder({ class: kind, missing = [], proposal }: Failure): Idea[] {
  const library = missing.find((part) => part.kind === 'library')?.name;
  if (kind !== 'missing-library' || library === undefined || proposal === undefined) return [];
  const [, folder] = /(\/usr\/lib\/\S+)\/lib[^/\s]+\.(?:so|a)\b/.exec(proposal.why) ?? [];
  if (folder === undefined || /^\/usr\/lib\/[a-z0-9_]+-linux-gnu$/.test(folder)) return [];
  return [
    {
      kind: 'edit',
      edit: { ...proposal.edit, environment: { LIBRARY_PATH: folder } },
      why: `lib${library} lies in ${folder}, where linkers do not look by themselves`,
      guess: true,
    },
  ];
}

/** What it requires exists as no wheel, and could not be built: no worker has looked into the sdist then. */
export function lacksRequirement({ class: kind, lineNumber, phase, proposal, ideas }: Failure): boolean {
  return (
    kind === 'build-requirement' &&
    lineNumber === 0 &&
    phase !== 'test' &&
    proposal === undefined &&
    ideas === undefined
  );
}

function freedOfBounds(failure: Failure, version: string, { freed }: SolveFacts): Idea[] {
  const idea = freed?.[version];
  return idea === undefined || !lacksRequirement(failure) ? [] : [{ kind: 'edit', ...idea, guess: true }];
}

function asOfRelease(
  failure: Failure,
  version: string,
  { releasedOn, today, toolsFrom = '' }: SolveFacts,
  tries: readonly SolveTry[],
): Idea[] {
  const { class: kind, phase } = failure;
  const released = releasedOn[version];
  if (released === undefined || !AGE.includes(kind) || phase === 'test' || phase === 'publish') return [];
  if (isOfCrates(failure)) return [];
  // An older version of what refuses it was tried by its name.
  if (boundsRequirements(failure.proposal) && didNotHelp(failure.proposal, failure, tries)) return [];
  // Older tools than the interpreter do not run on it.
  const date = released < toolsFrom ? toolsFrom : released;
  if (Date.parse(today) - Date.parse(date) < OLD_RELEASE_DAYS * DAY_MS) return [];
  // For this version and those before it: what comes later was made for later tools.
  const when = { versions: `<=${version}` };
  return [
    {
      kind: 'edit',
      edit: { overrides: [{ when, requires: { 'as-of': date } }] },
      why:
        date === released
          ? `${version} was released on ${released}, and its build requirements were others then`
          : `${version} was released on ${released}, before the interpreter: the oldest build requirements for that are of about ${date}`,
      guess: true,
    },
  ];
}

function olderReleases(failure: Failure, version: string, facts: SolveFacts, tries: readonly SolveTry[]): Idea[] {
  // What a compiler refuses may be a newer library's interface, which no line says; what is there and still not found is not what was wanted.
  const mayBeTooNew =
    isTooNewForBase(failure) || failure.class === 'compile-error' || didNotHelp(failure.proposal, failure, tries);
  // So may be that a release downloads what the one before took from where it was installed.
  const mayHaveBegun = failure.class === 'network-needed' && failure.proposal === undefined;
  if (facts.pinned || !(mayBeTooNew || mayHaveBegun)) return [];
  const older = tries.filter(({ purpose }) => purpose === 'older-release').length;
  if (older >= OLDER_BEFORE_SOURCES && failuresOf(tries).some(({ ideas }) => ideas?.some(takesSources))) return [];
  const named = releaseOfLibrary(failure, version, facts);
  // What is newer than that one cannot work.
  if (tries.some((each) => each.version === named)) return [];
  const next = named ?? nextOlder(facts, tries);
  return next === undefined ? [] : [{ kind: 'older-release', version: next }];
}

/** Those of the tries that were diagnosed. */
export function failuresOf(tries: readonly SolveTry[]): Failure[] {
  return tries.flatMap(({ outcome }) => (outcome.kind === 'failed' && outcome.failure ? [outcome.failure] : []));
}

function boundsRequirements(proposal: Proposal | undefined): boolean {
  const requires = proposal?.edit['requires'];
  return typeof requires === 'object' && requires !== null && 'constraints' in requires;
}

/** The proposal was made, and the build failed for the same thing all the same. */
function didNotHelp(proposal: Proposal | undefined, failure: Failure, tries: readonly SolveTry[]): boolean {
  const edit = JSON.stringify(proposal?.edit);
  return tries.some(
    ({ edits, outcome }) =>
      outcome.kind === 'failed' &&
      outcome.failure !== undefined &&
      isSameFailure(outcome.failure, failure) &&
      edits.length > 0 &&
      JSON.stringify(edits.at(-1)?.edit) === edit,
  );
}
