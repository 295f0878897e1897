import { createHash } from 'node:crypto';
import type { PageEncoding } from '../core/simple-index-negotiation.js';
import { type GzipPiece, gzipPieceInThread, joinGzip } from './gzip-pieces.js';

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

interface PagePiece {
  bytes: Buffer;
  /** Made on demand. */
  gzip?: Promise<GzipPiece>;
}

/** A page of fewer files is compressed as one: there is nothing to be saved. */
const IN_PIECES_FROM_FILES = 501;

/**
 * A page from its parts. Of a large one each is compressed, in another thread, while the next is written.
 * @param files how many the page lists
 * @param encoding the coding that is wanted first
 * @param earlier the page before its project changed: what is the same in both is not compressed again
 */
export function renderedPage(
  parts: Iterable<Buffer>,
  files: number,
  encoding: PageEncoding,
  earlier?: RenderedPage,
): RenderedPage {
  const inPieces = files >= IN_PIECES_FROM_FILES;
  const pieces: PagePiece[] = [];
  for (const bytes of parts) {
    const before = earlier?.pieces[pieces.length];
    if (before?.bytes.equals(bytes) === true) pieces.push(before);
    else pieces.push(inPieces && encoding === 'gzip' ? { bytes, gzip: gzipPieceInThread(bytes) } : { bytes });
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
  if (!page.inPieces) return joinGzip([await gzipPieceInThread(wholeOf(page))]);
  return joinGzip(
    await Promise.all(
      page.pieces.map((piece) => {
        piece.gzip ??= gzipPieceInThread(piece.bytes);
        return piece.gzip;
      }),
    ),
  );
}

function wholeOf({ pieces }: RenderedPage): Buffer {
  return Buffer.concat(pieces.map(({ bytes }) => bytes));
}
