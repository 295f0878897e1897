import { nameSkeleton } from '../core/look-alike.js';

/** Past so many names of its own, an organisation looks for look-alikes elsewhere than in the memory of its index. */
export const MAX_OWNED_NAMES = 20_000;

/** This organisation's names by what they look like. */
export class OwnedNames {
  readonly #bySkeleton = new Map<string, string>();

  constructor(names: readonly string[]) {
    if (names.length <= MAX_OWNED_NAMES) for (const name of names) this.add(name);
  }

  add(name: string): void {
    this.#bySkeleton.set(nameSkeleton(name), name);
  }

  /** A name of this organisation that another one can be taken for. */
  lookAlike(project: string): string | undefined {
    const name = this.#bySkeleton.get(nameSkeleton(project));
    return name === project ? undefined : name;
  }
}
