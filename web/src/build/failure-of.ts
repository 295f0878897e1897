import type { Build } from '../../../client/contract.js';

/** Why a failed build failed: what its last attempt says. */
export function failureOf(build: Build): NonNullable<Build['attempts'][number]['failure']> | undefined {
  return build.status === 'failed'
    ? build.attempts.findLast(({ failure }) => failure !== undefined)?.failure
    : undefined;
}
