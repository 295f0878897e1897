import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import { WheelwrightError } from '../../core/errors.js';
import { FileWindow } from './file-window.js';
import { readZipFraming, type ZipEntry } from './zip-framing.js';

export interface ZipLimits {
  maxEntries: number;
  /** Sum of the sizes of all entries, expanded. */
  maxExpandedBytes: number;
}

/** Small entries are expanded in one go: a stream and its hops to the thread pool cost more than their inflating. */
const IN_ONE_GO_BYTES = 512 << 10;
const CHUNK_BYTES = 256 << 10;

// As the big public index has it; real wheels of that size (sparse data, debug symbols) stay under 30.
const BOMB_FROM_BYTES = 64 << 20;
const BOMB_RATIO = 50;

/** An archive whose framing is checked. Contents are checked as they are read. */
export class ZipArchive {
  readonly #file: FileWindow;
  /** In the order of their data, which is the fastest order to read them in. */
  readonly entries: readonly ZipEntry[];

  private constructor(file: FileWindow, entries: readonly ZipEntry[]) {
    this.#file = file;
    this.entries = entries;
  }

  /** @throws WheelwrightError `invalid` for an archive that is not plain, or that expands too far. */
  static async open(path: string, limits: ZipLimits): Promise<ZipArchive> {
    return ZipArchive.#of(await FileWindow.open(path), limits);
  }

  /** As {@link open}, for an archive that is in memory. */
  static over(bytes: Uint8Array, limits: ZipLimits): Promise<ZipArchive> {
    return ZipArchive.#of(FileWindow.over(bytes), limits);
  }

  static async #of(file: FileWindow, limits: ZipLimits): Promise<ZipArchive> {
    try {
      const entries = await readZipFraming(file, limits.maxEntries);
      checkExpansion(entries, file.sizeBytes, limits.maxExpandedBytes);
      return new ZipArchive(file, entries);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get sizeBytes(): number {
    return this.#file.sizeBytes;
  }

  /** All of a small entry. @throws WheelwrightError `invalid` past the limit, or as {@link content}. */
  async read(entry: ZipEntry, maxBytes: number): Promise<Buffer> {
    if (entry.sizeBytes > maxBytes) {
      throw new WheelwrightError('invalid', `${entry.name} has ${entry.sizeBytes} bytes, more than ${maxBytes}`, {
        hint: 'A file of this kind is text of a few kilobytes. Look at what the build wrote into it.',
      });
    }
    const chunks: Buffer[] = [];
    for await (const chunk of this.content(entry)) chunks.push(chunk);
    return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  }

  /**
   * The expanded bytes in pieces.
   * @throws WheelwrightError `invalid` when they are not exactly what the headers say: size, checksum, and an end where the compressed data ends.
   */
  async *content(entry: ZipEntry): AsyncGenerator<Buffer, void, void> {
    let sizeBytes = 0;
    let checksum = 0;
    const pieces =
      Math.max(entry.sizeBytes, entry.compressedBytes) <= IN_ONE_GO_BYTES ? this.#whole(entry) : this.#pieces(entry);
    for await (const piece of pieces) {
      sizeBytes += piece.length;
      if (sizeBytes > entry.sizeBytes) throw corrupt(entry, `it is longer than the ${entry.sizeBytes} bytes announced`);
      checksum = crc32(piece, checksum);
      yield piece;
    }
    if (sizeBytes !== entry.sizeBytes)
      throw corrupt(entry, `it has ${sizeBytes} bytes where ${entry.sizeBytes} are announced`);
    if (checksum !== entry.crc32) throw corrupt(entry, 'its checksum does not match');
  }

  /** A piece of an entry's expanded bytes, shorter only at its end; nothing behind the piece is looked at or checked. */
  async piece(entry: ZipEntry, offset: number, length: number): Promise<Buffer> {
    const end = Math.min(offset + length, entry.sizeBytes);
    const parts: Buffer[] = [];
    let at = 0;
    for await (const part of this.content(entry)) {
      if (at + part.length > offset) parts.push(part.subarray(Math.max(0, offset - at), end - at));
      at += part.length;
      if (at >= end) break;
    }
    return Buffer.concat(parts);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async *#whole(entry: ZipEntry): AsyncGenerator<Buffer> {
    const raw = await this.#file.bytes(entry.dataOffset, entry.compressedBytes);
    if (entry.method === 'stored') {
      yield raw;
      return;
    }
    const size = Math.max(64, entry.sizeBytes);
    try {
      // The types know the plain form only; with `info` the engine comes along.
      const { buffer, engine } = inflateRawSync(raw, {
        maxOutputLength: size,
        chunkSize: size,
        info: true,
      }) as unknown as {
        buffer: Buffer;
        engine: { bytesWritten: number };
      };
      if (engine.bytesWritten !== raw.length) throw corrupt(entry, 'there is more behind its compressed data');
      yield buffer;
    } catch (error) {
      throw asCorrupt(entry, error);
    }
  }

  async *#pieces(entry: ZipEntry): AsyncGenerator<Buffer> {
    if (entry.method === 'stored') {
      yield* this.#rawPieces(entry);
      return;
    }
    const inflate = createInflateRaw({ chunkSize: CHUNK_BYTES });
    const done = pipeline(Readable.from(this.#rawPieces(entry), { objectMode: false }), inflate);
    // Whoever iterates sees the same error; without this it would also count as unhandled.
    done.catch(() => {});
    try {
      for await (const piece of inflate) yield piece;
      await done;
    } catch (error) {
      throw asCorrupt(entry, error);
    }
    if (inflate.bytesWritten !== entry.compressedBytes) {
      throw corrupt(entry, 'there is more behind its compressed data');
    }
  }

  async *#rawPieces(entry: ZipEntry): AsyncGenerator<Buffer> {
    const end = entry.dataOffset + entry.compressedBytes;
    for (let at = entry.dataOffset; at < end; at += CHUNK_BYTES) {
      yield await this.#file.bytes(at, Math.min(CHUNK_BYTES, end - at));
    }
  }
}

function checkExpansion(entries: readonly ZipEntry[], sizeBytes: number, maxBytes: number): void {
  const expanded = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
  const ratio = expanded / sizeBytes;
  if (expanded > maxBytes || (expanded > BOMB_FROM_BYTES && ratio > BOMB_RATIO)) {
    throw new WheelwrightError(
      'invalid',
      `the archive of ${sizeBytes} bytes expands to ${expanded}, ${Math.round(ratio)} times as much`,
      {
        hint: `More than ${BOMB_RATIO} times past 64 MiB, or more than ${maxBytes} bytes, counts as made to exhaust whoever opens it. Look for generated data in it.`,
      },
    );
  }
}

function corrupt(entry: ZipEntry, why: string, cause?: unknown): WheelwrightError {
  return new WheelwrightError('invalid', `${JSON.stringify(entry.name)} in the archive is broken: ${why}`, {
    hint: 'Usually the archive was damaged on the way, or changed by a tool. Build it again or send it again.',
    cause,
  });
}

function asCorrupt(entry: ZipEntry, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ERR_BUFFER_TOO_LARGE')
    return corrupt(entry, `it is longer than the ${entry.sizeBytes} bytes announced`);
  return code?.startsWith('Z_') ? corrupt(entry, 'its compressed data cannot be read', error) : error;
}
