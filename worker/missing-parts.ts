import { WheelwrightError } from '../core/errors.js';
import type { Failure } from '../core/failure.js';
import { enrichProposal, type PackageIndex } from '../core/package-index.js';
import { type SdistText, sdistIdeas } from '../core/sdist-ideas.js';
import type { AttemptLog } from './attempt-log.js';

/**
 * The failure with a proposal to install what the build missed, by the distribution's own index of contents. Where the index cannot be had, the failure comes
 * back as it is: why a build failed must be told in any case.
 */
export async function explainMissing(
  failure: Failure,
  index: PackageIndex | undefined,
  log: Pick<AttemptLog, 'say'>,
  signal: AbortSignal,
): Promise<Failure> {
  const { missing = [], proposal } = failure;
  if (index === undefined || missing.length === 0 || proposal !== undefined) return failure;
  try {
    const enriched = await enrichProposal(failure, index, signal);
    if (enriched.proposal !== undefined) log.say(`proposed: ${enriched.proposal.why}`);
    return enriched;
  } catch (error) {
    signal.throwIfAborted();
    const hint = error instanceof WheelwrightError && error.hint !== undefined ? ` ${error.hint}` : '';
    const names = missing.map(({ name }) => name).join(', ');
    log.say(`which package has ${names} could not be looked up: ${String(error)}.${hint}`);
    return failure;
  }
}

/**
 * The failure with what the sdist's own build files offer, where nothing better is known.
 * @param texts reads them; undefined where the sdist was not had
 */
export async function addSdistIdeas(
  failure: Failure,
  texts: (() => Promise<SdistText[]>) | undefined,
  log: Pick<AttemptLog, 'say'>,
): Promise<Failure> {
  if (texts === undefined || (failure.proposal !== undefined && !failure.proposal.guess)) return failure;
  // A broken archive is what failed, then.
  const read = await texts().catch(() => []);
  const ideas = [...(failure.ideas ?? []), ...sdistIdeas(failure, read)];
  for (const { why } of ideas) log.say(`may help: ${why}`);
  return ideas.length === 0 ? failure : { ...failure, ideas };
}
