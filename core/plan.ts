import type { Sdist } from './build.js';
import { WheelwrightError } from './errors.js';
import { interpreterVersion } from './interpreter.js';
import { type MarkerTarget, markerApplies } from './marker.js';
import { type Release, releasesOf } from './release.js';
import type { Requirement } from './requirement.js';
import type { ProjectPage } from './simple-index.js';
import { compareVersions, isPrerelease, isSpecifierSet, isVersion, satisfiesSpecifiers } from './version.js';

export interface ReleasePlan {
  /** Normalised (PEP 440). */
  version: string;
  sdist: Sdist;
  /** File names of the upstream's wheels of that version. */
  wheels: readonly string[];
}

/**
 * Chooses what to build for a requirement: the newest version that satisfies it and that each of the interpreters may use, and its sdist.
 * As in pip, pre-releases count only when asked for or when nothing else satisfies, and yanked files only when pinned by `==`.
 * @param page the project's page, undefined when the index does not have the project
 * @param pythons interpreter tags, e.g. `cp313`; call once per interpreter where each may have a version of its own
 * @param arch as in platform tags; for markers only
 * @throws WheelwrightError `not-found` when there is nothing to build, `invalid` when what there is must not be built
 */
export function planRelease(
  requirement: Requirement,
  page: ProjectPage | undefined,
  { pythons, arch = 'x86_64' }: { pythons: readonly string[]; arch?: string },
): ReleasePlan {
  const unwanted = pythons.filter((python) => !isWantedOn(requirement, { python, arch }));
  if (unwanted.length > 0) {
    throw new WheelwrightError('invalid', `${requirement.text} does not apply to ${unwanted.join(', ')}`, {
      hint: 'Its environment marker (the part after ";") rules the interpreter out. Leave the marker out, or ask for the interpreters that it names.',
    });
  }
  if (page?.keptBack !== undefined && page.files.length === 0) {
    throw new WheelwrightError('forbidden', `${requirement.name} cannot be built here: ${page.keptBack}`, {
      hint: 'The policy file of this index says so (docs/index.md); whoever runs it can allow it.',
    });
  }
  if (page === undefined || page.files.length === 0) {
    throw new WheelwrightError('not-found', `there is no project ${requirement.name} on the index`, {
      hint: 'Look at the spelling; the name on the index often differs from the name that is imported. A project of another index needs that index as an upstream.',
    });
  }
  if (page.status === 'quarantined') {
    throw new WheelwrightError('invalid', `${page.name} is quarantined by its index`, {
      hint: page.statusReason ?? 'It may be malicious. Do not use it before the index releases it again.',
    });
  }
  const releases = releasesOf(page);
  const release = chooseRelease(requirement, releases, pythons, page.keptBack);
  return { version: release.version, sdist: chooseSdist(page.name, release, releases), wheels: release.wheels };
}

function isWantedOn({ marker, extras }: Requirement, target: MarkerTarget): boolean {
  if (marker === undefined) return true;
  return ['', ...extras].some((extra) => markerApplies(marker, { ...target, extra }));
}

function chooseRelease(
  requirement: Requirement,
  releases: readonly Release[],
  pythons: readonly string[],
  keptBack: string | undefined,
): Release {
  const matching = satisfying(requirement.specifier, releases);
  if (matching.length === 0) {
    throw new WheelwrightError(
      'not-found',
      `no version of ${requirement.name} satisfies ${requirement.specifier || 'the requirement'}`,
      {
        hint: [nearest(requirement.specifier, releases), keptBack && `Of others, ${keptBack}.`]
          .filter(Boolean)
          .join(' '),
      },
    );
  }
  const pinned = /(^|,)==[^*]+($|,)/.test(requirement.specifier);
  const unyanked = pinned ? matching : matching.filter(({ yanked }) => !yanked);
  if (unyanked.length === 0) {
    throw new WheelwrightError(
      'not-found',
      `every version of ${requirement.name} that satisfies ${requirement.text} was yanked`,
      {
        hint: `Its authors withdrew ${listed(matching)}. Ask for another version, or pin one with == to build it all the same.`,
      },
    );
  }
  const usable = unyanked.filter((release) => pythons.every((python) => allowsPython(release, python)));
  const newest = preferFinal(requirement.specifier, usable)[0];
  if (newest === undefined) {
    const wanted = unyanked[0] as Release;
    const refused = pythons.filter((python) => !allowsPython(wanted, python));
    throw new WheelwrightError(
      'not-found',
      `no version of ${requirement.name} that satisfies ${requirement.text} is for ${refused.join(', ') || pythons.join(', ')}`,
      {
        hint: `${wanted.version} requires Python ${wanted.requiresPython ?? ''}. Ask for another interpreter or an older version.`,
      },
    );
  }
  return newest;
}

