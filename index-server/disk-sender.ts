import { type FileHandle, open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { WheelwrightError } from '../core/errors.js';
import { CHUNK_BYTES, type ChunkCache } from './chunk-cache.js';

const SPARE_BUFFERS = 8;

/** A file whose bytes are known to have the hash. */
export interface FileOnDisk {
  path: string;
  sha256: string;
  sizeBytes: number;
}

/**
 * Sends parts of files. What is not in the chunk cache goes through one buffer per response, however large the file and however slow the reader: a stream would
 * leave a new buffer behind for each read, and thousands of them would wait for the garbage collector.
 */
export class DiskSender {
  readonly #chunks: ChunkCache;
  readonly #spare: Buffer[] = [];

  constructor(chunks: ChunkCache) {
    this.#chunks = chunks;
  }

  /** Sends bytes `start` to `end` (inclusive) and ends the response; returns early when the client goes away. */
  async send(response: ServerResponse, file: FileOnDisk, start: number, end: number): Promise<void> {
    const reader = new ChunkReader(file);
    const own = this.#spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
    try {
      for (let position = start; position <= end; ) {
        const index = Math.floor(position / CHUNK_BYTES);
        const shared = this.#chunks.find(file.sha256, index, () => reader.read(index));
        const chunk = await (shared ?? reader.read(index, own));
        const from = position - index * CHUNK_BYTES;
        const piece = chunk.subarray(from, Math.min(chunk.length, from + end + 1 - position));
        position += piece.length;
        if (!(await flushed(response, piece))) return;
      }
      response.end();
    } finally {
      if (this.#spare.length < SPARE_BUFFERS) this.#spare.push(own);
      await reader.close();
    }
  }
}

class ChunkReader {
  readonly #file: FileOnDisk;
  #handle: Promise<FileHandle> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(file: FileOnDisk) {
    this.#file = file;
  }

  read(index: number, into?: Buffer): Promise<Buffer> {
    const reading = this.#read(index, into);
    this.#last = reading.catch(() => {});
    return reading;
  }

  /** Others may be waiting for what this one reads, also when its own client is gone. */
  async close(): Promise<void> {
    await this.#last;
    await (await this.#handle)?.close();
  }

  async #read(index: number, into: Buffer | undefined): Promise<Buffer> {
    const { path, sizeBytes } = this.#file;
    this.#handle ??= open(path, 'r');
    const handle = await this.#handle;
    const start = index * CHUNK_BYTES;
    const length = Math.min(CHUNK_BYTES, sizeBytes - start);
    const buffer = into ?? Buffer.allocUnsafeSlow(length);
    for (let filled = 0; filled < length; ) {
      const { bytesRead } = await handle.read(buffer, filled, length - filled, start + filled);
      if (bytesRead === 0) throw new WheelwrightError('internal', `${path} became shorter while it was read`);
      filled += bytesRead;
    }
    return buffer.subarray(0, length);
  }
}

/** True once the system has taken the bytes, so that their buffer is free; false when the client is gone. */
function flushed(response: ServerResponse, bytes: Buffer): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const gone = () => resolve(false);
    response.once('close', gone);
    response.write(bytes, (error) => {
      response.off('close', gone);
      resolve(!error);
    });
  });
}
