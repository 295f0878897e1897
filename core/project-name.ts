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
  return name.replaceAll(/[-_.]+/g, '-').toLowerCase();
}
