// Which version of a library was there, where a log only says which one is needed.
import type { Failure } from './failure.js';

/** Upstream's part of a Debian version: 1.1.0 of `1:1.1.0+dfsg.1-4`. */
const UPSTREAM = /^(?:\d+:)?(\d+(?:\.\d+)+)/;

/** A development package, and upstream's version of it. */
export interface InstalledLibrary {
  package: string;
  found?: string;
}

/**
 * The development packages among the installed ones whose library a text names, if only by the prefix of its functions (`ham_new`).
 * @param text undefined for all of them
 */
export function installedLibraries(
  text: string | undefined,
  packages: readonly { name: string; version: string }[],
): InstalledLibrary[] {
  const words: readonly string[] = text?.toLowerCase().match(/[a-z][a-z0-9+]*/g) ?? [];
  return packages.flatMap(({ name, version }) => {
    const library = /^(?:lib)?([a-z][a-z0-9+]*?)[-.\d]*-dev$/.exec(name)?.[1];
    const numbered = /^(?:lib)?([a-z][a-z0-9+]*)-dev$/.exec(name)?.[1];
    const isNamed = [library, numbered].some(
      (each) => each !== undefined && (words.includes(each) || words.includes(`lib${each}`)),
    );
    if (library === undefined || !(isNamed || text === undefined)) return [];
    const found = UPSTREAM.exec(version)?.[1];
    return [{ package: name, ...(found === undefined ? {} : { found }) }];
  });
}

/**
 * The failure with the version of the library that its line finds too old, by the system packages that were installed for the build; unchanged where the line names
 * none of them, or several.
 */
export function withFoundVersion(failure: Failure, packages: readonly { name: string; version: string }[]): Failure {
  if (failure.class !== 'library-too-old') return failure;
  const named = installedLibraries(failure.line, packages);
  const versions = [...new Set(named.map(({ found }) => found))];
  const [found] = versions;
  if (found === undefined || versions.length > 1) return failure;
  return { ...failure, found, cause: `${failure.cause} ${named[0]?.package} here is ${found}.` };
}
