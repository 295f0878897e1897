import { createHash } from 'node:crypto';
import type { PageEncoding, PageFormat } from '../core/simple-index-negotiation.js';
import { LINE_SEPARATOR, type PageFrame } from '../core/simple-index-render.js';
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
  text: string;
  /** Made on demand. */
  gzip?: Promise<GzipPiece>;
}

/** A page of fewer files is compressed as one: there is nothing to be saved. */
const IN_PIECES_FROM_FILES = 501;

/**
 * A page from the texts that list its files. Of a large one each is compressed, in another thread, while the next is written.
 * @param listings without what separates them
 * @param files how many they list
 * @param encoding the coding that is wanted first
 * @param earlier the page before its project changed: what is the same in both is not compressed again
 */
export function renderedPage(
  format: PageFormat,
  { start, end }: PageFrame,
  listings: Iterable<string>,
  files: number,
  encoding: PageEncoding,
  earlier?: RenderedPage,
): RenderedPage {
  const inPieces = files >= IN_PIECES_FROM_FILES;
  const pieces: PagePiece[] = [];
  const add = (text: string) => {
    const before = earlier?.pieces[pieces.length];
    if (before?.text === text) pieces.push(before);
    else pieces.push(inPieces && encoding === 'gzip' ? { text, gzip: compressed(text) } : { text });
  };
  add(start);
  let separator = '';
  for (const text of listings) {
    if (text === '') continue;
    add(separator + text);
    separator = LINE_SEPARATOR[format];
  }
  add(end);
  return { pieces, inPieces, encoded: new Map() };
}

/** The page in a content coding; made once. */
export function encodedPage(page: RenderedPage, encoding: PageEncoding): Promise<EncodedPage> {
  const present = page.encoded.get(encoding);
  if (present !== undefined) return present;
  const made = (encoding === 'gzip' ? gzipped(page) : Promise.resolve(Buffer.from(pageText(page)))).then((body) => ({
    body,
    etag: `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`,
  }));
  page.encoded.set(encoding, made);
  return made;
}

async function gzipped(page: RenderedPage): Promise<Buffer> {
  if (!page.inPieces) return joinGzip([await compressed(pageText(page))]);
  return joinGzip(
    await Promise.all(
      page.pieces.map((piece) => {
        piece.gzip ??= compressed(piece.text);
        return piece.gzip;
      }),
    ),
  );
}

function pageText({ pieces }: RenderedPage): string {
  return pieces.map(({ text }) => text).join('');
}

function compressed(text: string): Promise<GzipPiece> {
  return gzipPieceInThread(Buffer.from(text));
}
