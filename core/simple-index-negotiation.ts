// https://packaging.python.org/en/latest/specifications/simple-repository-api/#content-types
import Negotiator from 'negotiator';

export type PageFormat = 'json' | 'html';
export type PageEncoding = 'identity' | 'gzip';

/** A content type that a client may ask for, and what is answered: `latest` names no version, the answer always does. */
const OFFERS: Record<string, { format: PageFormat; contentType: string }> = {
  // First wins among equals: what sends only */* is a browser, curl or a client from before PEP 691.
  'text/html': { format: 'html', contentType: 'text/html; charset=utf-8' },
  'application/vnd.pypi.simple.v1+json': { format: 'json', contentType: 'application/vnd.pypi.simple.v1+json' },
  'application/vnd.pypi.simple.v1+html': {
    format: 'html',
    contentType: 'application/vnd.pypi.simple.v1+html; charset=utf-8',
  },
  'application/vnd.pypi.simple.latest+json': { format: 'json', contentType: 'application/vnd.pypi.simple.v1+json' },
  'application/vnd.pypi.simple.latest+html': {
    format: 'html',
    contentType: 'application/vnd.pypi.simple.v1+html; charset=utf-8',
  },
};
const OFFERED_TYPES = Object.keys(OFFERS);
const OFFERED_ENCODINGS = ['gzip', 'identity'];

/**
 * The content type to answer with; undefined means 406.
 * @param format value of `?format=`, which beats Accept; a raw `+` in a query arrives as a space.
 */
export function negotiatePage(
  accept: string | undefined,
  format: string | undefined,
): { format: PageFormat; contentType: string } | undefined {
  if (format !== undefined) return OFFERS[format.replaceAll(' ', '+')];
  const chosen = new Negotiator({ headers: { accept: accept ?? '*/*' } }).mediaType(OFFERED_TYPES);
  return chosen === undefined ? undefined : OFFERS[chosen];
}

/** The content coding to answer with: gzip, which every installer takes, wherever the client accepts it. */
export function negotiateEncoding(acceptEncoding: string | undefined): PageEncoding {
  if (acceptEncoding === undefined) return 'identity';
  const accepted = new Negotiator({ headers: { 'accept-encoding': acceptEncoding } }).encodings(OFFERED_ENCODINGS);
  return accepted.includes('gzip') ? 'gzip' : 'identity';
}
