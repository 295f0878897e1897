// The entries of a source archive as they stand in it, whatever its format; nothing about them is trusted yet.
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import tar from 'tar-stream';
import { WheelwrightError } from '../../core/errors.js';
import { ZipArchive } from './zip-archive.js';

export interface SdistLimits {
  maxEntries: number;
  /** Size of everything in it, expanded. */
  maxExpandedBytes: number;
}

export interface RawEntry {
  path: string;
  kind: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';
  /** Target of a link. */
  target: string;
  executable: boolean;
  /** Milliseconds since the epoch. */
  modifiedAt: number;
  sizeBytes: number;
  /** Must be read to the end before the next entry is asked for. */
  content: AsyncIterable<Uint8Array>;
}

// Sources compress five to tenfold. Past this it is no source, and a small bomb ends long before the limit on size.
const BOMB_FROM_BYTES = 64 << 20;
const BOMB_RATIO = 100;

const HEAD_BYTES = 512;

/** An archive: its path, or its bytes. */
export type Sdist = string | Uint8Array;

/** @throws WheelwrightError `invalid` for what is no archive, no supported one, a broken one, or one that expands too far. */
export async function* sdistEntries(sdist: Sdist, limits: SdistLimits): AsyncGenerator<RawEntry, void, void> {
  const format = formatOf(typeof sdist === 'string' ? await headOf(sdist) : Buffer.from(sdist.subarray(0, HEAD_BYTES)));
  if (format === 'zip') yield* zipEntries(sdist, limits);
  else yield* tarEntries(sdist, format === 'gzip', limits);
}

async function headOf(path: string): Promise<Buffer> {
  const head = Buffer.alloc(HEAD_BYTES);
  const file = await open(path, 'r');
  try {
    await file.read(head, 0, head.length, 0);
    return head;
  } finally {
    await file.close();
  }
}

function formatOf(head: Buffer): 'gzip' | 'tar' | 'zip' {
  const begins = (magic: string) => head.subarray(0, magic.length).equals(Buffer.from(magic, 'latin1'));
  if (begins('\x1f\x8b')) return 'gzip';
  if (begins('PK\x03\x04')) return 'zip';
  if (head.subarray(257, 262).toString('latin1') === 'ustar') return 'tar';
  const other = begins('BZh') ? 'bzip2' : begins('\xfd7zXZ') ? 'xz' : begins('\x1f\x9d') ? 'compress' : undefined;
  if (other === undefined) {
    throw new WheelwrightError('invalid', 'the source archive is not an archive', {
      hint: 'It is neither a gzipped tar nor a ZIP file. Usually an error page was stored in its place, or the transfer was cut off at once.',
    });
  }
  throw new WheelwrightError('invalid', `the source archive is compressed with ${other}`, {
    hint: 'Only .tar.gz (PEP 625) and the older .zip are read. Ask for a release that has one, or pack it anew and upload it to this index.',
  });
}

async function* tarEntries(sdist: Sdist, gzipped: boolean, limits: SdistLimits): AsyncGenerator<RawEntry, void, void> {
  const size = typeof sdist === 'string' ? (await stat(sdist)).size : sdist.length;
  // Old tars have no magic number. The library's types do not know the option.
  const options: object = { allowUnknownFormat: true };
  const extract = tar.extract(options);
  const gauge = expansionGauge(size, limits.maxExpandedBytes);
  const source = typeof sdist === 'string' ? createReadStream(sdist) : Readable.from([sdist], { objectMode: false });
  const done = gzipped ? pipeline(source, createGunzip(), gauge, extract) : pipeline(source, gauge, extract);
  // Whoever iterates sees the same error; without this it would also count as unhandled.
  done.catch(() => {});
  try {
    for await (const entry of extract) {
      const { name, type, linkname, mode, mtime, size: sizeBytes } = entry.header;
      yield {
        path: name,
        kind: kindOf(type, name),
        target: linkname ?? '',
        executable: ((mode ?? 0) & 0o100) !== 0,
        modifiedAt: mtime?.getTime() ?? 0,
        sizeBytes: sizeBytes ?? 0,
        // The library's streams are iterable, which their types leave out.
        content: entry as unknown as AsyncIterable<Uint8Array>,
      };
    }
    await done;
  } catch (error) {
    throw asBroken(error);
  } finally {
    source.destroy();
    extract.destroy();
  }
}

function kindOf(type: tar.Header['type'], name: string): RawEntry['kind'] {
  switch (type) {
    case 'file':
    case 'contiguous-file':
      // Tars from before POSIX tell a folder by the slash at its end.
      return name.endsWith('/') ? 'directory' : 'file';
    case 'directory':
    case 'symlink':
      return type;
    case 'link':
      return 'hardlink';
    default:
      return 'other';
  }
}

async function* zipEntries(sdist: Sdist, limits: SdistLimits): AsyncGenerator<RawEntry, void, void> {
  const archive = await (typeof sdist === 'string' ? ZipArchive.open(sdist, limits) : ZipArchive.over(sdist, limits));
  try {
    for (const entry of archive.entries) {
      yield { ...entry, path: entry.name, target: '', content: archive.content(entry) };
    }
  } finally {
    await archive.close();
  }
}

/** Lets bytes pass until they are more than an honest archive of that size would hold. */
function expansionGauge(compressedBytes: number, maxExpandedBytes: number): Transform {
  const ceiling = Math.min(maxExpandedBytes, Math.max(BOMB_FROM_BYTES, compressedBytes * BOMB_RATIO));
  let expandedBytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      expandedBytes += chunk.length;
      if (expandedBytes <= ceiling) return done(null, chunk);
      return done(
        new WheelwrightError(
          'invalid',
          `the source archive of ${compressedBytes} bytes expands to more than ${ceiling}`,
          {
            hint: `More than ${BOMB_RATIO} times past 64 MiB, or more than ${maxExpandedBytes} bytes, counts as made to exhaust whoever opens it.`,
          },
        ),
      );
    },
  });
}

function asBroken(error: unknown): unknown {
  if (error instanceof WheelwrightError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const fromLibrary = code === undefined || code.startsWith('Z_');
  if (!fromLibrary) return error;
  return new WheelwrightError('invalid', `the source archive is broken: ${message}`, {
    hint: 'Usually the transfer was cut off, or the file was changed. Compare its sha256 with the one on the index it came from.',
    cause: error,
  });
}

/** Reads what is not needed, since a tar cannot skip. */
export async function drain(content: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of content);
}
