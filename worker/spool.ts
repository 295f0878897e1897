// Files on the worker's own disk for the time of one attempt: whatever is large passes through here in streams, never through memory.
import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
  writeFile as writeFileTo,
} from 'node:fs';
import { join } from 'node:path';
import { addAbortSignal, Readable } from 'node:stream';
import { promisify } from 'node:util';
import { makeTemporaryFolder } from '../adapters/host/temporary-folder.js';
import { WheelwrightError } from '../core/errors.js';

// A step that only touches the page cache takes microseconds, and its way to the thread pool and back ten times as long. So only what may take longer goes there.
const writeAll = promisify<number, Uint8Array, void>(writeFileTo);

/** A file up to this size is written and read in one go. */
const SMALL_BYTES = 256 << 10;

export interface Spool {
  path(name: string): string;
  remove(): Promise<void>;
}

export interface StoredBytes {
  sha256: string;
  sizeBytes: number;
}

export async function openSpool(): Promise<Spool> {
  const folder = await makeTemporaryFolder('wheelwright-worker');
  return {
    path: (name) => join(folder, name),
    async remove() {
      for (const name of readdirSync(folder)) unlinkSync(join(folder, name));
      rmdirSync(folder);
    },
  };
}

/** @throws WheelwrightError `too-large` past the limit. */
export async function writeFile(
  source: Readable,
  path: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<StoredBytes> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let held: Buffer[] = [];
  let file: number | undefined;
  try {
    for await (const chunk of addAbortSignal(signal, source) as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) throw new WheelwrightError('too-large', `it has more than ${maxBytes} bytes`);
      hash.update(chunk);
      held.push(chunk);
      if (sizeBytes <= SMALL_BYTES) continue;
      file ??= openSync(path, 'w');
      await writeAll(file, Buffer.concat(held));
      held = [];
    }
    if (file === undefined) writeFileSync(path, Buffer.concat(held));
  } finally {
    if (file !== undefined) closeSync(file);
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

/** The bytes of a file of that size. */
export function readSpooled(path: string, sizeBytes: number): Readable {
  return sizeBytes > SMALL_BYTES ? createReadStream(path) : Readable.from([readFileSync(path)], { objectMode: false });
}
