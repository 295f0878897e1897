import { WheelwrightError } from './errors.js';

// Which patch release a target has is decided by its image. Requires-Python hardly ever speaks of patch releases, and where it does it asks for
// at least one that carries a fix, which an image's interpreter has; so the version stands for the newest of its series.
const NEWEST_PATCH = 99;

/**
 * The version that an interpreter tag stands for, e.g. `3.13.99` for `cp313` and `cp313t`.
 * @throws WheelwrightError `invalid` for anything that is not the tag of a CPython.
 */
export function interpreterVersion(tag: string): string {
  const match = /^cp(\d)(\d{1,2})t?$/.exec(tag);
  if (match === null) {
    throw new WheelwrightError('invalid', `${JSON.stringify(tag)} is not an interpreter tag`, {
      hint: 'Interpreters are named as in wheel file names: cp313 is CPython 3.13, cp313t its free-threaded build.',
    });
  }
  return `${match[1]}.${match[2]}.${NEWEST_PATCH}`;
}
