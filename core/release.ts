import pep440 from '@renovatebot/pep440';
import { isValidProjectName, normalizeProjectName } from './project-name.js';
import type { IndexFile, ProjectPage } from './simple-index.js';

/** What a project page says about one version; its sdists in the order of preference. */
export interface Release {
  /** Normalised (PEP 440). */
  version: string;
  sdists: readonly IndexFile[];
  /** File names. */
  wheels: readonly string[];
  /** Whether every sdist is, or every wheel where there is no sdist. */
  yanked: boolean;
  /** Of the sdist, or of a wheel where there is none. */
  requiresPython?: string;
}

const SDIST_SUFFIXES = ['.tar.gz', '.tgz', '.zip', '.tar.bz2', '.tar.xz'];

/** The releases of a page, newest first. Files that belong to no PEP 440 version, and formats other than sdists and wheels, are left out. */
export function releasesOf(page: ProjectPage): Release[] {
  const files = new Map<string, IndexFile[]>();
  for (const file of page.files) {
    const version = versionOf(file.filename, page.name);
    if (version !== undefined) files.set(version, [...(files.get(version) ?? []), file]);
  }
  return [...files]
    .map(([version, all]) => releaseOf(version, all))
    .sort((a, b) => pep440.rcompare(a.version, b.version));
}

function releaseOf(version: string, files: readonly IndexFile[]): Release {
  const ranked = files
    .map((file) => ({ file, rank: SDIST_SUFFIXES.findIndex((suffix) => file.filename.endsWith(suffix)) }))
    .sort((a, b) => a.rank - b.rank);
  const sdists = ranked.filter(({ rank }) => rank >= 0).map(({ file }) => file);
  const wheels = ranked.filter(({ rank }) => rank < 0).map(({ file }) => file);
  const deciding = sdists.length > 0 ? sdists : wheels;
  const requiresPython = deciding[0]?.requiresPython;
  return {
    version,
    sdists,
    wheels: wheels.map(({ filename }) => filename),
    yanked: deciding.every(({ yanked }) => yanked !== undefined),
    ...(requiresPython === undefined ? {} : { requiresPython }),
  };
}

function versionOf(filename: string, project: string): string | undefined {
  if (filename.endsWith('.whl')) return normalizedVersion(filename.split('-')[1]);
  const suffix = SDIST_SUFFIXES.find((each) => filename.endsWith(each));
  if (suffix === undefined) return undefined;
  // Before PEP 625 both parts could hold dashes, so the name is what ends the first part.
  const stem = filename.slice(0, -suffix.length);
  for (let dash = stem.indexOf('-'); dash > 0; dash = stem.indexOf('-', dash + 1)) {
    const name = stem.slice(0, dash);
    if (isValidProjectName(name) && normalizeProjectName(name) === project)
      return normalizedVersion(stem.slice(dash + 1));
  }
  return undefined;
}

function normalizedVersion(text: string | undefined): string | undefined {
  const parts = pep440.explain(text);
  if (parts === null) return undefined;
  return parts.local === null ? parts.public : `${parts.public}+${parts.local}`;
}
