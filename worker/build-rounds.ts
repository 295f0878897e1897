import type { Built, Fetched, PhaseResult } from '../core/phases.js';
import { failed, type PhaseContext } from './phase-context.js';
import { buildWheel } from './phases/build.js';
import { fetchMore } from './phases/fetch.js';

/** A backend that asks for something else each time would go on for ever. */
const MAX_REQUESTS = 5;

/** A build that was made, and with what. */
export interface Round {
  built: Built;
  fetched: Fetched;
  diagnosis: PhaseContext['diagnosis'];
}

/**
 * Builds once more for as long as the backend asks for more than was fetched, or would write into an environment that others have as well.
 * @param begin enters a phase anew
 */
export async function buildInRounds(
  begin: (phase: 'fetch' | 'build') => PhaseContext,
  first: Fetched,
): Promise<PhaseResult<Round>> {
  let fetched = first;
  let ownEnvironment = false;
  let requests = 0;
  for (;;) {
    const building = begin('build');
    const built = await buildWheel(building, fetched, ownEnvironment);
    switch (built.kind) {
      case 'done':
        return { kind: 'done', value: { built: built.value, fetched, diagnosis: building.diagnosis } };
      case 'environment-refused':
        building.log.say('build: it writes into the environment of its requirements: once more, with one of its own');
        ownEnvironment = true;
        break;
      case 'more-requirements': {
        requests += 1;
        if (requests > MAX_REQUESTS) return asksForEver(building, built.requirements);
        const more = await fetchMore(begin('fetch'), fetched, built.requirements);
        if (more.kind !== 'done') return more;
        fetched = more.value;
        break;
      }
      case 'failed':
      case 'deferred':
        return built;
      default:
        return built satisfies never;
    }
  }
}

function asksForEver(context: PhaseContext, requirements: readonly string[]): PhaseResult<Round> {
  return failed(context, 'build', {
    class: 'build-requirement',
    line: `the backend asks for ever more: ${requirements.join(', ')}`,
    cause:
      'Its requirements are installed and it asks for them again. Constraints in the recipe (requires) may settle it.',
  });
}
