// PEP 625 and what came before it. https://packaging.python.org/en/latest/specifications/source-distribution-format/
import { WheelwrightError } from './errors.js';
import { isValidProjectName, normalizeProjectName } from './project-name.js';
import { isVersion, normalizeVersion } from './version.js';

const EXTENSIONS = ['.tar.gz', '.zip', '.tar.bz2', '.tgz', '.tar.xz', '.tar.Z', '.tar'] as const;
/** What file systems take. */
const MAX_FILENAME = 255;
export type SdistExtension = (typeof EXTENSIONS)[number];

export interface SdistName {
  /** Normalised (PEP 503). */
  project: string;
  /** Normalised (PEP 440). */
  version: string;
  extension: SdistExtension;
}

/** True for the extensions that source archives have had; says nothing about the rest of the name. */
export function isSdistFilename(filename: string): boolean {
  return extensionOf(filename) !== undefined;
}

/**
 * Reads the name of a source archive. Before PEP 625 names were not normalised, so that `a-b-1.tar.gz` may be a 'b-1' of a or a '1' of a-b: the project must be
 * known.
 * @throws WheelwrightError `invalid` when it is no source archive of that project.
 */
export function parseSdistFilename(filename: string, project: string): SdistName {
  if (filename.length > MAX_FILENAME)
    throw invalid(filename.slice(0, 80), project, `it has ${filename.length} characters`);
  const extension = extensionOf(filename);
  if (extension === undefined) throw invalid(filename, project, `it ends in none of ${EXTENSIONS.join(', ')}`);
  const stem = filename.slice(0, -extension.length);
  const wanted = normalizeProjectName(project);
  for (let dash = stem.indexOf('-'); dash !== -1; dash = stem.indexOf('-', dash + 1)) {
    const [name, version] = [stem.slice(0, dash), stem.slice(dash + 1)];
    if (!isValidProjectName(name) || normalizeProjectName(name) !== wanted) continue;
    if (!isVersion(version) || version !== version.trim()) {
      throw invalid(filename, project, `${JSON.stringify(version)} is not a version`);
    }
    return { project: wanted, version: normalizeVersion(version), extension };
  }
  throw invalid(filename, project, 'it does not begin with the name of the project and a dash');
}

/** As {@link parseSdistFilename}, for lists in which anything may stand: undefined for what is no source archive of the project. */
export function sdistNameOf(filename: string, project: string): SdistName | undefined {
  if (!isSdistFilename(filename)) return undefined;
  try {
    return parseSdistFilename(filename, project);
  } catch {
    return undefined;
  }
}

function extensionOf(filename: string): SdistExtension | undefined {
  return EXTENSIONS.find((extension) => filename.endsWith(extension));
}

function invalid(filename: string, project: string, why: string): WheelwrightError {
  return new WheelwrightError(
    'invalid',
    `${JSON.stringify(filename)} is not the file name of a source archive of ${project}: ${why}`,
    {
      hint: 'The form is name-version.tar.gz (PEP 625). Build it again with a current backend rather than renaming it.',
    },
  );
}
