// What a base has too old, built first from the source package of a later suite of the same distribution: the oldest of those that are new enough, so that it
// asks for as little as can be of a base that it was not made for.
import { configureSwitches } from './debian-rules.js';
import { WheelwrightError } from './errors.js';
import type { Failure, FailureClass, Proposal } from './failure.js';
import { installedLibraries } from './library-version.js';
import type { PackageIndex } from './package-index.js';
import type { EffectiveRecipe } from './recipe/recipe.js';
import { shortfallOf } from './solve-forecast.js';
import { MAX_SOURCE_BYTES, type SourceIndex, type SourcePackage } from './source-package.js';
import { compareVersions } from './version.js';

const MAX_LIBRARIES = 2;
/** An archive from which the distribution took something out. */
const REPACKED = /\+(?:ds|dfsg|repack)/;

/** Ends that a newer library may mend; what a compiler quotes must name it. */
const MENDED: readonly FailureClass[] = ['library-too-old', 'missing-header', 'missing-library', 'compile-error'];

/** What an attempt was made with. */
export interface Built {
  recipe: Pick<EffectiveRecipe, 'system' | 'sources'>;
  /** System packages in its image. */
  installed: readonly { name: string; version: string }[];
}

/** A package that is too old, or that the base does not have at all. */
interface Wanted {
  package: string;
  found?: string;
}

/** Whether a later suite is worth a look. */
export function mayNeedNewer({ class: kind, proposal }: Failure): boolean {
  return MENDED.includes(kind) && proposal === undefined;
}

/**
 * Edits that build the library first, the likeliest first; each a guess.
 * @throws WheelwrightError `unavailable` where the mirror has none of the sources that it lists
 */
export async function newerLibraries(
  failure: Failure,
  built: Built,
  base: PackageIndex,
  later: SourceIndex,
  signal: AbortSignal,
): Promise<Proposal[]> {
  if (!mayNeedNewer(failure)) return [];
  const shortfall = shortfallOf(failure);
  const needed = shortfall?.kind === 'version' ? shortfall.needed : undefined;
  const used = (built.recipe.sources ?? []).map(({ sha256 }) => sha256);
  const proposals: Proposal[] = [];
  let unavailable: WheelwrightError | undefined;
  for (const wanted of wantedPackages(failure, built)) {
    const newer = (await later.sourcesOf(wanted.package, signal)).filter(
      ({ version, sizeBytes, sha256 }) =>
        sizeBytes <= MAX_SOURCE_BYTES &&
        !used.includes(sha256) &&
        (wanted.found === undefined || compareVersions(version, wanted.found) > 0) &&
        (needed === undefined || compareVersions(version, needed) >= 0),
    );
    const newest = newer.at(-1);
    const best = (needed === undefined ? newer.find(({ stable }) => stable) : newer[0]) ?? newest;
    // Suites may have the same archive.
    for (const source of newest?.sha256 === best?.sha256 ? [best] : [best, newest]) {
      if (source === undefined) continue;
      try {
        proposals.push(await proposalOf(wanted, source, built, base, later, signal));
      } catch (error) {
        // A suite that moves on has gone from what its list of yesterday names; the others have not.
        if (!(error instanceof WheelwrightError) || error.code !== 'unavailable') throw error;
        unavailable ??= error;
      }
    }
  }
  if (proposals.length === 0 && unavailable !== undefined) throw unavailable;
  return proposals;
}

