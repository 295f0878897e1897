import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import { WheelwrightError } from '../../core/errors.js';
import { drain, type RawEntry, type Sdist, type SdistLimits, sdistEntries } from './sdist-source.js';
import { type CleanEntry, SdistTree } from './sdist-tree.js';

const DEFAULT_SDIST_LIMITS: SdistLimits = { maxEntries: 200_000, maxExpandedBytes: 4 * 2 ** 30 };

type TarHeader = Partial<tar.Header> & { name: string };

/** A stream for each of thousands of small files would cost more than their bytes. */
const IN_ONE_GO_BYTES = 256 << 10;
const MAX_TEXT_BYTES = 4 << 20;
const MAX_TEXTS_BYTES = 32 << 20;
/** The user that builds run as. */
const BUILD_USER = 1000;

/**
 * Checks all of an untrusted source archive (.tar.gz, .tar, .zip), keeping none of it but the text of its PKG-INFO; undefined where it has none.
 * @throws WheelwrightError `invalid` for what is no archive, breaks the rules of PEP 721, or expands beyond the limits.
 */
export async function readPkgInfo(
  sdist: Sdist,
  limits: SdistLimits = DEFAULT_SDIST_LIMITS,
): Promise<string | undefined> {
  const tree = new SdistTree(limits.maxEntries);
  let pkgInfo: string | undefined;
  for await (const raw of sdistEntries(sdist, limits)) {
    const entry = tree.add(raw).at(-1);
    if (entry?.kind === 'file' && entry.path === 'PKG-INFO') pkgInfo = await readText(raw);
    else await drain(raw.content);
  }
  // Throws for an archive with nothing in it.
  void tree.top;
  return pkgInfo;
}

/**
 * The archive's content as a clean tar: without the top-level folder, owned by the build user (1000), modes 0755 and 0644, every folder before what is in it.
 * Checks what {@link readPkgInfo} checks; on a fault the stream ends with that error.
 */
export function sdistTar(sdist: Sdist, limits: SdistLimits = DEFAULT_SDIST_LIMITS): Readable {
  const pack = tar.pack();
  write(sdist, limits, pack).catch((error: Error) => pack.destroy(error));
  return Readable.from(pack, { objectMode: false });
}

/**
 * The text of some files of a source archive, by their paths below its top folder; longer ones than a person writes are left out.
 * @throws as {@link readPkgInfo} does
 */
export async function sdistTexts(
  sdist: Sdist,
  wanted: (path: string) => boolean,
  limits: SdistLimits = DEFAULT_SDIST_LIMITS,
): Promise<{ path: string; text: string }[]> {
  const tree = new SdistTree(limits.maxEntries);
  const texts: { path: string; text: string }[] = [];
  let room = MAX_TEXTS_BYTES;
  for await (const raw of sdistEntries(sdist, limits)) {
    const entry = tree.add(raw).at(-1);
    if (entry?.kind === 'file' && wanted(entry.path) && entry.sizeBytes <= Math.min(IN_ONE_GO_BYTES, room)) {
      room -= entry.sizeBytes;
      texts.push({ path: entry.path, text: await readText(raw) });
    } else await drain(raw.content);
  }
  return texts;
}

async function write(sdist: Sdist, limits: SdistLimits, pack: tar.Pack): Promise<void> {
  const tree = new SdistTree(limits.maxEntries);
  for await (const raw of sdistEntries(sdist, limits)) {
    const entries = tree.add(raw);
    for (const entry of entries) {
      if (entry.kind === 'file' && entry.sizeBytes > IN_ONE_GO_BYTES) {
        await pipeline(raw.content, pack.entry(header(entry)));
      } else {
        await writeWhole(pack, header(entry), entry.kind === 'file' ? await readAll(raw) : Buffer.alloc(0));
      }
    }
    if (entries.at(-1)?.kind !== 'file') await drain(raw.content);
  }
  // Throws for an archive with nothing in it.
  void tree.top;
  pack.finalize();
}

function writeWhole(pack: tar.Pack, entry: TarHeader, content: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    pack.entry(entry, content, (error) => (error ? reject(error) : resolve()));
  });
}

function header(entry: CleanEntry): TarHeader {
  const common = { name: entry.path, mtime: new Date(entry.modifiedAt), uid: BUILD_USER, gid: BUILD_USER };
  switch (entry.kind) {
    case 'directory':
      return { ...common, type: 'directory', mode: 0o755 };
    case 'file':
      return { ...common, type: 'file', mode: entry.executable ? 0o755 : 0o644, size: entry.sizeBytes };
    case 'symlink':
      return { ...common, type: 'symlink', linkname: entry.target, mode: 0o777 };
    case 'hardlink':
      return { ...common, type: 'link', linkname: entry.target, mode: 0o644 };
    default:
      return entry satisfies never;
  }
}

async function readText(raw: RawEntry): Promise<string> {
  if (raw.sizeBytes > MAX_TEXT_BYTES) {
    throw new WheelwrightError('invalid', `${raw.path} in the source archive has ${raw.sizeBytes} bytes`, {
      hint: `It is a text of a few kilobytes in every real project; more than ${MAX_TEXT_BYTES} bytes are not read.`,
    });
  }
  return (await readAll(raw)).toString('utf8');
}

async function readAll(raw: RawEntry): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of raw.content) chunks.push(chunk);
  return Buffer.concat(chunks);
}
