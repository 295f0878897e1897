// METADATA and PKG-INFO. https://packaging.python.org/en/latest/specifications/core-metadata/
import { WheelwrightError } from './errors.js';
import { isValidProjectName } from './project-name.js';
import { isSpecifierSet, isVersion } from './version.js';

/** The fields of a release's metadata that an index or a resolver acts on, as they are written. */
export interface CoreMetadata {
  metadataVersion: string;
  name: string;
  version: string;
  requiresPython?: string;
  requiresDist: string[];
  providesExtra: string[];
  /** Fields that a wheel may give otherwise than the sdist (PEP 643), in lower case. */
  dynamic: string[];
}

/** Of the fields that are looked into; no real one comes near, and reading versions from longer ones would take long. */
const MAX_VALUE = 1000;

/**
 * Reads the header part; the description after it is not looked at.
 * @param source what to call it in messages, e.g. `foo-1.0.dist-info/METADATA`.
 * @throws WheelwrightError `invalid` naming every fault found.
 */
export function parseCoreMetadata(bytes: Uint8Array, source: string): CoreMetadata {
  const headers = parseHeaders(bytes, source);
  const faults: string[] = [];
  const one = (field: string): string | undefined => {
    const values = headers.get(field.toLowerCase()) ?? [];
    if (values.length > 1) faults.push(`${field} is given ${values.length} times`);
    if ((values[0]?.length ?? 0) > MAX_VALUE) {
      faults.push(`${field} has ${values[0]?.length} characters`);
      return undefined;
    }
    // Old setuptools wrote UNKNOWN for what it was not told.
    return values[0] === 'UNKNOWN' || values[0] === '' ? undefined : values[0];
  };
  const required = (field: string): string => {
    const value = one(field);
    if (value === undefined) faults.push(`${field} is missing`);
    return value ?? '';
  };

  const metadataVersion = required('Metadata-Version');
  if (metadataVersion !== '' && !/^[12]\.\d+$/.test(metadataVersion)) {
    faults.push(`Metadata-Version ${JSON.stringify(metadataVersion)} is none that is known (1.x or 2.x)`);
  }
  const name = required('Name');
  if (name !== '' && !isValidProjectName(name)) faults.push(`Name ${JSON.stringify(name)} is not a project name`);
  const version = required('Version');
  if (version !== '' && !isVersion(version)) faults.push(`Version ${JSON.stringify(version)} is not a version`);
  const requiresPython = one('Requires-Python');
  if (requiresPython !== undefined && !isSpecifierSet(requiresPython)) {
    faults.push(`Requires-Python ${JSON.stringify(requiresPython)} is not a set of version specifiers`);
  }
  if (faults.length > 0) throw invalid(source, faults);
  return {
    metadataVersion,
    name,
    version,
    ...(requiresPython !== undefined && { requiresPython }),
    requiresDist: headers.get('requires-dist') ?? [],
    providesExtra: headers.get('provides-extra') ?? [],
    dynamic: (headers.get('dynamic') ?? []).map((field) => field.toLowerCase()),
  };
}

/**
 * Header fields of an RFC 822 style text (METADATA, PKG-INFO, WHEEL) up to the first empty line, by field name in lower case. Continued lines are joined with `\n`.
 * @throws WheelwrightError `invalid` for what is not UTF-8 or not such a text.
 */
export function parseHeaders(bytes: Uint8Array, source: string): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  let values: string[] | undefined;
  for (const line of headerText(bytes, source).split(/\r?\n/)) {
    if (line === '') break;
    if (/^[ \t]/.test(line)) {
      if (values === undefined) throw invalid(source, ['it begins with a continued line']);
      values.push(`${values.pop()}\n${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(':');
    if (colon < 1 || !/^[\x21-\x39\x3b-\x7e]+$/.test(line.slice(0, colon))) {
      throw invalid(source, [`the line ${JSON.stringify(line.slice(0, 80))} has no field name`]);
    }
    const field = line.slice(0, colon).toLowerCase();
    values = headers.get(field) ?? [];
    headers.set(field, values);
    values.push(line.slice(colon + 1).trim());
  }
  return headers;
}

function headerText(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new WheelwrightError('invalid', `${source} is not UTF-8`, {
      hint: 'The backend that wrote it is old or was given text in another encoding. Build it again with a current backend.',
      cause,
    });
  }
}

function invalid(source: string, faults: readonly string[]): WheelwrightError {
  return new WheelwrightError('invalid', `${source} is not valid core metadata: ${faults.join('; ')}`, {
    hint: 'Usually an old backend or hand-made metadata. Build it again with a current backend.',
    faults: faults.map((message) => ({ message })),
  });
}
