import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { WheelwrightError } from '../core/errors.js';

/** A file that was named on the command line. @throws WheelwrightError `invalid` when it cannot be read. */
export async function readText(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw unreadable(file, what, error);
  }
}

/** As {@link readText}, piece by piece, for files of any size; `-` is standard input, and `.gz` is unpacked. */
export async function* readPieces(file: string, what: string): AsyncGenerator<Uint8Array> {
  if (file === '-') return yield* process.stdin as AsyncIterable<Buffer>;
  try {
    const bytes = createReadStream(file);
    yield* (file.endsWith('.gz') ? pipeline(bytes, createGunzip(), () => undefined) : bytes) as AsyncIterable<Buffer>;
  } catch (error) {
    throw unreadable(file, what, error);
  }
}

function unreadable(file: string, what: string, error: unknown): WheelwrightError {
  const { code } = error as NodeJS.ErrnoException;
  const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : String(code);
  return new WheelwrightError('invalid', `the ${what} ${file} cannot be read: ${reason}`, {
    hint: 'Paths are taken from the folder that the command runs in.',
    cause: error,
  });
}
