import type { Target } from './build.js';
import { interpreterVersion } from './interpreter.js';
import { allowsPython } from './plan.js';
import { editRecipe, mergeEdit } from './recipe/edit.js';
import type { EffectiveRecipe, Recipe } from './recipe/recipe.js';
import { type Release, releasesOf } from './release.js';
import type { Requirement } from './requirement.js';
import type { ProjectPage } from './simple-index.js';
import { takesSources } from './solve-ideas.js';
import type { PlannedTry, SolveFacts } from './solve-try.js';
import { compareVersions, isPrerelease, satisfiesSpecifiers } from './version.js';
import { wheelNameOf } from './wheel-name.js';

/** The search leaps through them, or picks one by its number, so that many cost few builds. */
const MAX_OLDER = 500;
/** With fewer series than these, what a release needs changes within them. */
const FEW_SERIES = 3;

/** What the index and the installation say before anything is tried on a target. */
export function solveFacts(options: {
  recipe: Recipe;
  requirement: Requirement;
  page: ProjectPage | undefined;
  version: string;
  target: Target;
  targets: readonly Target[];
  today: string;
}): SolveFacts {
  const { recipe, requirement, page, version, target, targets, today } = options;
  const releases = page === undefined ? [] : releasesOf(page);
  const pinned = /^===?[^*,]+$/.test(requirement.specifier);
  const offered = releases.filter((release) => !isPrerelease(release.version) && !release.yanked);
  const older = offered.filter(
    (release) =>
      compareVersions(release.version, version) < 0 &&
      release.sdists.some(({ hashes }) => hashes.sha256 !== undefined) &&
      allowsPython(release, target.python) &&
      (pinned || satisfiesSpecifiers(release.version, requirement.specifier)),
  );
  return {
    recipe,
    today,
    releasedOn: Object.fromEntries(releases.flatMap((release) => dateOf(release))),
    olderVersions: worthATry(older, version).slice(0, MAX_OLDER),
    allOlderVersions: older.map((release) => release.version).slice(0, MAX_OLDER),
    librariesFrom: librariesFrom(target.policy),
    toolsFrom: toolsFrom(target.python),
    pinned,
    ...(offered[0] === undefined ? {} : { newest: offered[0].version }),
    newerPolicies: newerPolicies(targets, target),
    ...interpretersOf(
      releases.find((release) => release.version === version),
      offered,
      target.python,
      targets.filter(({ arch }) => arch === target.arch).map(({ python }) => python),
    ),
  };
}

/** By its wheels a release tells which interpreters it was made for; those for the stable ABI are for all later ones. */
function interpretersOf(
  asked: Release | undefined,
  offered: readonly Release[],
  python: string,
  pythons: readonly string[],
): Pick<SolveFacts, 'wheels'> {
  const upTo = asked === undefined ? undefined : newestOf(interpreters(asked));
  if (asked === undefined || upTo === undefined || compareInterpreters(upTo, python) >= 0) return {};
  if (asked.wheels.some((filename) => wheelNameOf(filename)?.abis.includes('abi3'))) return {};
  const known = newestOf(pythons.filter((one) => compareInterpreters(one, upTo) <= 0 && allowsPython(asked, one)));
  const later = offered.findLast(
    (release) => compareVersions(release.version, asked.version) > 0 && interpreters(release).includes(python),
  );
  return later === undefined
    ? {}
    : { wheels: { upTo, firstRelease: later.version, ...(known === undefined ? {} : { python: known }) } };
}

function interpreters({ wheels }: Release): string[] {
  return wheels.flatMap((filename) => wheelNameOf(filename)?.pythons ?? []).filter((tag) => /^cp3\d+$/.test(tag));
}

function newestOf(tags: readonly string[]): string | undefined {
  return [...tags].sort(compareInterpreters).at(-1);
}

function compareInterpreters(a: string, b: string): number {
  return compareVersions(interpreterVersion(a), interpreterVersion(b));
}

function dateOf({ version, sdists }: Release): [string, string][] {
  const date = /^\d{4}-\d{2}-\d{2}/.exec(sdists[0]?.uploadTime ?? '')?.[0];
  return date === undefined ? [] : [[version, date]];
}

/** One per series, or where a project has hardly any, each of its releases. */
function worthATry(releases: readonly Release[], version: string): string[] {
  const series = onePerSeries(releases, version);
  return series.length < FEW_SERIES ? releases.map((release) => release.version) : series;
}

/** The newest of each series other than the given version's own, newest first: releases of one series need the same libraries. */
function onePerSeries(releases: readonly Release[], version: string): string[] {
  const seen = new Set([seriesOf(version)]);
  return releases.flatMap((release) => {
    const series = seriesOf(release.version);
    if (seen.has(series)) return [];
    seen.add(series);
    return [release.version];
  });
}

function seriesOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

/** A distribution has the libraries of a year after its glibc, which is released each February and August: 2.31 was that of February 2020. */
function librariesFrom(policy: string): string | undefined {
  const minor = /^manylinux_2_(\d+)/.exec(policy)?.[1];
  if (minor === undefined) return undefined;
  return new Date(Date.UTC(2021, 1 + 6 * (Number(minor) - 31))).toISOString().slice(0, 10);
}

/** CPython has a release each October, that of 2024 being 3.13 (PEP 602); the projects that others build with have wheels for it by the end of the year. */
function toolsFrom(python: string): string {
  return `${2012 + Number(interpreterVersion(python).split('.')[1])}-01-01`;
}

/** Policies of other images that have the interpreter, on a newer glibc; the nearest first. */
function newerPolicies(targets: readonly Target[], { policy, python, arch }: Target): string[] {
  const wanted = targets.filter(
    (other) => other.python === python && other.arch === arch && glibcOf(other.policy) > glibcOf(policy),
  );
  return [...new Set(wanted.sort((a, b) => glibcOf(a.policy) - glibcOf(b.policy)).map((other) => other.policy))];
}

/** 31 for `manylinux_2_31`; 0 for what is no policy of glibc 2. */
function glibcOf(policy: string): number {
  return Number(/^manylinux_2_(\d+)$/.exec(policy)?.[1] ?? 0);
}

/** What is changed because of a release's age; a later one wants it otherwise, where libraries and compilers stay the same. */
const OF_ITS_AGE: ReadonlySet<string> = new Set(['requires', 'crates', 'prepare', 'test']);

/**
 * The recipe of a try as text: the base with the edits merged in, in their order.
 * @param policy what was built on: only there is a library built first
 * @param newest where the version is an older one, what its age asks for applies to it and those before it
 */
export function solvedRecipe(
  base: string,
  { version, edits }: Pick<PlannedTry, 'version' | 'edits'>,
  policy: string,
  newest = version,
): string {
  let yaml = base;
  let aged: EffectiveRecipe = {};
  let ofBase: EffectiveRecipe = {};
  for (const { edit } of edits) {
    if (takesSources({ edit })) {
      ofBase = mergeEdit(ofBase, edit);
      continue;
    }
    const keys = Object.entries(edit);
    const ofItsAge = keys.filter(([key]) => version !== newest && OF_ITS_AGE.has(key));
    aged = mergeEdit(aged, Object.fromEntries(ofItsAge));
    yaml = editRecipe(yaml, Object.fromEntries(keys.filter((entry) => !ofItsAge.includes(entry))));
  }
  const overrides = [
    { when: { versions: `<=${version}` }, ...aged },
    { when: { policy }, ...ofBase },
  ].filter((override) => Object.keys(override).length > 1);
  return overrides.length === 0 ? yaml : editRecipe(yaml, { overrides });
}
