import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DATABASE, namesIn, syncPath } from '../../adapters/disk/data-folder.js';
import { openHoldings } from '../../adapters/sqlite/holdings.js';
import { WheelwrightError } from '../../core/errors.js';
import { type CopyReport, copyState } from './copy.js';
import { MANIFEST, type Manifest } from './manifest.js';

/**
 * Copies a data folder that may be in use. The copy gets its name only when it is whole.
 * @param now milliseconds since the epoch
 * @throws WheelwrightError `conflict` when something is at `target`, `not-found` when there is nothing to copy
 */
export async function backUp(data: string, target: string, now: number, signal: AbortSignal): Promise<CopyReport> {
  if ((await namesIn(target)).length > 0) {
    throw new WheelwrightError('conflict', `${target} is not empty`, {
      hint: 'A backup goes into a folder of its own: name one that does not exist yet, e.g. with the date in its name.',
    });
  }
  openHoldings(join(data, DATABASE)).close();
  await mkdir(dirname(target), { recursive: true });
  const partial = join(dirname(target), `.${basename(target)}.partial-${randomUUID().slice(0, 8)}`);
  // It holds the signing key.
  await mkdir(partial, { mode: 0o700 });
  try {
    const report = await copyState(data, partial, signal);
    const { blobs, logs, schema } = report;
    const createdAt = new Date(now).toISOString();
    const manifest: Manifest = { wheelwright: 'backup', version: 1, createdAt, schema, blobs, logs };
    await writeFile(join(partial, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    await syncPath(join(partial, MANIFEST));
    await syncPath(partial);
    await rename(partial, target);
    await syncPath(dirname(target));
    return report;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}
