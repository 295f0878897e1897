import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pack } from 'tar-stream';

export interface ContextFile {
  name: string;
  content: Buffer | string;
  executable?: boolean;
}

/** A build context of small files. Times are fixed, so that the engine's cache sees equal contexts as equal. */
export function packContext(files: readonly ContextFile[]): Readable {
  const tar = pack();
  for (const { name, content, executable } of files) {
    tar.entry({ name, mode: executable ? 0o755 : 0o644, mtime: new Date(0) }, content);
  }
  tar.finalize();
  return Readable.from(tar);
}

/** The files of a family's folder, with their executable bits. */
export async function readContextFiles(folder: string): Promise<ContextFile[]> {
  const names = (await readdir(folder)).sort();
  const files = names.map(async (name) => {
    const path = join(folder, name);
    const [content, { mode }] = await Promise.all([readFile(path), stat(path)]);
    return { name, content, executable: (mode & 0o100) !== 0 };
  });
  return Promise.all(files);
}
