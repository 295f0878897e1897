// The files of a data folder as backup, restore and fsck handle them. docs/operations.md says what each is.
import { createHash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { copyFile, mkdir, open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export const DATABASE = 'wheelwright.db';
/** Small files that are part of the state, each perhaps absent. The admin token is not: the next start makes another. */
export const SMALL_FILES = ['provenance-key.pem', 'provenance-certificate.pem', 'index.yaml'] as const;

/** Path of a blob within a data folder, or within a backup of one. */
export function blobFile(folder: string, sha256: string): string {
  return join(folder, 'blobs', 'sha256', sha256.slice(0, 2), sha256.slice(2, 4), sha256);
}

/** Path of an attempt's log within a data folder, or within a backup of one. */
export function logFile(folder: string, attemptId: string): string {
  return join(folder, 'logs', `${attemptId}.log`);
}

/** Hash and size of a file; undefined when there is none. @throws the system's error when it cannot be read */
export async function hashFile(path: string): Promise<{ sha256: string; sizeBytes: number } | undefined> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
      hash.update(chunk as Buffer);
      sizeBytes += (chunk as Buffer).length;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

/** Copies a file with its mode, and on to the disk itself; the folder above is made. False when there is no such file. */
export async function copyDurably(from: string, to: string): Promise<boolean> {
  await mkdir(dirname(to), { recursive: true });
  try {
    await copyFile(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  await syncPath(to);
  return true;
}

/** Brings a file, or the names in a folder, on to the disk. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Names in a folder; empty where there is none. */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

/** Hashes of all blobs in the folder, by the names of their files. */
export async function* blobsIn(folder: string): AsyncGenerator<string> {
  const root = join(folder, 'blobs', 'sha256');
  for (const first of (await namesIn(root)).sort()) {
    for (const second of (await namesIn(join(root, first))).sort()) {
      yield* (await namesIn(join(root, first, second))).sort();
    }
  }
}

export async function sizeOf(path: string): Promise<number | undefined> {
  return (await statOf(path))?.size;
}

/** Undefined when there is nothing, or no longer. */
export function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
