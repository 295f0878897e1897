// https://packaging.python.org/en/latest/specifications/name-normalization/
import { WheelwrightError } from './errors.js';

const VALID_NAME = /^([A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])$/i;

export function isValidProjectName(name: string): boolean {
  return VALID_NAME.test(name);
}

/**
 * The normalised form of a project name (PEP 503): lower case, runs of `-`, `_` and `.` as one `-`.
 * @throws WheelwrightError `invalid` for a name that PEP 508 does not allow, e.g. one that is not ASCII.
 */
export function normalizeProjectName(name: string): string {
  if (!isValidProjectName(name)) {
    throw new WheelwrightError('invalid', `${JSON.stringify(name)} is not a project name`, {
      hint: 'Names are ASCII letters, digits, ".", "-" and "_", and begin and end with a letter or digit (PEP 508).',
    });
  }
  return foldProjectName(name);
}

/** As {@link normalizeProjectName}, for a text that may be only a part of a name, or none. */
export function foldProjectName(text: string): string {
  return text.replaceAll(/[-_.]+/g, '-').toLowerCase();
}
