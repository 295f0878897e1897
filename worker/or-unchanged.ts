import { WheelwrightError } from '../core/errors.js';
import type { Failure } from '../core/failure.js';
import type { AttemptLog } from './attempt-log.js';

/** What `look` finds, or the failure as it is where looking breaks, which the log then tells by `complaint`: why a build failed must be told in any case. */
export async function orUnchanged(
  failure: Failure,
  complaint: string,
  log: Pick<AttemptLog, 'say'>,
  signal: AbortSignal,
  look: () => Promise<Failure>,
): Promise<Failure> {
  try {
    return await look();
  } catch (error) {
    signal.throwIfAborted();
    const hint = error instanceof WheelwrightError && error.hint !== undefined ? `. ${error.hint}` : '';
    log.say(`${complaint}: ${String(error)}${hint}`);
    return failure;
  }
}
