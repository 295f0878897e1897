// Files on the worker's own disk for the time of one attempt: whatever is large passes through here in streams, never through memory.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isProcessRunning } from '../adapters/host/process.js';
import { WheelwrightError } from '../core/errors.js';

export interface Spool {
  path(name: string): string;
  remove(): Promise<void>;
}

export interface StoredBytes {
  sha256: string;
  sizeBytes: number;
}

const PREFIX = 'wheelwright-worker-';

export async function openSpool(): Promise<Spool> {
  const folder = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
  return {
    path: (name) => join(folder, name),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Removes the folders of workers that were killed on this machine. */
export async function removeAbandonedSpools(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !isProcessRunning(Number(pid))) {
      await rm(join(tmpdir(), name), { recursive: true, force: true });
    }
  }
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
