import { open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { WheelwrightError } from '../core/errors.js';

const READ_BYTES = 256 * 1024;
const SPARE_BUFFERS = 16;

/**
 * Sends parts of files. One buffer goes round per response, however large the file and however slow the reader: a stream would leave a new one behind for each
 * read, and thousands of them would wait for the garbage collector.
 */
export class DiskSender {
  readonly #spare: Buffer[] = [];

  /** Sends bytes `start` to `end` (inclusive) and ends the response; returns early when the client goes away. */
  async send(response: ServerResponse, path: string, start: number, end: number): Promise<void> {
    const handle = await open(path, 'r');
    const buffer = this.#spare.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES);
    try {
      for (let position = start; position <= end; ) {
        const { bytesRead } = await handle.read(buffer, 0, Math.min(READ_BYTES, end + 1 - position), position);
        if (bytesRead === 0) throw new WheelwrightError('internal', `${path} became shorter while it was read`);
        position += bytesRead;
        if (!(await flushed(response, buffer.subarray(0, bytesRead)))) return;
      }
      response.end();
    } finally {
      if (this.#spare.length < SPARE_BUFFERS) this.#spare.push(buffer);
      await handle.close();
    }
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
