import { isSdistFilename, sdistNameOf } from './sdist-name.js';
import { isWheelFilename, wheelNameOf } from './wheel-name.js';

export type DistributionKind = 'wheel' | 'sdist';

/** What a file of an index page is by its extension; undefined for eggs, installers and anything else that pip no longer installs. */
export function distributionKind(filename: string): DistributionKind | undefined {
  return isWheelFilename(filename) ? 'wheel' : isSdistFilename(filename) ? 'sdist' : undefined;
}

/** The normalised version that a file name states; undefined when it is no wheel or sdist of that (normalised) project. */
export function distributionVersion(filename: string, project: string): string | undefined {
  if (!isWheelFilename(filename)) return sdistNameOf(filename, project)?.version;
  const name = wheelNameOf(filename);
  return name?.project === project ? name.version : undefined;
}
