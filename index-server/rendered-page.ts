import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { PageEncoding } from '../core/simple-index-negotiation.js';
import { deflate, deflateInThread, gzipStream } from './gzip-pieces.js';

/** One page in one format, and its bytes in each content coding that was asked for. */
export interface RenderedPage {
  pieces: readonly PagePiece[];
  /** Whether its pieces are compressed each for itself. */
  inPieces: boolean;
  encoded: Map<PageEncoding, Promise<EncodedPage>>;
}

export interface EncodedPage {
  body: Buffer;
  /** A strong validator: other bytes, other tag; so each coding has its own (RFC 9110, 8.8.3.3). */
  etag: string;
}

/** A part of a page's text. */
export interface PagePart {
  bytes: Buffer;
  /** Whether writing goes on, so that it can be compressed meanwhile. */
  more: boolean;
}

interface PagePiece {
  bytes: Buffer;
  /** Made on demand. */
  deflated?: Buffer | Promise<Buffer>;
}

/** A page of fewer files is compressed as one: there is nothing to be saved. */
const IN_PIECES_FROM_FILES = 501;

/**
 * A page from its parts. Of a large one each is compressed, in another thread, while the next is written; what nothing comes after is compressed in this one, which
 * has nothing else to do for the page then.
 * @param files how many the page lists
 * @param encoding the coding that is wanted first
 * @param earlier the page before its project changed: what is the same in both is not compressed again
 */
export function renderedPage(
  parts: Iterable<PagePart>,
  files: number,
  encoding: PageEncoding,
  earlier?: RenderedPage,
): RenderedPage {
  const inPieces = files >= IN_PIECES_FROM_FILES;
  const pieces: PagePiece[] = [];
  for (const { bytes, more } of parts) {
    const before = earlier?.pieces[pieces.length];
    if (before?.bytes.equals(bytes) === true) pieces.push(before);
    else if (inPieces && encoding === 'gzip' && more) pieces.push({ bytes, deflated: deflateInThread(bytes) });
    else pieces.push({ bytes });
  }
  return { pieces, inPieces, encoded: new Map() };
}

/** The page in a content coding; made once. */
export function encodedPage(page: RenderedPage, encoding: PageEncoding): Promise<EncodedPage> {
  const present = page.encoded.get(encoding);
  if (present !== undefined) return present;
  const made = (encoding === 'gzip' ? gzipped(page) : Promise.resolve(wholeOf(page))).then((body) => ({
    body,
    etag: `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`,
  }));
  page.encoded.set(encoding, made);
  return made;
}

async function gzipped(page: RenderedPage): Promise<Buffer> {
  const pieces: readonly PagePiece[] = page.inPieces ? page.pieces : [{ bytes: wholeOf(page) }];
  let crc = 0;
  let sizeBytes = 0;
  for (const piece of pieces) {
    piece.deflated ??= deflate(piece.bytes);
    crc = crc32(piece.bytes, crc);
    sizeBytes += piece.bytes.length;
  }
  return gzipStream(
    await Promise.all(pieces.map(({ deflated }) => deflated as Buffer | Promise<Buffer>)),
    crc,
    sizeBytes,
  );
}

function wholeOf({ pieces }: RenderedPage): Buffer {
  return Buffer.concat(pieces.map(({ bytes }) => bytes));
}
