// Wheels that are loaded into one process and hold the same library must hold the same file of it: auditwheel names a grafted library by its hash, and the loader
// maps equal names once. Two different ones next to each other crash or corrupt each other's data.
import type { BuildOrder } from '../core/attempt.js';
import { parseRequirement } from '../core/requirement.js';

/** Requirements of the recipe's `depends` that have not been built yet. */
export function missingDepends({ recipe, depends = [] }: Pick<BuildOrder, 'recipe' | 'depends'>): string[] {
  return (recipe.depends ?? []).filter(
    (text) => !depends.some(({ project }) => project === parseRequirement(text).name),
  );
}

export interface LibraryMatch {
  /** File names that both wheels have. */
  shared: string[];
  /** File names of the same library with other bytes: ours, theirs. */
  differing: [string, string][];
}

/** How the libraries in one wheel compare with those in another. */
export function matchLibraries(ours: readonly string[], theirs: readonly string[]): LibraryMatch {
  const shared = ours.filter((name) => theirs.includes(name));
  const differing = ours.flatMap((name): [string, string][] => {
    const other = theirs.find((candidate) => candidate !== name && libraryOf(candidate) === libraryOf(name));
    return other === undefined || shared.includes(name) ? [] : [[name, other]];
  });
  return { shared, differing };
}

/** `libxml2.so.2` of `libxml2-8bd8ed9c.so.2.9.10`. */
function libraryOf(filename: string): string {
  const [, stem = filename, major = ''] = /^(.+)-[0-9a-f]{8}\.so(\.\d+)?/.exec(filename) ?? [];
  return `${stem}.so${major}`;
}
