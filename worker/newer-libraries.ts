import type { Failure } from '../core/failure.js';
import { type Built, mayNeedNewer, newerLibraries } from '../core/newer-library.js';
import type { PackageIndex } from '../core/package-index.js';
import type { SourceIndex } from '../core/source-package.js';
import type { AttemptLog } from './attempt-log.js';
import { orUnchanged } from './or-unchanged.js';

/** The failure with what later suites have of a library that is too old, as its last ideas; as it is where their lists cannot be had. */
export async function addNewerLibraries(
  failure: Failure,
  built: Built,
  index: (PackageIndex & SourceIndex) | undefined,
  log: Pick<AttemptLog, 'say'>,
  signal: AbortSignal,
): Promise<Failure> {
  if (index === undefined || !mayNeedNewer(failure)) return failure;
  return orUnchanged(failure, 'what later suites have could not be looked up', log, signal, async () => {
    const newer = await newerLibraries(failure, built, index, index, signal);
    for (const { why } of newer) log.say(`may help: ${why}`);
    return newer.length === 0 ? failure : { ...failure, ideas: [...(failure.ideas ?? []), ...newer] };
  });
}
