// Which older release to try where the base is too old for the one that was asked for: the newest that works, in few builds.
import type { Failure, FailureClass } from './failure.js';
import type { SolveFacts, SolveTry } from './solve-try.js';
import { compareVersions } from './version.js';

/** Failures that an earlier release, made when the base was new, may not have. */
const TOO_NEW_FOR_BASE: readonly FailureClass[] = ['library-too-old', 'toolchain-missing'];
/** Ends of a release that an even older one would not mend: it is older than this interpreter and its tools. */
const TOO_OLD: readonly FailureClass[] = [
  'python-too-new',
  'build-requirement',
  'bad-sdist',
  'no-sdist',
  'test-failed',
];

/** The release wants a library or tool newer than the base has, or one that the base does not have at all. */
export function isTooNewForBase({ class: kind, missing = [], proposal }: Failure): boolean {
  if (kind === 'network-needed') return false;
  return TOO_NEW_FOR_BASE.includes(kind) || (missing.length > 0 && proposal === undefined);
}

/** Leaps that reach the oldest of all: a solve has eight builds in all, and halves are still to follow. */
const LEAPS = 4;

/**
 * Back in time until a release works or is too old for the interpreter, then by halves towards the newest that works. First the nearest, since often only the newest
 * asks for more; then the one that was new when the base's libraries were; then by leaps of growing width, which grow the faster the more releases there are.
 * @returns undefined where the search has ended
 */
export function nextOlder(
  { olderVersions, foretold = [], releasedOn, librariesFrom }: SolveFacts,
  tries: readonly SolveTry[],
): string | undefined {
  const tooNew = new Set<number>([-1]);
  const done = new Set<number>();
  const ahead = Math.max(-1, ...foretold.map((version) => olderVersions.indexOf(version)));
  olderVersions.forEach((version, at) => {
    const last = tries.findLast((each) => each.version === version && each.purpose !== 'without');
    if (last !== undefined) (isDone(last) ? done : tooNew).add(at);
  });
  const low = Math.max(...tooNew, ahead);
  const high = Math.min(...[...done].filter((at) => at > low), Number.POSITIVE_INFINITY);
  if (high !== Number.POSITIVE_INFINITY)
    return high - low > 1 ? olderVersions[Math.floor((low + high) / 2)] : undefined;
  const last = olderVersions.length - 1;
  // No leap is needed beyond what is known without one.
  if (low !== -1 && low === ahead && !tooNew.has(low)) return olderVersions[low + 1];
  const asOldAsBase = olderVersions.findIndex((version) => (releasedOn[version] ?? '9') <= (librariesFrom ?? ''));
  if (tooNew.size > 1 && asOldAsBase > low) return olderVersions[asOldAsBase];
  const growth = Math.max(2, Math.round(olderVersions.length ** (1 / LEAPS)));
  return low === last ? undefined : olderVersions[Math.min(low + growth ** (tooNew.size - 1), last)];
}

function isDone({ outcome }: SolveTry): boolean {
  if (outcome.kind === 'succeeded') return true;
  return outcome.failure !== undefined && !isTooNewForBase(outcome.failure) && TOO_OLD.includes(outcome.failure.class);
}

/**
 * Bindings that are numbered as their library is and say which one they found, as GDAL's do (`3.13.3 require at least libgdal 3.13.3, but 3.2.2 was found`): the newest release that is no newer than that.
 * @returns undefined where the line says no such thing, or there is no such release
 */
export function releaseOfLibrary(
  { class: kind, line }: Failure,
  version: string,
  { allOlderVersions = [] }: SolveFacts,
): string | undefined {
  if (kind !== 'library-too-old') return undefined;
  const named: string[] = line.match(/\d+(?:\.\d+)+/g) ?? [];
  const found = named.filter((text) => text !== version && compareVersions(text, version) < 0);
  if (!named.includes(version) || found.length !== 1) return undefined;
  return allOlderVersions.find((older) => compareVersions(older, found[0] ?? '') <= 0);
}

/** The release that is numbered as the library which a failed build found; no newer one can work. */
export function namedRelease({ outcome, version }: SolveTry, facts: SolveFacts): string | undefined {
  return outcome.kind === 'failed' && outcome.failure !== undefined
    ? releaseOfLibrary(outcome.failure, version, facts)
    : undefined;
}
