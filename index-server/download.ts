import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { WheelwrightError } from '../core/errors.js';

export interface DownloadTarget {
  /** Normalised. */
  project: string;
  filename: string;
  sha256: string;
  /** Where the page gives it. */
  sizeBytes?: number;
}

/** So much is kept back until the hash is known, so that nobody ever receives the whole of a wrong file. */
const KEPT_BACK_BYTES = 1024;
const READ_BYTES = 256 * 1024;

/** A file on its way from an upstream into a temporary file, followed by any number of readers. */
export class Download {
  readonly target: DownloadTarget;
  readonly path: string;
  /** Settles when the bytes are whole and right; rejects with a WheelwrightError otherwise. */
  readonly done: Promise<{ sizeBytes: number }>;
  #received = 0;
  #state: 'running' | 'verified' | 'failed' = 'running';
  #wake: () => void = () => {};
  #progress: Promise<void> = Promise.resolve();
  #handle: FileHandle | undefined;
  /** Readers, and the owner until it has let go: the last one closes the file. */
  #users = 1;

  constructor(target: DownloadTarget, path: string, start: () => Promise<Readable>, maxBytes: number) {
    this.target = target;
    this.path = path;
    this.#arm();
    this.done = this.#run(start, Math.min(target.sizeBytes ?? maxBytes, maxBytes)).then(
      (sizeBytes) => {
        this.#settle('verified');
        return { sizeBytes };
      },
      (error) => {
        this.#settle('failed');
        throw error;
      },
    );
    // Whoever follows the download learns of its failure; nobody has to.
    this.done.catch(() => {});
  }

  /**
   * The bytes as they arrive; throws before the end when they turn out to be wrong. To be started before the owner lets go; the file may be renamed meanwhile.
   */
  async *follow(): AsyncGenerator<Buffer> {
    let position = 0;
    this.#users++;
    try {
      for (;;) {
        const progress = this.#progress;
        const state = this.#state;
        if (state === 'failed') await this.done;
        const ready = state === 'verified' ? this.#received : this.#received - KEPT_BACK_BYTES;
        if (position < ready) {
          const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, ready - position));
          const { bytesRead } = await (this.#handle as FileHandle).read(buffer, 0, buffer.length, position);
          if (bytesRead === 0)
            throw new WheelwrightError('internal', `${this.path} is shorter than what was written to it`);
          position += bytesRead;
          yield buffer.subarray(0, bytesRead);
        } else if (state === 'verified') return;
        else await progress;
      }
    } finally {
      await this.release();
    }
  }

  /** Ends one use of the temporary file; the owner calls it once. */
  async release(): Promise<void> {
    this.#users--;
    if (this.#users === 0) await this.#handle?.close();
  }

  async #run(start: () => Promise<Readable>, maxBytes: number): Promise<number> {
    const body = await start().catch((error) => {
      throw asUpstreamFault(error, this.target.filename);
    });
    const handle = await open(this.path, 'wx+');
    this.#handle = handle;
    try {
      const hash = createHash('sha256');
      for await (const piece of body as AsyncIterable<Buffer>) {
        if (this.#received + piece.length > maxBytes) throw this.#wrong(`it is larger than ${maxBytes} bytes`);
        hash.update(piece);
        await handle.write(piece);
        this.#received += piece.length;
        this.#arm();
      }
      const { sizeBytes, sha256 } = this.target;
      if (sizeBytes !== undefined && this.#received !== sizeBytes) {
        throw this.#wrong(`it has ${this.#received} bytes instead of ${sizeBytes}`);
      }
      const actual = hash.digest('hex');
      if (actual !== sha256) throw this.#wrong(`its sha256 is ${actual} instead of ${sha256}`);
      return this.#received;
    } catch (error) {
      throw asUpstreamFault(error, this.target.filename);
    } finally {
      body.on('error', () => {}).destroy();
    }
  }

  #wrong(why: string): WheelwrightError {
    return new WheelwrightError('unavailable', `the upstream sent a wrong ${this.target.filename}: ${why}`, {
      hint: 'Its page and its files disagree. Nothing of it was kept; ask whoever runs the upstream.',
    });
  }

  /** Wakes those who wait for more, and lets them wait again. */
  #arm(): void {
    this.#wake();
    this.#progress = new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #settle(state: 'verified' | 'failed'): void {
    this.#state = state;
    this.#wake();
  }
}

/** Whatever goes wrong with a file that a page promised is the upstream's fault, and may be over in a minute: never a 404 or 403 of ours. */
function asUpstreamFault(error: unknown, filename: string): WheelwrightError {
  if (error instanceof WheelwrightError && error.code === 'unavailable') return error;
  const { message, hint } = error as Error & { hint?: string };
  return new WheelwrightError('unavailable', `${filename} cannot be had: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}
