import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DATABASE, SMALL_FILES, sizeOf, syncPath } from '../../adapters/disk/data-folder.js';
import { WheelwrightError } from '../../core/errors.js';
import { type CopyReport, copyState } from './copy.js';
import { readManifest } from './manifest.js';

/** Inside the data folder, which may be a mount point and then cannot be renamed itself. Its presence marks a restore that was broken off. */
const STAGING = '.restoring';

/**
 * Brings a backup into an empty data folder; the database comes last, so that a restore that was broken off is no half service and can be repeated.
 * @throws WheelwrightError `conflict` when the data folder is not empty, `not-found` when the backup is none
 */
export async function restore(
  backup: string,
  data: string,
  signal: AbortSignal,
): Promise<CopyReport & { createdAt: string }> {
  const { createdAt } = await readManifest(backup);
  await prepareFolder(data);
  const staging = join(data, STAGING);
  const report = await copyState(backup, staging, signal);
  for (const name of (await readdir(staging)).filter((entry) => entry !== DATABASE)) {
    await rename(join(staging, name), join(data, name));
  }
  await syncPath(data);
  if ((await sizeOf(join(data, DATABASE))) !== undefined) throw notEmpty(data, [DATABASE]);
  await rename(join(staging, DATABASE), join(data, DATABASE));
  await rm(staging, { recursive: true });
  await syncPath(data);
  return { ...report, createdAt };
}

async function prepareFolder(data: string): Promise<void> {
  await mkdir(data, { recursive: true });
  const present = await readdir(data);
  const leftover = present.includes(STAGING) && !present.includes(DATABASE);
  const ours = [STAGING, 'blobs', 'logs', ...SMALL_FILES];
  const foreign = present.filter((name) => !leftover || !ours.includes(name));
  if (foreign.length > 0) throw notEmpty(data, foreign);
  for (const name of present) await rm(join(data, name), { recursive: true });
  await mkdir(join(data, STAGING));
}

function notEmpty(data: string, names: readonly string[]): WheelwrightError {
  return new WheelwrightError(
    'conflict',
    `the data folder ${data} is not empty: it has ${names.slice(0, 5).join(', ')}`,
    {
      hint: 'A backup is restored into an empty folder, and no program of the service may run on it meanwhile. Name another one by WHEELWRIGHT_DATA, or move what is there away.',
    },
  );
}
