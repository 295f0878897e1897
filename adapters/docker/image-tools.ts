import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AttemptInput } from '../../core/attempt.js';
import type { ImageDefinition } from '../../core/image.js';

/** The tools of a family's builders, from its lock file. */
export async function readToolLock(imagesFolder: string, family: ImageDefinition['family']): Promise<AttemptInput[]> {
  const lock = await readFile(join(imagesFolder, 'families', family, 'tools.lock'), 'utf8');
  return [...lock.matchAll(/^([A-Za-z0-9._-]+)==([^ ;\\]+)/gm)].map(([, name = '', version = '']) => ({
    kind: 'tool',
    name,
    version,
  }));
}
