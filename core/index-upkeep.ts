// What an administrator decides about what is on the index, after it was published.
import { WheelwrightError } from './errors.js';
import { normalizeProjectName } from './project-name.js';
import type { ProjectStatus } from './simple-index.js';

/** Every change is seen by the index's next request. `project` is normalised. */
export interface IndexUpkeep {
  /**
   * Yanks files (PEP 592): installers pass over them unless they are asked for by `==`.
   * @param files names of files, or versions for all files of these
   * @param reason shown by installers
   * @returns the names of the files, sorted
   * @throws WheelwrightError `not-found` when one names nothing here; none is yanked then
   */
  yank(project: string, files: readonly string[], reason: string | undefined): Promise<string[]>;
  /** Takes a yank back. As {@link yank}. */
  unyank(project: string, files: readonly string[]): Promise<string[]>;
  /**
   * The names of files that are meant by names or versions, sorted.
   * @throws WheelwrightError `not-found` when one names nothing here
   */
  meant(project: string, files: readonly string[]): Promise<string[]>;
  /**
   * Takes files off the index for good: their names are never used again. Builds that have no other wheel become cancelled, so that a retry makes it again, under the
   * next build number. The bytes are left to housekeeping.
   * @param files as in {@link yank}
   * @param reason kept with the name
   * @param now milliseconds since the epoch
   * @returns the names of the files, sorted
   * @throws WheelwrightError `not-found` when one names nothing here; none is deleted then
   */
  delete(project: string, files: readonly string[], reason: string, now: number): Promise<string[]>;
  /** PEP 792. @throws WheelwrightError `not-found` for a project that has never had a file here */
  setStatus(project: string, status: ProjectStatus, reason: string | undefined): Promise<void>;
  /** Sorted. */
  reservedNames(): Promise<string[]>;
  /**
   * Keeps a name, or with a `-` at its end all that begin with it, for this organisation: nothing of these comes from an upstream. No-op where it is kept already.
   * @param now milliseconds since the epoch
   */
  reserve(name: string, now: number): Promise<void>;
  /** @throws WheelwrightError `not-found` when the name is not reserved */
  unreserve(name: string): Promise<void>;
}

/**
 * A name to reserve in its normalised form; `Acme_` is the prefix `acme-`.
 * @throws WheelwrightError `invalid`
 */
export function reservedNameOf(text: string): string {
  const name = /^(.*[^-_.])[-_.]+$/.exec(text)?.[1];
  try {
    return name === undefined ? normalizeProjectName(text) : `${normalizeProjectName(name)}-`;
  } catch (cause) {
    throw new WheelwrightError(
      'invalid',
      `${JSON.stringify(text.slice(0, 80))} cannot be reserved: it is no project name`,
      {
        hint: 'Give a project name for that project alone (acme), or one that ends in "-" for all that begin with it (acme-).',
        cause,
      },
    );
  }
}
