import { type SdistName, sdistNameOf } from './sdist-name.js';
import type { IndexFile, ProjectPage } from './simple-index.js';
import { compareVersions, isVersion, normalizeVersion } from './version.js';

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

interface Named {
  file: IndexFile;
  version: string;
  /** Undefined for a wheel. */
  extension?: SdistName['extension'];
}

/** The releases of a page, newest first. Files that belong to no PEP 440 version, and formats other than sdists and wheels, are left out. */
export function releasesOf(page: ProjectPage): Release[] {
  const releases = new Map<string, Named[]>();
  for (const file of page.files) {
    const named = nameOf(file, page.name);
    if (named !== undefined) releases.set(named.version, [...(releases.get(named.version) ?? []), named]);
  }
  return [...releases]
    .map(([version, files]) => releaseOf(version, files))
    .sort((a, b) => compareVersions(b.version, a.version));
}

function releaseOf(version: string, files: readonly Named[]): Release {
  const sdists = files
    .filter(({ extension }) => extension !== undefined)
    .sort((a, b) => Number(b.extension === '.tar.gz') - Number(a.extension === '.tar.gz'));
  const wheels = files.filter(({ extension }) => extension === undefined);
  const deciding = (sdists.length > 0 ? sdists : wheels).map(({ file }) => file);
  const requiresPython = deciding[0]?.requiresPython;
  return {
    version,
    sdists: sdists.map(({ file }) => file),
    wheels: wheels.map(({ file }) => file.filename),
    yanked: deciding.every(({ yanked }) => yanked !== undefined),
    ...(requiresPython === undefined ? {} : { requiresPython }),
  };
}

function nameOf(file: IndexFile, project: string): Named | undefined {
  if (file.filename.endsWith('.whl')) {
    // Only the version matters here, and wheels of tags that we do not know count as well.
    const version = file.filename.split('-')[1] ?? '';
    return isVersion(version) ? { file, version: normalizeVersion(version) } : undefined;
  }
  const name = sdistNameOf(file.filename, project);
  return name && { file, version: name.version, extension: name.extension };
}
