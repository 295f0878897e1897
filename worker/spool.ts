// Files of the worker's for the time of one attempt: small ones stay in memory, and whatever is large passes through its disk in streams.
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, openSync, writeFile } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { addAbortSignal, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { makeTemporaryFolder } from '../adapters/host/temporary-folder.js';
import { WheelwrightError } from '../core/errors.js';
import type { Spooled } from '../core/phases.js';

const writeAll = promisify<number, Uint8Array, void>(writeFile);

/** A file up to this size never touches the disk. */
const SMALL_BYTES = 256 << 10;

export interface Spool {
  /** Takes in all that a source gives, under a name of its own. @throws WheelwrightError `too-large` past the limit */
  take(name: string, source: Readable, maxBytes: number, signal: AbortSignal): Promise<Spooled>;
  remove(): Promise<void>;
}

export function openSpool(): Spool {
  let folder: Promise<string> | undefined;
  const create = async (name: string) => {
    folder ??= makeTemporaryFolder('wheelwright-worker');
    const path = join(await folder, name);
    return { path, file: openSync(path, 'w') };
  };
  return {
    async take(name, source, maxBytes, signal) {
      const hash = createHash('sha256');
      let sizeBytes = 0;
      let held: Buffer[] = [];
      let large: { path: string; file: number } | undefined;
      try {
        for await (const chunk of addAbortSignal(signal, source) as AsyncIterable<Buffer>) {
          sizeBytes += chunk.length;
          if (sizeBytes > maxBytes) throw new WheelwrightError('too-large', `it has more than ${maxBytes} bytes`);
          hash.update(chunk);
          held.push(chunk);
          if (sizeBytes <= SMALL_BYTES) continue;
          large ??= await create(name);
          await writeAll(large.file, Buffer.concat(held));
          held = [];
        }
      } finally {
        if (large !== undefined) closeSync(large.file);
      }
      return { sha256: hash.digest('hex'), sizeBytes, content: large?.path ?? Buffer.concat(held) };
    },
    async remove() {
      if (folder !== undefined) await rm(await folder, { recursive: true });
    },
  };
}

export function readSpooled({ content }: Spooled): Readable {
  return typeof content === 'string' ? createReadStream(content) : Readable.from([content], { objectMode: false });
}
