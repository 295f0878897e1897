// Which version of a library was there, where a log only says which one is needed.
import type { Failure } from './failure.js';

/** Upstream's part of a Debian version: 1.1.0 of `1:1.1.0+dfsg.1-4`. */
const UPSTREAM = /^(?:\d+:)?(\d+(?:\.\d+)+)/;

/**
 * The failure with the version of the library that its line finds too old, by the system packages that were installed for the build; unchanged where the line names
 * none of them, or several.
 */
export function withFoundVersion(failure: Failure, packages: readonly { name: string; version: string }[]): Failure {
  if (failure.class !== 'library-too-old') return failure;
  const words: readonly string[] = failure.line.toLowerCase().match(/[a-z][a-z0-9+]*/g) ?? [];
  const named = packages.filter(({ name }) => {
    const library = /^(?:lib)?([a-z][a-z0-9+]*?)[-.\d]*-dev$/.exec(name)?.[1];
    const numbered = /^(?:lib)?([a-z][a-z0-9+]*)-dev$/.exec(name)?.[1];
    return [library, numbered].some(
      (each) => each !== undefined && (words.includes(each) || words.includes(`lib${each}`)),
    );
  });
  const versions = [...new Set(named.map(({ version }) => UPSTREAM.exec(version)?.[1]))];
  const [found] = versions;
  if (found === undefined || versions.length > 1) return failure;
  return { ...failure, found, cause: `${failure.cause} ${named[0]?.name} here is ${found}.` };
}
