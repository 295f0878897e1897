import { join } from 'node:path';
import type { MissingPart } from '../../core/failure.js';
import type { PackageIndex, PackageMatch } from '../../core/package-index.js';
import { type OwnedFile, pathTestOf, rankOwners } from '../../core/package-match.js';
import { type FetchIndex, keptIndex, linesWith } from './kept-index.js';

/** A word that stands in a third of all paths is no help, and a file that long a list of owners would be none either. */
const MAX_FILES = 2_000;

/**
 * The index of contents of one Debian suite.
 * @param fetch leaves `files.gz` and `packages.gz` (see contents-script.ts)
 */
export function openContentsIndex(folder: string, fetch: FetchIndex): PackageIndex {
  const ready = keptIndex(folder, 'packages.gz', fetch);

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

/** `usr/include/yaml.h      libdevel/libyaml-dev,universe/libdevel/other`; a path may hold spaces, a package name cannot. */
function parseLine(line: string): OwnedFile | undefined {
  const [, path, owners] = /^(\S.*?)\s+(\S+)$/.exec(line) ?? [];
  if (path === undefined || owners === undefined) return undefined;
  return { path, packages: owners.split(',').map((owner) => owner.slice(owner.lastIndexOf('/') + 1)) };
}
