import type { Client } from '../client/client.js';
import type { Build } from '../client/contract.js';
import { WheelwrightError } from '../core/errors.js';
import { isValidProjectName, normalizeProjectName } from '../core/project-name.js';

/**
 * The build that a person means: by its id, or the newest of a project.
 * @throws WheelwrightError `not-found` when there is none
 */
export async function findBuild(client: Client, reference: string, signal: AbortSignal): Promise<Build> {
  try {
    return await client.build(reference, signal);
  } catch (error) {
    if (!(error instanceof WheelwrightError) || error.code !== 'not-found') throw error;
  }
  if (isValidProjectName(reference)) {
    const { builds } = await client.builds({ project: normalizeProjectName(reference) }, signal);
    // Read by itself, a build says more than in a list.
    if (builds[0] !== undefined) return client.build(builds[0].id, signal);
  }
  throw new WheelwrightError('not-found', `there is no build ${reference}, nor a build of a project with that name`, {
    hint: './wheelwright list shows the builds with their ids.',
  });
}

/** A build that did not fail by any fault of its own is tried again; one that did, only when that is wished. */
export async function tryAgain(client: Client, build: Build, always: boolean, signal: AbortSignal): Promise<Build> {
  const lost = build.attempts.at(-1)?.failure?.class === 'infrastructure';
  const again = build.status === 'cancelled' || (build.status === 'failed' && (lost || always));
  if (!again) return build;
  await client.retry(build.id, signal);
  return client.build(build.id, signal);
}
