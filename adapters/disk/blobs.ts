import { createHash, randomUUID } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fsync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFile,
  writeFileSync,
} from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { WheelwrightError } from '../../core/errors.js';
import type { BlobStore, IncomingFile, Pieces } from '../../core/store.js';
import { syncFolder } from './sync-folder.js';

// A step that only touches the page cache takes microseconds, and its way to the thread pool and back ten times as long: with hundreds of small files a second that is
// most of their cost. So only what may wait for the disk goes there: syncing, and writing more than a little.
const sync = promisify(fsync);
const writeAll = promisify<number, Uint8Array, void>(writeFile);

/** A file up to this size is kept in memory until it is whole. */
const SMALL_BYTES = 256 << 10;

/**
 * Blobs as files `<folder>/sha256/ab/cd/<sha256>`. A blob is written to `<folder>/incoming`, synced and renamed, so a crash leaves at most a stray temporary
 * file, never half a blob under its name.
 */
export async function openBlobStore(folder: string): Promise<BlobStore> {
  const incoming = join(folder, 'incoming');
  // What a killed process was writing belongs to nobody now: there is one writer.
  await rm(incoming, { recursive: true, force: true });
  await mkdir(incoming, { recursive: true });
  const root = resolve(folder, 'sha256');
  const pathOf = (sha256: string) => join(root, sha256.slice(0, 2), sha256.slice(2, 4), checked(sha256));
  const has = async (sha256: string) => {
    try {
      accessSync(pathOf(sha256), constants.R_OK);
      return true;
    } catch {
      return false;
    }
  };
  return {
    path: pathOf,
    has,
    async remove(sha256, storedBefore) {
      // In one go: blobs get their names on this thread too, so that none can be stored again between the look and the removal.
      const stored = statSync(pathOf(sha256), { throwIfNoEntry: false });
      if (stored === undefined || stored.mtimeMs >= storedBefore) return false;
      rmSync(pathOf(sha256));
      return true;
    },
    async put(pieces, expect) {
      const path = join(incoming, randomUUID());
      const file = openSync(path, 'wx', 0o644);
      try {
        const written = await write(file, pieces, expect.maxBytes);
        const { sha256, sizeBytes } = written;
        if (expect.sha256 !== undefined && sha256 !== expect.sha256) {
          throw new WheelwrightError('invalid', `the bytes have sha256 ${sha256}, not ${expect.sha256}`, {
            hint: 'They were changed or cut off on their way. Send them again; if the hash is the same, its source is wrong.',
          });
        }
        await expect.check?.({ path, ...written });
        await sync(file);
        await Promise.all(moveInto(path, pathOf(sha256)).map(syncFolder));
        return { sha256, sizeBytes };
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      } finally {
        closeSync(file);
      }
    },
  };
}

async function write(file: number, pieces: Pieces, maxBytes: number): Promise<Omit<IncomingFile, 'path'>> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  let small: Uint8Array[] | undefined = [];
  for await (const chunk of pieces) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) {
      throw new WheelwrightError('too-large', `more than ${maxBytes} bytes`, {
        hint: 'The limit is a setting; docs/operations.md says which.',
      });
    }
    hash.update(chunk);
    small?.push(chunk);
    if (small === undefined) await writeAll(file, chunk);
    else if (sizeBytes > SMALL_BYTES) {
      await writeAll(file, Buffer.concat(small));
      small = undefined;
    }
  }
  const sha256 = hash.digest('hex');
  if (small === undefined) return { sha256, sizeBytes };
  const whole = Buffer.concat(small);
  writeFileSync(file, whole);
  return { sha256, sizeBytes, bytes: whole };
}

/** Gives the folders that have a new entry by it. */
function moveInto(temporary: string, path: string): string[] {
  const folder = dirname(path);
  const topmost = mkdirSync(folder, { recursive: true });
  renameSync(temporary, path);
  const changed = [folder];
  if (topmost === undefined) return changed;
  for (let made = folder; made.startsWith(topmost); made = dirname(made)) changed.push(dirname(made));
  return changed;
}

/** @throws WheelwrightError `invalid` for what is not a hash, which would otherwise become part of a path. */
function checked(sha256: string): string {
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    throw new WheelwrightError('invalid', `${JSON.stringify(sha256.slice(0, 80))} is not a sha256 in lower-case hex`);
  }
  return sha256;
}
