import { readFileSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Big enough to hold most wheels whole, so that they cost one read; small enough for many at a time. */
const WINDOW_BYTES = 1 << 20;
/** Read at once on this thread: the ways of open, stat, read and close to the thread pool and back would take ten times as long. */
const SMALL_BYTES = 256 << 10;

/** Reads pieces of a file through one window, for a reader that mostly goes forward in small steps. */
export class FileWindow {
  readonly sizeBytes: number;
  readonly #handle: FileHandle | undefined;
  #start = 0;
  #window: Buffer;

  private constructor(handle: FileHandle | undefined, sizeBytes: number, window: Buffer) {
    this.#handle = handle;
    this.sizeBytes = sizeBytes;
    this.#window = window;
  }

  static async open(path: string): Promise<FileWindow> {
    if (statSync(path).size <= SMALL_BYTES) return FileWindow.over(readFileSync(path));
    const handle = await open(path, 'r');
    try {
      return new FileWindow(handle, (await handle.stat()).size, Buffer.alloc(0));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** A file that is in memory already. */
  static over({ buffer, byteOffset, byteLength }: Uint8Array): FileWindow {
    return new FileWindow(undefined, byteLength, Buffer.from(buffer, byteOffset, byteLength));
  }

  async close(): Promise<void> {
    await this.#handle?.close();
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
    // Past the end of what is in memory; a file would give nothing either.
    if (this.#handle === undefined) return;
    const length = Math.min(Math.max(atLeast, WINDOW_BYTES), this.sizeBytes - position);
    const buffer = Buffer.allocUnsafe(Math.max(0, length));
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#handle.read(buffer, filled, length - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    this.#start = position;
    this.#window = buffer.subarray(0, filled);
  }
}
