// Files on the worker's own disk for the time of one attempt: whatever is large passes through here in streams, never through memory.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readdir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { makeTemporaryFolder } from '../adapters/host/temporary-folder.js';
import { WheelwrightError } from '../core/errors.js';

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
      for (const name of await readdir(folder)) await unlink(join(folder, name));
      await rmdir(folder);
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
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) {
        done(new WheelwrightError('too-large', `it has more than ${maxBytes} bytes`));
        return;
      }
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(source, count, createWriteStream(path), { signal });
  return { sha256: hash.digest('hex'), sizeBytes };
}
