import { createHash } from 'node:crypto';
import type { PageEncoding } from '../core/simple-index-negotiation.js';
import { type PagePiece, pageText } from '../core/simple-index-render.js';
import { type GzipPiece, gzipPieceInThread, joinGzip } from './gzip-pieces.js';

/** One page in one format: its bytes in each content coding that was asked for, with their headers. */
export interface RenderedPage {
  digest: string;
  pieces: readonly DigestedPiece[];
  /** Whether its pieces are compressed each for itself. */
  inPieces: boolean;
  encoded: Map<PageEncoding, Promise<Buffer>>;
}

interface DigestedPiece extends PagePiece {
  digest: string;
  /** Made on demand. */
  gzip?: Promise<GzipPiece>;
}

/** A page of fewer files is compressed as one: there is nothing to be saved. */
const IN_PIECES_FROM_FILES = 501;

/**
 * A page from its pieces as they are written. Of a large one each is compressed, in another thread, while the next is written.
 * @param files how many the page lists
 * @param encoding the coding that is wanted first
 * @param earlier the page before its project changed: what is the same in both is neither hashed nor compressed again
 */
export function renderedPage(
  written: Iterable<PagePiece>,
  files: number,
  encoding: PageEncoding,
  earlier?: RenderedPage,
): RenderedPage {
  const inPieces = files >= IN_PIECES_FROM_FILES;
  const pieces: DigestedPiece[] = [];
  const hash = createHash('sha256');
  for (const piece of written) {
    const before = earlier?.pieces[pieces.length];
    const digested =
      before?.text === piece.text
        ? { ...before, files: piece.files }
        : digestedPiece(piece, inPieces && encoding === 'gzip');
    hash.update(digested.digest);
    pieces.push(digested);
  }
  return { digest: hash.digest('hex').slice(0, 32), pieces, inPieces, encoded: new Map() };
}

function digestedPiece(piece: PagePiece, compressed: boolean): DigestedPiece {
  const bytes = Buffer.from(piece.text);
  const digest = createHash('sha256').update(bytes).digest('hex');
  return { ...piece, digest, ...(compressed ? { gzip: gzipPieceInThread(bytes) } : {}) };
}

/** The page's bytes in a content coding; made once. */
export function encodedBody(page: RenderedPage, encoding: PageEncoding): Promise<Buffer> {
  const present = page.encoded.get(encoding);
  if (present !== undefined) return present;
  const made = encoding === 'gzip' ? gzipped(page) : Promise.resolve(Buffer.from(pageText(page.pieces)));
  page.encoded.set(encoding, made);
  return made;
}

async function gzipped({ pieces, inPieces }: RenderedPage): Promise<Buffer> {
  if (!inPieces) return joinGzip([await gzipPieceInThread(Buffer.from(pageText(pieces)))]);
  for (const piece of pieces) piece.gzip ??= gzipPieceInThread(Buffer.from(piece.text));
  return joinGzip(await Promise.all(pieces.map(({ gzip }) => gzip as Promise<GzipPiece>)));
}

/** A strong validator: other bytes, other tag; so each coding has its own (RFC 9110, 8.8.3.3). */
export function entityTag(page: RenderedPage, encoding: PageEncoding): string {
  return encoding === 'identity' ? `"${page.digest}"` : `"${page.digest}-${encoding}"`;
}
