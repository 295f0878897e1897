import type { Failure, Proposal } from './failure.js';

/** More modules than these are counted, not named. */
const FEW = 5;

/**
 * Where the recipe does not say what must import, a part of a wheel that does not may be an optional one, as long as something of it does. Not where none of its
 * compiled modules does: they are what the wheel was built for.
 * @param imported modules that can be imported
 * @param broken those that cannot
 * @param native those that are compiled
 * @param failure how the test failed: a module that asks a library, or the interpreter, for what that does not have loads nowhere, so that it is no optional part but
 * a broken one
 */
export function optionalParts(
  imported: readonly string[],
  broken: readonly string[],
  native: readonly string[],
  failure?: Pick<Failure, 'class' | 'line'>,
): Proposal[] {
  if (failure?.class === 'library-too-old' || failure?.line.includes('undefined symbol')) return [];
  const isBroken = (name: string) => broken.some((part) => `${name}.`.startsWith(`${part}.`));
  // What lies in a package that does not import is of no use to anybody, though Python may hand it out.
  const sound = imported.filter((name) => !isBroken(name));
  if (sound.length === 0 || broken.length === 0) return [];
  if (native.length > 0 && native.every(isBroken)) return [];
  const others = sound.length <= FEW ? sound.join(', ') : `${sound.length} other modules`;
  const why = `${broken.join(', ')} may be optional: ${others} can be imported without`;
  return [{ edit: { test: { 'skip-imports': [...broken] } }, why, guess: true }];
}