/** The releases within a specifier, pre-releases included, newest first. */
function satisfying(specifier: string, releases: readonly Release[]): Release[] {
  return releases.filter(({ version }) => satisfiesSpecifiers(version, specifier, { prereleases: true }));
}

function preferFinal(specifier: string, releases: readonly Release[]): readonly Release[] {
  if (asksForPrerelease(specifier)) return releases;
  const finals = releases.filter(({ version }) => !isPrerelease(version));
  return finals.length > 0 ? finals : releases;
}

/** Naming a pre-release asks for them; excluding one, or bounding by `<1.0rc1`, does not. */
function asksForPrerelease(specifier: string): boolean {
  return specifier
    .split(',')
    .filter((clause) => /^(==|~=|>=|<=)/.test(clause))
    .some((clause) => isPrerelease(clause.replace(/^[=~<>]+/, '')));
}

/** Whether the release's Requires-Python allows an interpreter tag. */
export function allowsPython(release: Release, python: string): boolean {
  const { requiresPython } = release;
  // pip ignores a Requires-Python that is not a valid specifier, and releases like that work.
  if (requiresPython === undefined || !isSpecifierSet(requiresPython)) return true;
  return satisfiesSpecifiers(interpreterVersion(python), requiresPython, { prereleases: true });
}

function chooseSdist(project: string, release: Release, releases: readonly Release[]): Sdist {
  if (release.sdists.length === 0) {
    const alternative = releases.find(({ sdists, yanked }) => sdists.length > 0 && !yanked);
    const wheels = release.wheels.length === 0 ? 'no wheel either' : `only wheels: ${listOf(release.wheels, 4)}`;
    throw new WheelwrightError('not-found', `${project} ${release.version} has no sdist, ${wheels}`, {
      hint:
        alternative === undefined
          ? `No version of ${project} has one, so it cannot be built from source here. Use its wheels as they are, or ask its authors for an sdist.`
          : `The newest version that has one is ${alternative.version}: ask for ${project}==${alternative.version}, or use the wheels as they are.`,
    });
  }
  const file = release.sdists.find(({ hashes }) => hashes.sha256 !== undefined);
  const sha256 = file?.hashes.sha256;
  if (file === undefined || sha256 === undefined) {
    throw new WheelwrightError('invalid', `the index gives no sha256 for the sdist of ${project} ${release.version}`, {
      hint: 'Nothing is built that is not pinned by a hash. Use an upstream index that gives hashes (PEP 503), e.g. a newer version of the mirror.',
    });
  }
  return {
    filename: file.filename,
    url: file.url,
    sha256: sha256.toLowerCase(),
    ...(file.sizeBytes === undefined ? {} : { sizeBytes: file.sizeBytes }),
  };
}

/** Says what there is around the version that was asked for. */
function nearest(specifier: string, releases: readonly Release[]): string {
  const newest = releases.find(({ version }) => !isPrerelease(version)) ?? releases[0];
  if (newest === undefined) return 'The index has no release of it at all.';
  const asked = /[\d!][^,*]*/.exec(specifier)?.[0]?.replace(/\.$/, '') ?? '';
  if (!isVersion(asked)) return `The newest is ${newest.version}.`;
  const position = releases.findIndex(({ version }) => compareVersions(version, asked) <= 0);
  const at = position < 0 ? releases.length : position;
  const around = releases.slice(Math.max(0, at - 3), at + 3);
  return `The nearest are ${listed(around)}; the newest is ${newest.version}.`;
}

function listed(releases: readonly Release[]): string {
  return listOf(
    releases.map(({ version }) => version),
    6,
  );
}

function listOf(items: readonly string[], most: number): string {
  const more = items.length > most ? ` and ${items.length - most} more` : '';
  return items.slice(0, most).join(', ') + more;
}
