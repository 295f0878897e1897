import type { Target } from './build.js';
import { digestOf } from './digest.js';

/** What decides the result of a build. Two builds with the same key are the same build. */
export interface BuildKeyParts {
  sdistSha256: string;
  recipeDigest: string;
  target: Target;
}

/** Sha256 in hex over the parts, in a form that does not depend on the order of their keys. */
export function buildKey({ sdistSha256, recipeDigest, target }: BuildKeyParts): string {
  const { policy, arch, python, builderDigest } = target;
  return digestOf({ sdistSha256, recipeDigest, policy, arch, python, builderDigest });
}
