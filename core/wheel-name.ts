// https://packaging.python.org/en/latest/specifications/binary-distribution-format/#file-name-convention
import { WheelwrightError } from './errors.js';
import { isValidProjectName, normalizeProjectName } from './project-name.js';
import { isVersion, normalizeVersion } from './version.js';

/** What the file name of a wheel says. Tags are in lower case; each list holds the alternatives of a compressed tag set. */
export interface WheelName {
  /** Normalised (PEP 503). */
  project: string;
  /** Normalised (PEP 440). */
  version: string;
  /** The name as it is written in the file name. */
  distribution: string;
  /** The version as it is written in the file name. */
  versionText: string;
  /** A number, and whatever follows it. */
  buildTag?: { number: number; suffix: string };
  pythons: string[];
  abis: string[];
  platforms: string[];
}

/** What file systems take. */
const MAX_FILENAME = 255;
const TAG_SET = /^[a-z0-9_]+(\.[a-z0-9_]+)*$/i;

export function isWheelFilename(filename: string): boolean {
  return filename.toLowerCase().endsWith('.whl');
}

/** @throws WheelwrightError `invalid` saying which component is wrong. */
export function parseWheelFilename(filename: string): WheelName {
  if (filename.length > MAX_FILENAME) throw invalid(filename.slice(0, 80), `it has ${filename.length} characters`);
  if (!filename.endsWith('.whl')) throw invalid(filename, 'it does not end in .whl');
  const parts = filename.slice(0, -4).split('-');
  if (parts.length === 7 || (parts.length === 6 && !/^\d/.test(parts[2] as string))) {
    throw invalid(
      filename,
      `its component ${JSON.stringify(parts[parts.length === 7 ? 6 : 2])} is no build tag, and variant wheels (PEP 825) are not supported`,
    );
  }
  if (parts.length !== 5 && parts.length !== 6) {
    throw invalid(filename, `it has ${parts.length} components where a wheel has five, or six with a build tag`);
  }
  const [distribution, versionText] = parts as [string, string];
  const [pythons, abis, platforms] = parts.slice(-3).map((set) => tagSet(filename, set)) as [
    string[],
    string[],
    string[],
  ];
  if (!isValidProjectName(distribution) || distribution.includes('__')) {
    throw invalid(filename, `${JSON.stringify(distribution)} is not a project name`);
  }
  const version = versionText.replaceAll('_', '-');
  if (!isVersion(version) || version !== version.trim()) {
    throw invalid(filename, `${JSON.stringify(versionText)} is not a version`);
  }
  return {
    project: normalizeProjectName(distribution),
    version: normalizeVersion(version),
    distribution,
    versionText,
    ...(parts.length === 6 && { buildTag: parseBuildTag(filename, parts[2] as string) }),
    pythons,
    abis,
    platforms,
  };
}

/** As {@link parseWheelFilename}, for lists in which anything may stand: undefined for what is not the name of a wheel. */
export function wheelNameOf(filename: string): WheelName | undefined {
  if (!isWheelFilename(filename)) return undefined;
  try {
    return parseWheelFilename(filename);
  } catch {
    return undefined;
  }
}

/** Every single tag that a wheel's compressed tag sets stand for, e.g. `py2-none-any` and `py3-none-any`. */
export function expandTags(name: Pick<WheelName, 'pythons' | 'abis' | 'platforms'>): string[] {
  return name.pythons.flatMap((python) =>
    name.abis.flatMap((abi) => name.platforms.map((platform) => `${python}-${abi}-${platform}`)),
  );
}

function tagSet(filename: string, set: string): string[] {
  if (!TAG_SET.test(set)) throw invalid(filename, `${JSON.stringify(set)} is not a set of tags`);
  return set.toLowerCase().split('.');
}

function parseBuildTag(filename: string, text: string): { number: number; suffix: string } {
  const [, digits, suffix] = /^(\d{1,15})([a-z0-9_.]*)$/i.exec(text) ?? [];
  if (digits === undefined || suffix === undefined) {
    throw invalid(filename, `${JSON.stringify(text)} is not a build tag: those begin with a digit`);
  }
  return { number: Number(digits), suffix };
}

function invalid(filename: string, why: string): WheelwrightError {
  return new WheelwrightError('invalid', `${JSON.stringify(filename)} is not the file name of a wheel: ${why}`, {
    hint: 'The form is name-version[-build]-python-abi-platform.whl. Build the wheel again with a current backend rather than renaming it.',
  });
}