function wantedPackages(failure: Failure, { recipe, installed }: Built): Wanted[] {
  const { class: kind, line, missing = [] } = failure;
  const parts = missing.filter((part) => part.loose !== true);
  // A compiler's line begins with the path of a file, which may have any name.
  const said = kind === 'compile-error' ? (line.match(/[‘'`][^’']*[’']/g) ?? []) : [line];
  const named = installedLibraries([...said, ...parts.map(({ name }) => name)].join(' '), installed);
  if (named.length > 0) return named.slice(0, MAX_LIBRARIES);
  if (kind === 'library-too-old') {
    // One that was built first, and is too old as well, is no package.
    const words: readonly string[] = line.toLowerCase().match(/[a-z][a-z0-9+]*/g) ?? [];
    const built = (recipe.sources ?? []).map((source) => nameOfLibrary(source.debian?.package ?? ''));
    const again = built.filter((name) => words.includes(name));
    if (again.length > 0) return again.map((name) => ({ package: `lib${name}-dev` }));
    const asked = recipe.system?.apt ?? [];
    return installedLibraries(undefined, installed)
      .filter((each) => asked.includes(each.package))
      .slice(0, MAX_LIBRARIES);
  }
  // What no package of the base has may be in one that came later.
  return parts
    .filter((part) => ['pkg-config', 'cmake', 'library'].includes(part.kind))
    .slice(0, MAX_LIBRARIES)
    .map(({ name }) => ({ package: `lib${nameOfLibrary(name)}-dev` }));
}

function nameOfLibrary(name: string): string {
  return name.toLowerCase().replace(/^lib/, '');
}

async function proposalOf(
  { package: name, found }: Wanted,
  newer: SourcePackage,
  { installed }: Built,
  base: PackageIndex,
  later: SourceIndex,
  signal: AbortSignal,
): Promise<Proposal> {
  const { suite, name: source, version, filename, sha256, buildDepends } = newer;
  // What upstream's defaults would take from copies is no longer in there.
  const switches = REPACKED.test(filename) ? configureSwitches(await later.rulesOf(newer, signal)) : [];
  const tools = buildDepends.flat();
  const apt: string[] = tools.includes('meson') ? ['meson'] : [];
  for (const alternatives of buildDepends) {
    const names = alternatives.filter(isLibrary);
    if (names.some((each) => each === name || installed.some((other) => other.name === each))) continue;
    for (const each of names) {
      if (!(await base.hasPackage(each, signal))) continue;
      apt.push(each);
      break;
    }
  }
  return {
    edit: {
      ...(apt.length === 0 ? {} : { system: { apt } }),
      sources: [{ debian: { suite, package: source, filename }, sha256, install: scriptFor(tools, switches) }],
    },
    why: `${found === undefined ? `the base has no ${name}` : `${name} here is ${found}`}, and ${suite} has ${source} ${version}`,
    guess: true,
  };
}

const TAKE_PREFIX = `mkdir -p "$PREFIX"
cp -a "wheelwright-root$PREFIX/." "$PREFIX"
`;

/** Headers and libraries; not what packages, tests or bindings are made with. */
function isLibrary(name: string): boolean {
  return /-dev$/.test(name) && !/^(?:dpkg|gir1|(?:lib)?(?:python|ruby|perl|lua|gtest|gmock))/.test(name);
}

/** By the build system that the distribution itself builds it with. What is meant for folders outside of the prefix, e.g. /etc, where a build may not write, is left behind. */
function scriptFor(buildDepends: readonly string[], switches: readonly string[]): string {
  const more = switches.map((each) => ` ${each}`).join('');
  if (buildDepends.includes('meson')) {
    return `meson setup wheelwright-build --prefix="$PREFIX" --libdir=lib --buildtype=release --wrap-mode=nodownload${more}
ninja -C wheelwright-build
DESTDIR="$PWD/wheelwright-root" ninja -C wheelwright-build install
${TAKE_PREFIX}`;
  }
  return buildDepends.includes('cmake')
    ? `cmake -S . -B wheelwright-build -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$PREFIX" -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_SHARED_LIBS=ON -DBUILD_STATIC_LIBS=OFF -DBUILD_TESTING=OFF -DBUILD_TESTS=OFF -DBUILD_EXAMPLES=OFF${more}
cmake --build wheelwright-build
DESTDIR="$PWD/wheelwright-root" cmake --install wheelwright-build
${TAKE_PREFIX}`
    : `[ -x configure ] || autoreconf --force --install
./configure --prefix="$PREFIX" --disable-static${more}
make
make install
`;
}
