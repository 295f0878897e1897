/** Part of a file, always from a multiple of this. */
export const CHUNK_BYTES = 256 * 1024;

const MAX_CHUNKS = 64;
/** A chunk that nobody wanted for so long makes room for another, and is let go by {@link ChunkCache.dropCold}. */
const COLD_MS = 5_000;

interface Chunk {
  bytes: Buffer;
  usedAt: number;
}

/**
 * Parts of files that are being downloaded now, shared by all who download them: copying from the system's own cache costs twice what sending does. At most 16 MB.
 * A warm chunk is never pushed out, or several readers of one large file would push out each other's chunks just before they are needed.
 */
export class ChunkCache {
  readonly #chunks = new Map<string, Chunk>();
  readonly #clock: () => number;

  /** @param clock milliseconds, monotonic */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  find(sha256: string, index: number): Buffer | undefined {
    const key = `${sha256}/${index}`;
    const chunk = this.#chunks.get(key);
    if (chunk === undefined) return undefined;
    chunk.usedAt = this.#clock();
    // Last in the map is last used.
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    return chunk.bytes;
  }

  /** Whether there is room for one more; makes some from what is cold. */
  hasRoom(): boolean {
    if (this.#chunks.size < MAX_CHUNKS) return true;
    this.dropCold();
    return this.#chunks.size < MAX_CHUNKS;
  }

  add(sha256: string, index: number, bytes: Buffer): void {
    if (this.hasRoom()) this.#chunks.set(`${sha256}/${index}`, { bytes, usedAt: this.#clock() });
  }

  dropCold(): void {
    const limit = this.#clock() - COLD_MS;
    for (const [key, { usedAt }] of this.#chunks) {
      if (usedAt > limit) return;
      this.#chunks.delete(key);
    }
  }
}
