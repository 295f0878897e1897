// One gzip stream (RFC 1952) put together from pieces that were compressed on their own, so that a change compresses only the piece it is in.
import { constants, crc32, deflateRawSync } from 'node:zlib';

/** A part of the text, compressed so that it can stand anywhere in a deflate stream: a full flush ends it on a byte, and it refers to nothing before it. */
export interface GzipPiece {
  deflated: Buffer;
  crc: number;
  sizeBytes: number;
}

const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
/** An empty final block with fixed codes. */
const END_OF_STREAM = Buffer.from([0x03, 0x00]);

/** @param level of zlib, 1 to 9 */
export function gzipPiece(text: string, level = 6): GzipPiece {
  const bytes = Buffer.from(text);
  const deflated = deflateRawSync(bytes, { level, finishFlush: constants.Z_FULL_FLUSH });
  return { deflated, crc: crc32(bytes), sizeBytes: bytes.length };
}

export function joinGzip(pieces: readonly GzipPiece[]): Buffer {
  let crc = 0;
  let size = 0;
  for (const piece of pieces) {
    crc = concatenatedCrc(crc, piece);
    size += piece.sizeBytes;
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(size % 2 ** 32, 4);
  return Buffer.concat([HEADER, ...pieces.map(({ deflated }) => deflated), END_OF_STREAM, trailer]);
}

/** crc(AB) from crc(A) and crc(B): a CRC is linear, so A followed by zeros and zeros followed by B add up to it. */
function concatenatedCrc(crc: number, { crc: next, sizeBytes }: GzipPiece): number {
  const zeros = Buffer.alloc(sizeBytes);
  return (crc32(zeros, crc) ^ crc32(zeros) ^ next) >>> 0;
}
