import type { Failure } from '../core/failure.js';
import type { PackageIndex } from '../core/package-index.js';
import { mayDeclareContent, withContent } from '../core/sdist-content.js';
import type { SourceIndex } from '../core/source-package.js';
import type { AttemptLog } from './attempt-log.js';
import type { ReadSdist } from './missing-parts.js';
import { orUnchanged } from './or-unchanged.js';

/** The failure with the sources of what CMake would fetch, in place of a download; as it is where they cannot be had. */
export async function addContent(
  failure: Failure,
  read: ReadSdist | undefined,
  index: (PackageIndex & SourceIndex) | undefined,
  log: Pick<AttemptLog, 'say'>,
  signal: AbortSignal,
): Promise<Failure> {
  if (read === undefined || index === undefined || failure.class !== 'network-needed') return failure;
  return orUnchanged(failure, 'the sources of what CMake would fetch could not be looked up', log, signal, async () => {
    const all = await withContent(failure, await read(mayDeclareContent), index, index, signal);
    if (all.proposal !== failure.proposal) log.say(`proposed: ${all.proposal?.why}`);
    return all;
  });
}
