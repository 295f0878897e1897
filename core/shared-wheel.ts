import type { Target } from './build.js';
import { wheelReach, wheelServesTarget } from './tag.js';
import { wheelNameOf } from './wheel-name.js';

/**
 * Whether a wheel made for one target is also what a build for another would give, so that the other need not run: a pure wheel everywhere, a native one for
 * each other interpreter of the same image that takes it (abi3). A native wheel of an older policy would install as well, but is not what was asked for.
 */
export function wheelAnswersTarget(filename: string, madeFor: Target, target: Target): boolean {
  const name = wheelNameOf(filename);
  if (name === undefined || !wheelServesTarget(filename, target)) return false;
  if (wheelReach(name) === 'pure') return true;
  if (madeFor.image !== target.image || madeFor.policy !== target.policy || madeFor.arch !== target.arch) return false;
  // The digest covers one interpreter only, so it can be compared only where that is the same: a changed builder calls for a new wheel.
  return madeFor.python !== target.python || madeFor.builderDigest === target.builderDigest;
}
