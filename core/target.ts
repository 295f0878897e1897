import type { Target } from './build.js';
import { WheelwrightError } from './errors.js';
import { canonicalPolicy } from './tag.js';

/**
 * The target that builds for a policy and interpreter; where images for several architectures exist, the one that comes first.
 * @throws WheelwrightError `invalid` naming what there is
 */
export function findTarget(targets: readonly Target[], policy: string, python: string): Target {
  const wanted = canonicalPolicy(policy);
  const ofPolicy = targets.filter((target) => target.policy === wanted);
  if (ofPolicy.length === 0) {
    throw new WheelwrightError('invalid', `no image builds for the policy ${JSON.stringify(policy)}`, {
      hint: `There are images for ${listOf(targets.map((target) => target.policy))}. Another policy needs another folder in images/.`,
    });
  }
  const found = ofPolicy.find((target) => target.python === python);
  if (found === undefined) {
    throw new WheelwrightError('invalid', `no image for ${wanted} has the interpreter ${JSON.stringify(python)}`, {
      hint: `There are ${listOf(ofPolicy.map((target) => target.python))}. Interpreters are named as in wheel file names: cp313 is CPython 3.13.`,
    });
  }
  return found;
}

/** Oldest first: an abi3 wheel built for the oldest interpreter serves the newer ones as well. */
export function sortByInterpreter(targets: readonly Target[]): Target[] {
  const minor = ({ python }: Target) => Number(/^cp3(\d+)/.exec(python)?.[1] ?? 0);
  return [...targets].sort((a, b) => minor(a) - minor(b) || (a.python < b.python ? -1 : 1));
}

function listOf(names: readonly string[]): string {
  return [...new Set(names)].sort().join(', ') || 'none at all';
}
