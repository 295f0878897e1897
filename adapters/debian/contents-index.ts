import { createReadStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createGunzip } from 'node:zlib';
import type { MissingPart } from '../../core/failure.js';
import type { PackageIndex, PackageMatch } from '../../core/package-index.js';
import { type OwnedFile, pathTestOf, rankOwners } from '../../core/package-match.js';
import { makeOwnFolder } from '../host/temporary-folder.js';

/** A word that stands in a third of all paths is no help, and a file that long a list of owners would be none either. */
const MAX_FILES = 2_000;

/** Puts `files.gz` and `packages.gz` (see contents-script.ts) into a folder. */
export type FetchContents = (folder: string, signal: AbortSignal) => Promise<void>;

/**
 * The index of contents of one Debian suite, kept compressed in a folder and read as a stream at each question: a failed build asks a few times, and memory is
 * better spent otherwise. What is not there yet is fetched at the first question; questions meanwhile wait for the same fetch.
 */
export function openContentsIndex(folder: string, fetch: FetchContents): PackageIndex {
  let fetching: Promise<void> | undefined;

  async function ready(signal: AbortSignal): Promise<void> {
    if (await exists(join(folder, 'packages.gz'))) return;
    fetching ??= fetchInto(folder, fetch, signal).finally(() => {
      fetching = undefined;
    });
    await fetching;
  }

  async function whoHas(part: MissingPart, signal: AbortSignal): Promise<PackageMatch[]> {
    if (part.kind === 'package') {
      return (await hasPackage(part.name, signal)) ? [{ package: part.name, path: '', certain: true }] : [];
    }
    await ready(signal);
    const { needle, anyCase, rank } = pathTestOf(part);
    const files: OwnedFile[] = [];
    for await (const line of linesWith(needle, join(folder, 'files.gz'), signal, anyCase)) {
      const file = parseLine(line);
      if (file !== undefined && rank(file.path) !== undefined && files.push(file) >= MAX_FILES) break;
    }
    if (files.length === 0) return [];
    const names = new Set(files.flatMap((file) => file.packages));
    const dependents = new Map<string, number>();
    for await (const line of linesWith('', join(folder, 'packages.gz'), signal)) {
      const [name = '', count] = line.split(' ');
      if (names.has(name)) dependents.set(name, Number(count));
    }
    return rankOwners(part, files, (name) => dependents.get(name) ?? 0);
  }

  async function hasPackage(name: string, signal: AbortSignal): Promise<boolean> {
    await ready(signal);
    for await (const line of linesWith(`${name} `, join(folder, 'packages.gz'), signal)) {
      if (line.startsWith(`${name} `)) return true;
    }
    return false;
  }

  return { whoHas, hasPackage };
}

/** Fetches beside the folder and renames, so that a folder is whole or absent. */
async function fetchInto(folder: string, fetch: FetchContents, signal: AbortSignal): Promise<void> {
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
async function* linesWith(needle: string, file: string, signal: AbortSignal, anyCase = false): AsyncGenerator<string> {
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

/** `usr/include/yaml.h      libdevel/libyaml-dev,universe/libdevel/other`; a path may hold spaces, a package name cannot. */
function parseLine(line: string): OwnedFile | undefined {
  const [, path, owners] = /^(\S.*?)\s+(\S+)$/.exec(line) ?? [];
  if (path === undefined || owners === undefined) return undefined;
  return { path, packages: owners.split(',').map((owner) => owner.slice(owner.lastIndexOf('/') + 1)) };
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
