import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { Pack } from 'tar-stream';
import { WheelwrightError } from '../../core/errors.js';

export interface RustToolchain {
  folder: string;
  /** E.g. `1.95.0`. */
  version: string;
  /** Over the paths and bytes of all that is copied. */
  sha256: string;
}

/** Folders of a toolchain that no build needs; the documentation alone is half of it. */
const LEFT_OUT = /^(share|etc)(\/|$)|^lib\/rustlib\/(src|etc)(\/|$)/;

type Entry =
  | { path: string; kind: 'file'; sizeBytes: number; mode: number }
  | { path: string; kind: 'link'; to: string };

/**
 * Reads a toolchain folder as rustup lays it out, and hashes what is in it.
 * @throws WheelwrightError `invalid` when it holds no working rustc.
 */
export async function readRustToolchain(folder: string): Promise<RustToolchain> {
  const { stdout } = await promisify(execFile)(join(folder, 'bin', 'rustc'), ['--version']).catch((cause: unknown) => {
    throw new WheelwrightError('invalid', `${folder} is not a Rust toolchain: bin/rustc does not run`, {
      hint: 'WHEELWRIGHT_RUST_TOOLCHAIN names a folder such as ~/.rustup/toolchains/stable-x86_64-unknown-linux-gnu.',
      cause,
    });
  });
  const hash = createHash('sha256');
  for (const entry of await listEntries(folder)) {
    hash.update(`${entry.path}\0`);
    if (entry.kind === 'link') hash.update(`${entry.to}\0`);
    else for await (const chunk of createReadStream(join(folder, entry.path))) hash.update(chunk as Buffer);
  }
  return { folder, version: /^rustc (\S+)/.exec(stdout)?.[1] ?? 'unknown', sha256: hash.digest('hex') };
}

/** The toolchain folder that rustup's `rustc` uses on this machine; undefined without rustup (a distribution's rustc lives in /usr). */
export async function findRustToolchain(): Promise<string | undefined> {
  const found = await promisify(execFile)('rustc', ['--print', 'sysroot']).catch(() => undefined);
  const folder = found?.stdout.trim();
  if (folder === undefined) return undefined;
  const manifest = join(folder, 'lib', 'rustlib', 'multirust-channel-manifest.toml');
  return stat(manifest).then(
    () => folder,
    () => undefined,
  );
}

/** Adds the toolchain to a build context under `rust/`. */
export async function packRustToolchain(tar: Pack, { folder }: RustToolchain): Promise<void> {
  for (const entry of await listEntries(folder)) {
    const name = `rust/${entry.path}`;
    if (entry.kind === 'link') {
      tar.entry({ name, type: 'symlink', linkname: entry.to, mtime: new Date(0) });
      continue;
    }
    const header = { name, mode: entry.mode, size: entry.sizeBytes, mtime: new Date(0) };
    await pipeline(createReadStream(join(folder, entry.path)), tar.entry(header));
  }
}

async function listEntries(folder: string, below = ''): Promise<Entry[]> {
  const found: Entry[] = [];
  const entries = await readdir(join(folder, below), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(below, entry.name);
    if (LEFT_OUT.test(path)) continue;
    if (entry.isDirectory()) found.push(...(await listEntries(folder, path)));
    else if (entry.isSymbolicLink()) found.push({ path, kind: 'link', to: await readlink(join(folder, path)) });
    else if (entry.isFile()) {
      const { size, mode } = await stat(join(folder, path));
      found.push({ path, kind: 'file', sizeBytes: size, mode: (mode & 0o100) !== 0 ? 0o755 : 0o644 });
    }
  }
  return found;
}
