import type { AttemptInput } from '../core/attempt.js';
import { WheelwrightError } from '../core/errors.js';
import type { Failure } from '../core/failure.js';
import type { PackageIndex } from '../core/package-index.js';
import type { EffectiveRecipe } from '../core/recipe/recipe.js';
import type { SdistText } from '../core/sdist-text.js';
import type { SourceIndex } from '../core/source-package.js';
import type { AttemptLog } from './attempt-log.js';

/** What an attempt came by on its way, to explain a failure with. */
export interface Evidence {
  recipe: EffectiveRecipe;
  /** What the distribution and its later suites have; missing where the attempt did not come to ask for it. */
  index?: PackageIndex & SourceIndex;
  /** Reads the texts of the sdist that are wanted, by their path; missing where the sdist was not had. */
  readSdist?: (wanted: (path: string) => boolean) => Promise<SdistText[]>;
  /** The system packages that the build had. */
  installed: readonly AttemptInput[];
  log: Pick<AttemptLog, 'say'>;
  signal: AbortSignal;
}

/**
 * The failure that `look` makes of it; the log tells what is proposed by then, and what else may help.
 * @param complaint what the log tells where looking breaks, which leaves the failure as it is: why a build failed must be told in any case
 */
export async function lookFurther(
  failure: Failure,
  complaint: string,
  { log, signal }: Pick<Evidence, 'log' | 'signal'>,
  look: () => Promise<Failure>,
): Promise<Failure> {
  try {
    const found = await look();
    const { proposal, ideas = [] } = found;
    if (proposal !== undefined && proposal !== failure.proposal) log.say(`proposed: ${proposal.why}`);
    for (const idea of ideas) {
      if (idea !== failure.proposal && !failure.ideas?.includes(idea)) log.say(`may help: ${idea.why}`);
    }
    return found;
  } catch (error) {
    signal.throwIfAborted();
    const hint = error instanceof WheelwrightError && error.hint !== undefined ? `. ${error.hint}` : '';
    log.say(`${complaint}: ${String(error)}${hint}`);
    return failure;
  }
}
