import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WheelwrightError } from '../../core/errors.js';
import type { BlobStore } from '../../core/store.js';

/**
 * Blobs as files `<folder>/sha256/ab/cd/<sha256>`. A blob is written to `<folder>/incoming`, synced and renamed, so a crash leaves at most a stray temporary
 * file, never half a blob under its name.
 */
export async function openBlobStore(folder: string): Promise<BlobStore> {
  const incoming = join(folder, 'incoming');
  // What a killed process was writing belongs to nobody now: there is one writer.
  await rm(incoming, { recursive: true, force: true });
  await mkdir(incoming, { recursive: true });
  const pathOf = (sha256: string) => join(folder, 'sha256', sha256.slice(0, 2), sha256.slice(2, 4), checked(sha256));
  const has = async (sha256: string) => {
    try {
      await access(pathOf(sha256), constants.R_OK);
      return true;
    } catch {
      return false;
    }
  };
  return {
    path: pathOf,
    has,
    async put(bytes, expect) {
      const temporary = join(incoming, randomUUID());
      const handle = await open(temporary, 'wx', 0o644);
      try {
        const written = await write(handle, bytes, expect.maxBytes);
        if (expect.sha256 !== undefined && written.sha256 !== expect.sha256) {
          throw new WheelwrightError('invalid', `the bytes have sha256 ${written.sha256}, not ${expect.sha256}`, {
            hint: 'They were changed or cut off on their way. Send them again; if the hash is the same, its source is wrong.',
          });
        }
        await expect.check?.({ path: temporary, ...written });
        await handle.sync();
        await moveInto(temporary, pathOf(written.sha256));
        return written;
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      } finally {
        await handle.close();
      }
    },
  };
}

async function write(
  handle: FileHandle,
  bytes: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ sha256: string; sizeBytes: number }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of bytes) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxBytes) {
      throw new WheelwrightError('too-large', `more than ${maxBytes} bytes`, {
        hint: 'The limit is a setting; docs/operations.md says which.',
      });
    }
    hash.update(chunk);
    await handle.writeFile(chunk);
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

async function moveInto(temporary: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await rename(temporary, path);
  // Without this a power cut may forget the name while the database remembers the blob.
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** @throws WheelwrightError `invalid` for what is not a hash, which would otherwise become part of a path. */
function checked(sha256: string): string {
  if (!/^[0-9a-f]{64}$/.test(sha256)) {
    throw new WheelwrightError('invalid', `${JSON.stringify(sha256.slice(0, 80))} is not a sha256 in lower-case hex`);
  }
  return sha256;
}
