import { open } from 'node:fs/promises';
import type { HeldChunk } from '../../adapters/sqlite/holdings.js';

/** Compares the rows of one log with its file; gives what is wrong first, in words. Bytes after the last row are no fault: a crash tore them, and they were never shown. */
export async function checkLog(path: string, chunks: readonly HeldChunk[]): Promise<string | undefined> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (handle === undefined) return 'its file is not there';
  try {
    let [line, offset] = [1, 0];
    for (const chunk of chunks) {
      if (chunk.firstLine !== line)
        return `line ${line} should come next, and the rows go on with line ${chunk.firstLine}`;
      if (chunk.byteOffset !== offset)
        return `line ${line} should begin at byte ${offset}, and its row says ${chunk.byteOffset}`;
      const bytes = Buffer.alloc(chunk.byteCount);
      const { bytesRead } = await handle.read(bytes, 0, chunk.byteCount, chunk.byteOffset);
      if (bytesRead !== chunk.byteCount) return `its file ends before line ${line + chunk.lineCount}`;
      if (bytes.at(-1) !== 10 || countLines(bytes) !== chunk.lineCount) {
        return `the bytes of lines ${line} to ${line + chunk.lineCount - 1} are not that many lines`;
      }
      line += chunk.lineCount;
      offset += chunk.byteCount;
    }
    return undefined;
  } finally {
    await handle.close();
  }
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === 10) count++;
  return count;
}
