// Whether pip would find a wheel: for one requirement, from what is here and what the upstream has.
import { allowsPython } from './plan.js';
import { releasesOf } from './release.js';
import type { IndexFile, ProjectPage } from './simple-index.js';
import { type TagTarget, tagOrder } from './tag.js';
import { bestWheel } from './upstream-matrix.js';
import { compareVersions, isPrerelease, isSpecifierSet, satisfiesSpecifiers } from './version.js';

export const CHECK_STATES = ['wheel-here', 'wheel-upstream', 'must-build', 'no-sdist', 'not-found', 'skipped'] as const;
/** `must-build`: there is an sdist and no wheel for the target. `no-sdist`: there is neither. `skipped`: nothing that an index could have. */
export type CheckState = (typeof CHECK_STATES)[number];

/** What became of one requirement. */
export interface CheckRow {
  /** Normalised project name; the text of the entry for what was skipped. */
  name: string;
  version?: string;
  state: CheckState;
  /** Of the wheel that pip would take, or the sdist that would be built. */
  filename?: string;
  /** In a sentence. */
  reason: string;
  /** Names of the projects that require it; empty for what the file itself names. */
  requiredBy: string[];
}

export interface CheckInput {
  name: string;
  /** All that was said about its version, each a PEP 440 specifier set. */
  specifiers: readonly string[];
  /** Wheels here. */
  here: readonly { filename: string; version: string; yanked?: true | string }[];
  /** The upstream's page; undefined where it has no such project, or where the project is owned here. */
  page: ProjectPage | undefined;
  target: TagTarget;
}

export interface CheckResult extends Omit<CheckRow, 'requiredBy'> {
  /** The upstream's entry for `filename`, where it is the upstream's. */
  upstreamFile?: IndexFile;
}

interface Candidate {
  version: string;
  yanked: boolean;
  here: readonly string[];
  wheels: readonly string[];
  sdist: string | undefined;
}

/** Looks at the newest version that satisfies everything said, as pip would choose it. */
export function checkRequirement(input: CheckInput): CheckResult {
  const { name, page } = input;
  const here = isPinned(input.specifiers) ? input.here : input.here.filter(({ yanked }) => yanked === undefined);
  if (page?.keptBack !== undefined && page.files.length === 0 && here.length === 0) {
    return { name, state: 'not-found', reason: `It is not offered: ${page.keptBack}.` };
  }
  if (page === undefined && here.length === 0) {
    return { name, state: 'not-found', reason: 'There is no such project, neither here nor upstream.' };
  }
  const said = input.specifiers.filter((each) => each !== '').join(', ');
  const fitting = newestFirst({ ...input, here }).filter(({ version }) =>
    input.specifiers.every((each) => satisfies(version, each)),
  );
  const chosen = choose(fitting, input.specifiers);
  if (chosen === undefined) {
    return {
      name,
      state: 'not-found',
      reason: `No version for ${input.target.python} satisfies ${said || 'the requirement'}.${page?.keptBack === undefined ? '' : ` Of others, ${page.keptBack}.`}`,
    };
  }
  return stateOf(chosen, fitting, input);
}

function stateOf(chosen: Candidate, fitting: readonly Candidate[], { name, page, target }: CheckInput): CheckResult {
  const { version } = chosen;
  const order = new Map(tagOrder(target).map((tag, index) => [tag, index]));
  const own = bestWheel(chosen.here, order);
  if (own !== undefined)
    return { name, version, state: 'wheel-here', filename: own, reason: 'Its wheel is on this index.' };
  const fileOf = (filename: string) => page?.files.find((file) => file.filename === filename);
  const theirs = bestWheel(chosen.wheels, order);
  if (theirs !== undefined) {
    const upstreamFile = fileOf(theirs);
    return {
      name,
      version,
      state: 'wheel-upstream',
      filename: theirs,
      reason: 'The upstream has a wheel for the target.',
      ...(upstreamFile === undefined ? {} : { upstreamFile }),
    };
  }
  const older = fitting.find((each) => bestWheel([...each.here, ...each.wheels], order) !== undefined);
  const wayOut = older === undefined ? '' : ` ${older.version} has one.`;
  if (chosen.sdist !== undefined) {
    const why =
      chosen.wheels.length === 0
        ? 'There are no wheels of it'
        : `None of its ${chosen.wheels.length} wheels is for the target`;
    return { name, version, state: 'must-build', filename: chosen.sdist, reason: `${why}; it would compile.${wayOut}` };
  }
  return {
    name,
    version,
    state: 'no-sdist',
    reason: `No wheel is for the target, and there is no sdist to build.${wayOut}`,
  };
}

function newestFirst({ page, here, target }: CheckInput): Candidate[] {
  const candidates = new Map<string, Candidate>();
  for (const release of page === undefined ? [] : releasesOf(page)) {
    if (!allowsPython(release, target.python)) continue;
    const { version, yanked, wheels } = release;
    candidates.set(version, { version, yanked, wheels, sdist: release.sdists[0]?.filename, here: [] });
  }
  for (const { filename, version } of here) {
    const known = candidates.get(version) ?? { version, yanked: false, wheels: [], sdist: undefined, here: [] };
    candidates.set(version, { ...known, here: [...known.here, filename] });
  }
  return [...candidates.values()].sort((a, b) => compareVersions(b.version, a.version));
}

function choose(fitting: readonly Candidate[], specifiers: readonly string[]): Candidate | undefined {
  const offered = isPinned(specifiers) ? fitting : fitting.filter(({ yanked }) => !yanked);
  return offered.find(({ version }) => !isPrerelease(version)) ?? offered[0];
}

/** Installers take what was yanked only then. */
function isPinned(specifiers: readonly string[]): boolean {
  return specifiers.some((each) => /^==[^*]+$/.test(each));
}

function satisfies(version: string, specifiers: string): boolean {
  // Metadata in the wild holds specifiers that nobody can read; they exclude nothing.
  return !isSpecifierSet(specifiers) || satisfiesSpecifiers(version, specifiers, { prereleases: true });
}
