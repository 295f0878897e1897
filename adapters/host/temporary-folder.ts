import { mkdtempSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isProcessRunning } from './process.js';

/** Makes a folder for this process alone. @param path of it without what makes it one of its own */
export async function makeOwnFolder(path: string): Promise<string> {
  return mkdtempSync(`${path}-${process.pid}-`);
}

/** Makes a folder for this process alone, below the system's for such files. */
export function makeTemporaryFolder(name: string): Promise<string> {
  return makeOwnFolder(join(tmpdir(), name));
}

/**
 * Removes folders that processes of this machine made as {@link makeOwnFolder} does, and did not live to remove.
 * @param prefix of their names
 */
export async function removeAbandonedFolders(parent: string, prefix: string): Promise<void> {
  const names = await readdir(parent).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const name of names.filter((each) => each.startsWith(prefix))) {
    const pid = /-(\d+)-[A-Za-z0-9]{6}$/.exec(name)?.[1];
    if (pid === undefined || isProcessRunning(Number(pid))) continue;
    await rm(join(parent, name), { recursive: true, force: true });
  }
}
