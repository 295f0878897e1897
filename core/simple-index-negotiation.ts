// https://packaging.python.org/en/latest/specifications/simple-repository-api/#content-types
import Negotiator from 'negotiator';

export type PageFormat = 'json' | 'html';
export type PageEncoding = 'identity' | 'gzip';

interface Offer {
  format: PageFormat;
  contentType: string;
}

const JSON_OFFER: Offer = { format: 'json', contentType: 'application/vnd.pypi.simple.v1+json' };
const HTML_OFFER: Offer = { format: 'html', contentType: 'application/vnd.pypi.simple.v1+html; charset=utf-8' };
/** A content type that a client may ask for, and what is answered: `latest` names no version, the answer always does. */
const OFFERS: ReadonlyMap<string, Offer> = new Map<string, Offer>([
  // First wins among equals: what sends only */* is a browser, curl or a client from before PEP 691.
  ['text/html', { format: 'html', contentType: 'text/html; charset=utf-8' }],
  ['application/vnd.pypi.simple.v1+json', JSON_OFFER],
  ['application/vnd.pypi.simple.v1+html', HTML_OFFER],
  ['application/vnd.pypi.simple.latest+json', JSON_OFFER],
  ['application/vnd.pypi.simple.latest+html', HTML_OFFER],
]);
const OFFERED_TYPES = [...OFFERS.keys()];
const OFFERED_ENCODINGS = ['gzip', 'identity'];

/**
 * The content type to answer with; undefined means 406.
 * @param format value of `?format=`, which beats Accept; a raw `+` in a query arrives as a space.
 */
export function negotiatePage(accept: string | undefined, format: string | undefined): Offer | undefined {
  if (format !== undefined) return OFFERS.get(format.replaceAll(' ', '+'));
  // An empty one names nothing that would be preferred.
  const chosen = new Negotiator({ headers: { accept: accept || '*/*' } }).mediaType(OFFERED_TYPES);
  return chosen === undefined ? undefined : OFFERS.get(chosen);
}

/** The content coding to answer with: gzip, which every installer takes, unless the client likes the plain bytes better. */
export function negotiateEncoding(acceptEncoding: string | undefined): PageEncoding {
  if (acceptEncoding === undefined) return 'identity';
  const negotiator = new Negotiator({ headers: { 'accept-encoding': acceptEncoding } });
  return negotiator.encoding(OFFERED_ENCODINGS) === 'gzip' ? 'gzip' : 'identity';
}
