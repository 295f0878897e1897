import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { Pack } from 'tar-stream';
import { WheelwrightError } from '../../core/errors.js';

/** Toolchains that are one folder, which runs wherever it is copied to. */
export const FOLDER_TOOLCHAINS = ['rust', 'go'] as const;
export type FolderToolchain = (typeof FOLDER_TOOLCHAINS)[number];

export interface ToolchainFolder {
  toolchain: FolderToolchain;
  folder: string;
  /** E.g. `1.95.0`. */
  version: string;
  /** Over the paths and bytes of all that is copied. */
  sha256: string;
}

interface Layout {
  title: string;
  /** Below `bin/`, and what makes it say its version. */
  program: string;
  ask: string;
  version: RegExp;
  /** What no build needs; of Rust the documentation alone is half of all, of Go the tests a fifth. */
  leftOut: RegExp;
  setting: string;
  example: string;
}

const LAYOUTS: Record<FolderToolchain, Layout> = {
  rust: {
    title: 'Rust',
    program: 'rustc',
    ask: '--version',
    version: /^rustc (\S+)/,
    leftOut: /^(share|etc)(\/|$)|^lib\/rustlib\/(src|etc)(\/|$)/,
    setting: 'WHEELWRIGHT_RUST_TOOLCHAIN',
    example: '~/.rustup/toolchains/stable-x86_64-unknown-linux-gnu',
  },
  go: {
    title: 'Go',
    program: 'go',
    ask: 'version',
    version: /^go version go(\S+)/,
    leftOut: /^(api|doc|misc|test)(\/|$)|(^|\/)testdata(\/|$)|_test\.go$/,
    setting: 'WHEELWRIGHT_GO_TOOLCHAIN',
    example: '/usr/local/go',
  },
};

const run = promisify(execFile);

/** E.g. `Rust 1.95.0`. */
export function toolchainTitle({ toolchain, version }: ToolchainFolder): string {
  return `${LAYOUTS[toolchain].title} ${version}`;
}

/**
 * Reads a toolchain folder (Rust as rustup lays it out, Go as its own archive does), and hashes what is in it.
 * @throws WheelwrightError `invalid` when its compiler does not run.
 */
export async function readToolchainFolder(toolchain: FolderToolchain, folder: string): Promise<ToolchainFolder> {
  const { title, program, ask, version, leftOut, setting, example } = LAYOUTS[toolchain];
  const { stdout } = await run(join(folder, 'bin', program), [ask]).catch((cause: unknown) => {
    throw new WheelwrightError('invalid', `${folder} is not a ${title} toolchain: bin/${program} does not run`, {
      hint: `${setting} names a folder such as ${example}.`,
      cause,
    });
  });
  const hash = createHash('sha256');
  for (const entry of await listEntries(folder, leftOut)) {
    hash.update(`${entry.path}\0`);
    if (entry.kind === 'link') hash.update(`${entry.to}\0`);
    else for await (const chunk of createReadStream(join(folder, entry.path))) hash.update(chunk as Buffer);
  }
  return { toolchain, folder, version: version.exec(stdout)?.[1] ?? 'unknown', sha256: hash.digest('hex') };
}

/** Changes when a toolchain is updated in its place; empty where its compiler is not there. */
export async function toolchainState(toolchain: FolderToolchain, folder: string): Promise<string> {
  const found = await stat(join(folder, 'bin', LAYOUTS[toolchain].program)).catch(() => undefined);
  return found === undefined ? '' : `${found.ino} ${found.size} ${found.mtimeMs}`;
}

/**
 * The toolchain folder that this machine itself uses: rustup's, or Go's own archive. Undefined without one; what a distribution packages is spread
 * over /usr and cannot be copied.
 */
export async function findToolchainFolder(toolchain: FolderToolchain): Promise<string | undefined> {
  return toolchain === 'rust' ? findRust() : findGo();
}

async function findRust(): Promise<string | undefined> {
  const folder = await said('rustc', ['--print', 'sysroot']);
  const manifest = folder && join(folder, 'lib', 'rustlib', 'multirust-channel-manifest.toml');
  return manifest && (await stat(manifest).catch(() => undefined)) ? folder : undefined;
}

async function findGo(): Promise<string | undefined> {
  const folder = await said('go', ['env', 'GOROOT']);
  // Debian's has links into /usr/share in its place.
  if (!folder) return undefined;
  const sources = await lstat(join(folder, 'src')).catch(() => undefined);
  return sources?.isDirectory() ? folder : undefined;
}

async function said(program: string, args: readonly string[]): Promise<string | undefined> {
  const found = await run(program, [...args]).catch(() => undefined);
  return found?.stdout.trim() || undefined;
}

type Entry =
  | { path: string; kind: 'file'; sizeBytes: number; mode: number }
  | { path: string; kind: 'link'; to: string };

/** Adds the toolchain to a build context, under its own name. */
export async function packToolchainFolder(tar: Pack, { toolchain, folder }: ToolchainFolder): Promise<void> {
  for (const entry of await listEntries(folder, LAYOUTS[toolchain].leftOut)) {
    const name = `${toolchain}/${entry.path}`;
    if (entry.kind === 'link') {
      tar.entry({ name, type: 'symlink', linkname: entry.to, mtime: new Date(0) });
      continue;
    }
    const header = { name, mode: entry.mode, size: entry.sizeBytes, mtime: new Date(0) };
    await pipeline(createReadStream(join(folder, entry.path)), tar.entry(header));
  }
}

async function listEntries(folder: string, leftOut: RegExp, below = ''): Promise<Entry[]> {
  const found: Entry[] = [];
  const entries = await readdir(join(folder, below), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(below, entry.name);
    if (leftOut.test(path)) continue;
    if (entry.isDirectory()) found.push(...(await listEntries(folder, leftOut, path)));
    else if (entry.isSymbolicLink()) found.push({ path, kind: 'link', to: await readlink(join(folder, path)) });
    else if (entry.isFile()) {
      const { size, mode } = await stat(join(folder, path));
      found.push({ path, kind: 'file', sizeBytes: size, mode: (mode & 0o100) !== 0 ? 0o755 : 0o644 });
    }
  }
  return found;
}
