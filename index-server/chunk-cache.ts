/** Part of a file, always from a multiple of this. */
export const CHUNK_BYTES = 256 * 1024;

const MAX_CHUNKS = 48;
/** A chunk that nobody wanted for so long makes room for another, and is let go by {@link ChunkCache.dropCold}. */
const COLD_MS = 5_000;

interface Chunk {
  bytes: Promise<Buffer>;
  usedAt: number;
}

/**
 * Parts of files that are being downloaded now, shared by all who download them: copying from the system's own cache costs twice what sending does. At most 12 MB.
 * A warm chunk is never pushed out, or several readers of one large file would push out each other's chunks just before they are needed.
 */
export class ChunkCache {
  readonly #chunks = new Map<string, Chunk>();
  readonly #clock: () => number;

  /** @param clock milliseconds, monotonic */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /**
   * The chunk, read once however many want it at the same time; undefined when it is not here and there is no room for it.
   * @param read gives a buffer that nobody else writes to
   */
  find(sha256: string, index: number, read: () => Promise<Buffer>): Promise<Buffer> | undefined {
    const key = `${sha256}/${index}`;
    const present = this.#chunks.get(key);
    if (present === undefined && !this.#hasRoom()) return undefined;
    const chunk = present ?? { bytes: read(), usedAt: 0 };
    chunk.usedAt = this.#clock();
    // Last in the map is last used.
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    if (present === undefined) chunk.bytes.catch(() => this.#chunks.delete(key));
    return chunk.bytes;
  }

  dropCold(): void {
    const limit = this.#clock() - COLD_MS;
    for (const [key, { usedAt }] of this.#chunks) {
      if (usedAt > limit) return;
      this.#chunks.delete(key);
    }
  }

  #hasRoom(): boolean {
    if (this.#chunks.size >= MAX_CHUNKS) this.dropCold();
    return this.#chunks.size < MAX_CHUNKS;
  }
}
