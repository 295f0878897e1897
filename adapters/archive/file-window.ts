import type { FileHandle } from 'node:fs/promises';

/** Big enough to hold most wheels whole, so that they cost one read; small enough for many at a time. */
const WINDOW_BYTES = 1 << 20;

/** Reads pieces of a file through one window, for a reader that mostly goes forward in small steps. */
export class FileWindow {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  #start = 0;
  #window = Buffer.alloc(0);

  constructor(handle: FileHandle, sizeBytes: number) {
    this.handle = handle;
    this.sizeBytes = sizeBytes;
  }

  /** The bytes at a position; fewer only at the end of the file. The result stays valid. */
  async bytes(position: number, length: number): Promise<Buffer> {
    const end = Math.min(position + length, this.sizeBytes);
    if (position < this.#start || end > this.#start + this.#window.length) await this.#fill(position, end - position);
    return this.#window.subarray(position - this.#start, end - this.#start);
  }

  /** The end of the file, as much of it as the window holds; of a small file all. */
  async tail(): Promise<Buffer> {
    const length = Math.min(WINDOW_BYTES, this.sizeBytes);
    return this.bytes(this.sizeBytes - length, length);
  }

  async #fill(position: number, atLeast: number): Promise<void> {
    const length = Math.min(Math.max(atLeast, WINDOW_BYTES), this.sizeBytes - position);
    const buffer = Buffer.allocUnsafe(Math.max(0, length));
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.handle.read(buffer, filled, length - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    this.#start = position;
    this.#window = buffer.subarray(0, filled);
  }
}
