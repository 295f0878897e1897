import { createReadStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { makeOwnFolder } from '../host/temporary-folder.js';

/** Puts the files of an index into a folder. */
export type FetchIndex = (folder: string, signal: AbortSignal) => Promise<void>;

/**
 * An index that is kept compressed in a folder and read as a stream at each question: a failed build asks a few times, and memory is better spent otherwise.
 * What is not there yet is fetched at the first question; questions meanwhile wait for the same fetch.
 * @param file one of those that a whole index has
 * @param maxAgeMs an older one is fetched anew
 */
export function keptIndex(
  folder: string,
  file: string,
  fetch: FetchIndex,
  maxAgeMs = Number.POSITIVE_INFINITY,
): (signal: AbortSignal) => Promise<void> {
  let fetching: Promise<void> | undefined;
  return async (signal) => {
    if ((await ageMs(join(folder, file))) < maxAgeMs) return;
    fetching ??= fetchInto(folder, fetch, signal).finally(() => {
      fetching = undefined;
    });
    await fetching;
  };
}

/** Infinite where there is no such file. */
async function ageMs(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => Number.POSITIVE_INFINITY,
  );
}

/** Fetches beside the folder and renames, so that a folder is whole or absent. */
async function fetchInto(folder: string, fetch: FetchIndex, signal: AbortSignal): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const unfinished = await makeOwnFolder(folder);
  try {
    await fetch(unfinished, signal);
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** The lines that hold a text. Looking for it in whole pieces is several times faster than cutting all of them into lines. */
export async function* linesWith(
  needle: string,
  file: string,
  signal: AbortSignal,
  anyCase = false,
): AsyncGenerator<string> {
  const source = createReadStream(file, { signal });
  const text = source.pipe(createGunzip({ chunkSize: 1 << 20 }));
  source.once('error', (error) => text.destroy(error));
  const wanted = anyCase ? needle.toLowerCase() : needle;
  let rest = '';
  try {
    for await (const chunk of text as AsyncIterable<Buffer>) {
      const piece = rest + chunk.toString('latin1');
      const end = piece.lastIndexOf('\n') + 1;
      rest = piece.slice(end);
      const whole = piece.slice(0, end);
      const searched = anyCase ? whole.toLowerCase() : whole;
      for (let at = searched.indexOf(wanted); at >= 0 && at < end; ) {
        const start = searched.lastIndexOf('\n', at - 1) + 1;
        const stop = searched.indexOf('\n', at);
        yield whole.slice(start, stop);
        at = searched.indexOf(wanted, stop + 1);
      }
    }
  } finally {
    text.destroy();
    source.destroy();
  }
}
