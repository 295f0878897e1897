import { WheelwrightError } from '../../core/errors.js';

export function quote(name: string): string {
  return JSON.stringify(name.slice(0, 200));
}

export function zipFault(
  why: string,
  hint = 'Build backends do not write such archives: it was broken on the way, changed by a tool, or made to be read in two ways. Build it again.',
): WheelwrightError {
  return new WheelwrightError('invalid', `the archive cannot be accepted: ${why}`, { hint });
}
