// https://packaging.python.org/en/latest/specifications/dependency-specifiers/
import pipRequirements from 'pip-requirements-js';
import { WheelwrightError } from './errors.js';
import type { Marker } from './marker.js';
import { isValidProjectName, normalizeProjectName } from './project-name.js';
import { isSpecifierSet } from './version.js';

/** One requirement on a project of an index (PEP 508, without direct references). */
export interface Requirement {
  /** As it was asked for. */
  text: string;
  /** Normalised project name. */
  name: string;
  /** Normalised names of the extras. */
  extras: readonly string[];
  /** PEP 440 specifiers, e.g. `>=1.0,<2`; empty for any version. */
  specifier: string;
  marker?: Marker;
}

const FORM = 'Write a project name with version specifiers, e.g. psycopg2 or "lxml>=5,<6".';

/**
 * Parses one requirement as it stands in a requirements file, comments allowed.
 * @throws WheelwrightError `invalid` for anything that is not a name with specifiers: URLs, paths, options, files.
 */
export function parseRequirement(text: string): Requirement {
  const parsed = parseLine(text);
  switch (parsed?.type) {
    case undefined:
      throw new WheelwrightError('invalid', 'the requirement is empty', { hint: FORM });
    case 'RequirementsFile':
    case 'ConstraintsFile':
      throw new WheelwrightError('invalid', `${quote(text)} names a file, not a requirement`, {
        hint: `Ask for the requirements in it one by one. ${FORM}`,
      });
    case 'ProjectURL':
      throw new WheelwrightError('invalid', `${quote(text)} is a direct reference`, {
        hint: `Only releases of an index are built, since their sdist is pinned by its hash. Ask for a version instead, e.g. ${parsed.name}==1.0.`,
      });
    case 'ProjectName':
      break;
    default:
      return parsed satisfies never;
  }
  if (!isValidProjectName(parsed.name)) {
    throw new WheelwrightError('invalid', `${quote(parsed.name)} is not a project name`, {
      hint: 'Names are ASCII letters, digits, ".", "-" and "_", and begin and end with a letter or digit (PEP 508).',
    });
  }
  const specifier = (parsed.versionSpec ?? []).map(({ operator, version }) => `${operator}${version}`).join(',');
  if (!isSpecifierSet(specifier)) {
    throw new WheelwrightError('invalid', `${quote(specifier)} in ${quote(text)} is not a version specifier`, {
      hint: 'Versions look like 1.2, 1.2rc1 or 1.2.*; ".*" goes with == and != only (PEP 440).',
    });
  }
  return {
    text: text.trim(),
    name: normalizeProjectName(parsed.name),
    extras: (parsed.extras ?? []).map(normalizeProjectName),
    specifier,
    ...(parsed.environmentMarkerTree === undefined ? {} : { marker: parsed.environmentMarkerTree as Marker }),
  };
}

function parseLine(text: string) {
  try {
    // The library's grammar does not know `===`. Only PEP 440 versions can be built, and among those it means what `==` means.
    return pipRequirements.parsePipRequirementsLine(text.replaceAll('===', '=='));
  } catch (error) {
    throw new WheelwrightError('invalid', `${quote(text)} is not a requirement`, {
      hint: hintFor(text, error),
      cause: error,
    });
  }
}

function hintFor(text: string, error: unknown): string {
  if (/^\s*-|\s--/.test(text)) {
    return `Options of requirements files such as -e and --hash cannot be asked for. ${FORM}`;
  }
  if (/^[./~]|:\/\/|\.(whl|tar\.gz|zip)$/.test(text.trim())) {
    return `Only releases of an index are built, not files and addresses. ${FORM}`;
  }
  const where = error instanceof Error ? /col (\d+): (.*)/s.exec(error.message) : null;
  const position = where === null ? '' : `Not understood at character ${where[1]}. `;
  return `${position}${FORM}`;
}

function quote(text: string): string {
  const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return JSON.stringify(shown);
}
