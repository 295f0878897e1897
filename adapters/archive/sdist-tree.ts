// What may be in a source archive and what becomes of it: PEP 721, the "data" filter.
// https://packaging.python.org/en/latest/specifications/source-distribution-format/#source-distribution-archive-features
import { posix } from 'node:path';
import { WheelwrightError } from '../../core/errors.js';
import { checkEntryPath } from './entry-path.js';
import type { RawEntry } from './sdist-source.js';

const MAX_PATH = 4000;

/** One thing to unpack; its path is relative to the archive's one top-level folder. */
export type CleanEntry = { path: string; modifiedAt: number } & (
  | { kind: 'directory' }
  | { kind: 'file'; sizeBytes: number; executable: boolean }
  | { kind: 'symlink'; target: string }
  | { kind: 'hardlink'; target: string }
);

/**
 * Takes the entries of an archive in their order and says what each becomes. It remembers what there is so far, since an entry is dangerous only through those
 * before it: a file written through a link leaves the tree.
 */
export class SdistTree {
  #top: string | undefined;
  readonly #kinds = new Map<string, CleanEntry['kind']>();
  readonly #maxEntries: number;
  #seen = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  /** Name of the top-level folder. @throws WheelwrightError `invalid` when nothing was in the archive. */
  get top(): string {
    if (this.#top === undefined) throw invalid('it is empty');
    return this.#top;
  }

  /**
   * The folders that the entry needs and the entry itself; nothing for what is left out.
   * @throws WheelwrightError `invalid` for an entry that an honest sdist does not hold.
   */
  add(raw: RawEntry): CleanEntry[] {
    if (++this.#seen > this.#maxEntries) throw invalid(`it has more than ${this.#maxEntries} entries`);
    if (raw.path.length > MAX_PATH || raw.target.length > MAX_PATH)
      throw invalid(`it has a path of more than ${MAX_PATH} characters`);
    const full = raw.path.replace(/^(\.\/+)+/, '').replace(/\/+$/, '');
    if (full === '' || full === '.') return [];
    checkEntryPath(full);
    const [top, ...rest] = full.split('/') as [string, ...string[]];
    // macOS's tar adds these beside every file.
    if (top.startsWith('._') || top === '__MACOSX') return [];
    this.#top ??= top;
    if (top !== this.#top) throw invalid(`it has ${quote(top)} beside its top-level folder ${quote(this.#top)}`);
    if (rest.length === 0) {
      if (raw.kind !== 'directory') throw invalid(`at its top level is ${quote(top)}, which is no folder`);
      return [];
    }
    const path = rest.join('/');
    const entry = this.#clean(raw, path);
    const folders = this.#folders(rest.slice(0, -1), raw.modifiedAt);
    const before = this.#kinds.get(path);
    if (before === 'directory' && entry.kind === 'directory') return folders;
    if (before !== undefined && !(before === 'file' && entry.kind === 'file')) {
      throw invalid(`${quote(path)} is in it as a ${before} and again as a ${entry.kind}`);
    }
    this.#kinds.set(path, entry.kind);
    return [...folders, entry];
  }

  #clean(raw: RawEntry, path: string): CleanEntry {
    const common = { path, modifiedAt: raw.modifiedAt };
    switch (raw.kind) {
      case 'file':
        return { ...common, kind: 'file', sizeBytes: raw.sizeBytes, executable: raw.executable };
      case 'directory':
        return { ...common, kind: 'directory' };
      case 'symlink':
        return { ...common, kind: 'symlink', target: checkSymlink(path, raw.target) };
      case 'hardlink':
        return { ...common, kind: 'hardlink', target: this.#checkHardlink(path, raw.target) };
      case 'other':
        throw invalid(`${quote(path)} is a device, a pipe or something else that is no file, folder or link`);
      default:
        return raw.kind satisfies never;
    }
  }

  #checkHardlink(path: string, rawTarget: string): string {
    const prefix = `${this.top}/`;
    const full = rawTarget.replace(/^(\.\/+)+/, '');
    const target = full.startsWith(prefix) ? full.slice(prefix.length) : undefined;
    if (target === undefined || this.#kinds.get(target) !== 'file') {
      throw invalid(`${quote(path)} is a hard link to ${quote(rawTarget)}, which is no file before it in the archive`);
    }
    return target;
  }

  #folders(segments: readonly string[], modifiedAt: number): CleanEntry[] {
    const added: CleanEntry[] = [];
    segments.forEach((_, n) => {
      const path = segments.slice(0, n + 1).join('/');
      const kind = this.#kinds.get(path);
      if (kind === 'directory') return;
      if (kind !== undefined) throw invalid(`it has something below ${quote(path)}, which is a ${kind}`);
      this.#kinds.set(path, 'directory');
      added.push({ kind: 'directory', path, modifiedAt });
    });
    return added;
  }
}

/**
 * A link may lead up only at its beginning: `../a` means what it seems to, since nothing above it is a link, whereas in `a/../b` the `a` may be a link to anywhere
 * in the tree.
 */
function checkSymlink(path: string, target: string): string {
  const fault = (why: string) => invalid(`${quote(path)} is a link to ${quote(target)}, ${why}`);
  if (target === '' || /[\x00-\x1f\x7f\\]/.test(target)) throw fault('which is no path');
  if (target.startsWith('/')) throw fault('which is absolute');
  if (posix.normalize(posix.join(posix.dirname(path), target)).split('/')[0] === '..') {
    throw fault('which leads out of the archive');
  }
  const steps = target.split('/').filter((step) => step !== '' && step !== '.');
  const firstDown = steps.findIndex((step) => step !== '..');
  if (firstDown !== -1 && steps.includes('..', firstDown)) throw fault('which leads down and then up again');
  return target;
}

function quote(name: string): string {
  return JSON.stringify(name.slice(0, 200));
}

function invalid(why: string): WheelwrightError {
  return new WheelwrightError('invalid', `the source archive cannot be accepted: ${why}`, {
    hint: 'A source archive holds one folder of files, folders and links within it (PEP 721). Build backends make no others, so this one is hand-made, broken, or made to do harm.',
  });
}
