import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { type Fault, WheelwrightError } from '../../core/errors.js';
import { type ImageDefinition, imageSchema, type LoadedImage } from '../../core/image.js';

/** Folder of a family's Dockerfile, scripts and lock files. */
function familyFolder(imagesFolder: string, family: ImageDefinition['family']): string {
  return join(imagesFolder, 'families', family);
}

/**
 * Reads every <folder>/<name>/image.yaml together with what counts to its identity, sorted by name.
 * @throws WheelwrightError `invalid` with all faults of all files, each with line and column.
 */
export async function loadImages(folder: string): Promise<LoadedImage[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    throw new WheelwrightError('not-found', `there is no folder of images at ${folder}`, {
      hint: 'It is the folder images/ of the repository; run from there, or install again.',
      cause,
    });
  });
  const images: LoadedImage[] = [];
  const faults: Fault[] = [];
  for (const name of entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()) {
    const path = join(folder, name, 'image.yaml');
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const parsed = parseImage(text, name, path);
    if (Array.isArray(parsed)) faults.push(...parsed);
    else images.push({ definition: parsed, files: await hashFiles(familyFolder(folder, parsed.family)) });
  }
  if (faults.length > 0) {
    const lines = faults.map(({ path, line, column, message }) => `${path}:${line}:${column}: ${message}`);
    throw new WheelwrightError('invalid', `image definitions are wrong:\n${lines.join('\n')}`, {
      hint: 'docs/images.md describes image.yaml.',
      faults,
    });
  }
  return images;
}

function parseImage(text: string, folderName: string, path: string): ImageDefinition | Fault[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { path, line, column: col };
  };
  if (document.errors.length > 0) {
    return document.errors.map((error) => ({ message: error.message.split('\n')[0] ?? '', ...at(error.pos[0]) }));
  }
  const place = (keys: readonly PropertyKey[]): number => {
    for (let length = keys.length; length > 0; length -= 1) {
      const node = document.getIn(keys.slice(0, length), true) as { range?: [number, number, number] } | undefined;
      if (node?.range) return node.range[0];
    }
    return 0;
  };
  const result = imageSchema.safeParse(document.toJS({ maxAliasCount: 20 }));
  if (!result.success) {
    return result.error.issues.map((issue) => {
      const key = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
      const where = issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
      return { message: `${where}${issue.message}`, ...at(place([...issue.path, ...key])) };
    });
  }
  if (result.data.name !== folderName) {
    return [{ message: `name: the folder is called ${folderName}`, ...at(place(['name'])) }];
  }
  return result.data;
}

async function hashFiles(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
  const hashes = names.map(async (name) => {
    const bytes = await readFile(join(folder, name));
    return [name, createHash('sha256').update(bytes).digest('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(hashes));
}
