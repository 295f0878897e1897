// Why a build failed, beyond what its log says: by what the distribution and the sdist have.
import type { Failure } from '../core/failure.js';
import { withFoundVersion } from '../core/library-version.js';
import { mayNeedNewer, newerLibraries } from '../core/newer-library.js';
import { enrichProposal } from '../core/package-index.js';
import { mayDeclareContent, withContent } from '../core/sdist-content.js';
import { type Evidence, lookFurther } from './evidence.js';
import { withSdistIdeas } from './sdist-evidence.js';

/** The failure with what may be done about it; as it is where nothing more can be found out. @throws only the aborted signal's reason */
export async function explain(diagnosed: Failure, evidence: Evidence): Promise<Failure> {
  const explained = await withMissingPackages(diagnosed, evidence);
  const dated = withFoundVersion(explained, evidence.installed);
  const ideas = await withSdistIdeas(dated, evidence);
  return withNewerLibraries(await withFetchedContent(ideas, evidence), evidence);
}

/** With a proposal to install what the build missed, by the distribution's own index of contents. */
export async function withMissingPackages(failure: Failure, evidence: Evidence): Promise<Failure> {
  const { index, log, signal } = evidence;
  const { missing = [], proposal } = failure;
  if (index === undefined || missing.length === 0 || proposal !== undefined) return failure;
  const names = missing.map(({ name }) => name).join(', ');
  // The first time the distribution's index is fetched, which takes longer than the build did.
  log.say(`looking up which package has ${names}`);
  return lookFurther(failure, `which package has ${names} could not be looked up`, evidence, () =>
    enrichProposal(failure, index, signal),
  );
}

/** With the sources of what CMake would fetch, in place of a download. */
async function withFetchedContent(failure: Failure, evidence: Evidence): Promise<Failure> {
  const { readSdist, index, signal } = evidence;
  if (readSdist === undefined || index === undefined || failure.class !== 'network-needed') return failure;
  return lookFurther(failure, 'the sources of what CMake would fetch could not be looked up', evidence, async () =>
    withContent(failure, await readSdist(mayDeclareContent), index, index, signal),
  );
}

/** With what later suites have of a library that is too old, as its last ideas. */
async function withNewerLibraries(failure: Failure, evidence: Evidence): Promise<Failure> {
  const { index, signal } = evidence;
  if (index === undefined || !mayNeedNewer(failure)) return failure;
  return lookFurther(failure, 'what later suites have could not be looked up', evidence, async () => {
    const newer = await newerLibraries(failure, evidence, index, index, signal);
    return newer.length === 0 ? failure : { ...failure, ideas: [...(failure.ideas ?? []), ...newer] };
  });
}
