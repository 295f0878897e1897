import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { reasonOf, WheelwrightError } from '../../core/errors.js';
import { normalizeProjectName } from '../../core/project-name.js';
import type { ProjectPage } from '../../core/simple-index.js';
import { parseProjectHtml, parseProjectJson } from '../../core/simple-index-parse.js';
import type { Upstream, UpstreamPage } from '../../core/upstream.js';
import { HttpClient, type HttpLimits, type HttpResponse } from './http-client.js';

export interface SimpleUpstreamOptions {
  /** Of the simple index, with the credentials in it where it takes any. */
  url: string;
  /** Hosts for files besides the upstream's own; undefined: any public one. */
  fileHosts?: readonly string[];
  /** PEM. */
  ca?: string;
  limits?: Partial<HttpLimits>;
  /** Of one page, decompressed. */
  maxPageBytes?: number;
  /** For a whole page. */
  pageTimeoutMs?: number;
}

const ACCEPT = 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1';

const FAULTY =
  'The upstream, or a proxy before it, is at fault: look at the URL with curl -i, and tell whoever runs it.';

export interface ClosableUpstream extends Upstream {
  close(): Promise<void>;
}

/** @throws WheelwrightError `invalid` for a URL that is not http or https. */
export function openSimpleUpstream(options: SimpleUpstreamOptions): ClosableUpstream {
  const { base, authorization } = splitCredentials(options.url);
  const client = new HttpClient({
    ownOrigin: base.origin,
    ...(authorization === undefined ? {} : { authorization }),
    ...(options.fileHosts === undefined ? {} : { hosts: options.fileHosts }),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const maxPageBytes = options.maxPageBytes ?? 64 * 2 ** 20;
  const pageTimeoutMs = options.pageTimeoutMs ?? 60_000;
  const getPage = (name: string, conditions: Record<string, string>, signal: AbortSignal) => {
    const url = new URL(`${normalizeProjectName(name)}/`, base).href;
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(pageTimeoutMs)]);
    return client.get(url, { accept: ACCEPT, 'accept-encoding': 'gzip', ...conditions }, inTime);
  };
  return {
    url: base.href,
    project: async (name, signal) => readPage(await getPage(name, {}, signal), name, maxPageBytes),
    projectUnless: async (name, { etag, lastModified }, signal) => {
      const conditions = {
        ...(etag === undefined ? {} : { 'if-none-match': etag }),
        ...(lastModified === undefined ? {} : { 'if-modified-since': lastModified }),
      };
      const response = await getPage(name, conditions, signal);
      const asked = etag !== undefined || lastModified !== undefined;
      if (response.status !== 304 || !asked) return readPage(response, name, maxPageBytes);
      response.body.on('error', () => {}).destroy();
      return { unchanged: true, ...maxAgeOf(response) };
    },
    file: async (url, signal) => {
      // Compression on the way would make a hash over other bytes than were promised.
      const response = await client.get(url, { 'accept-encoding': 'identity' }, signal);
      return fileBody(response);
    },
    filePart: async (url, start, end, signal) => {
      const headers = { 'accept-encoding': 'identity', range: `bytes=${start}-${end}` };
      const { status, headers: given, body } = await client.get(url, headers, signal);
      if (status === 206 && given['content-range']?.startsWith(`bytes ${start}-${end}/`)) {
        return Readable.from(exactly(body, end - start + 1), { objectMode: false });
      }
      body.on('error', () => {}).destroy();
      return undefined;
    },
    close: () => client.close(),
  };
}

async function readPage(response: HttpResponse, name: string, maxBytes: number): Promise<UpstreamPage | undefined> {
  const { status, headers, url } = response;
  if (status === 404 || status === 410) {
    response.body.on('error', () => {}).destroy();
    return undefined;
  }
  if (status !== 200) {
    response.body.on('error', () => {}).destroy();
    throw answered(url, status);
  }
  const text = await readText(response, maxBytes);
  const page = parsePage(headers['content-type'] ?? '', text, name, url);
  const { etag, 'last-modified': lastModified } = headers;
  const validators = {
    ...(etag === undefined ? {} : { etag }),
    ...(lastModified === undefined ? {} : { lastModified }),
  };
  return { page, validators, ...maxAgeOf(response) };
}

function maxAgeOf({ headers }: HttpResponse): { maxAgeSeconds?: number } {
  const maxAge = /(?:^|[\s,])max-age=(\d+)/.exec(headers['cache-control'] ?? '')?.[1];
  return maxAge === undefined ? {} : { maxAgeSeconds: Number(maxAge) };
}

function parsePage(contentType: string, text: string, name: string, url: string): ProjectPage {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (/^application\/vnd\.pypi\.simple\.v\d+\+json$/.test(type) || type === 'application/json') {
    return parseProjectJson(text, name, url);
  }
  if (/^application\/vnd\.pypi\.simple\.v\d+\+html$/.test(type) || type === 'text/html') {
    return parseProjectHtml(text, name, url);
  }
  throw new WheelwrightError(
    'unavailable',
    `${url} answered with ${type || 'no content type'}, which is not an index page`,
    {
      hint: 'Check that WHEELWRIGHT_UPSTREAM is the URL of a simple index; it usually ends in /simple/.',
    },
  );
}

async function readText({ body, headers, url }: HttpResponse, maxBytes: number): Promise<string> {
  const coding = headers['content-encoding'] ?? 'identity';
  if (coding !== 'gzip' && coding !== 'identity') {
    body.on('error', () => {}).destroy();
    throw new WheelwrightError('unavailable', `${url} is encoded as ${coding}, which was not asked for`, {
      hint: FAULTY,
    });
  }
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    const plain = coding === 'gzip' ? body.compose(createGunzip()) : body;
    for await (const piece of plain as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > maxBytes)
        throw new WheelwrightError('unavailable', `the page ${url} is larger than ${maxBytes} bytes`, { hint: FAULTY });
      pieces.push(piece);
    }
  } catch (error) {
    if (error instanceof WheelwrightError) throw error;
    throw new WheelwrightError('unavailable', `the page ${url} broke off: ${reasonOf(error)}`, {
      hint: FAULTY,
      cause: error,
    });
  }
  return Buffer.concat(pieces).toString('utf8');
}

function fileBody({ status, headers, url, body }: HttpResponse): Readable {
  if (status === 200 && (headers['content-encoding'] ?? 'identity') === 'identity') return body;
  body.on('error', () => {}).destroy();
  if (status === 404 || status === 410) throw new WheelwrightError('not-found', `the upstream no longer has ${url}`);
  if (status !== 200) throw answered(url, status);
  throw new WheelwrightError(
    'unavailable',
    `${url} came encoded as ${headers['content-encoding']}, which was not asked for`,
  );
}

/** Fails for a body of another length, whatever its headers said. */
async function* exactly(body: Readable, sizeBytes: number): AsyncGenerator<Buffer> {
  let received = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    received += piece.length;
    if (received > sizeBytes) break;
    yield piece;
  }
  if (received !== sizeBytes)
    throw new WheelwrightError('unavailable', `a part of a file is not ${sizeBytes} bytes long`);
}

function answered(url: string, status: number): WheelwrightError {
  return new WheelwrightError('unavailable', `${url} answered ${status}`, { hint: hintFor(status) });
}

function hintFor(status: number): string {
  if (status === 401 || status === 403)
    return 'Credentials go into the upstream URL: https://user:password@host/simple/.';
  if (status === 429 || status >= 500) return 'Nothing is wrong here; try again when the upstream has recovered.';
  return 'That is no answer of a simple index. Check WHEELWRIGHT_UPSTREAM or the policy file: such a URL usually ends in /simple/.';
}

function splitCredentials(url: string): { base: URL; authorization?: string } {
  const base = URL.canParse(url) ? new URL(url) : undefined;
  if (base === undefined || (base.protocol !== 'https:' && base.protocol !== 'http:')) {
    throw new WheelwrightError(
      'invalid',
      `the upstream is no http or https URL: ${JSON.stringify(url.replace(/\/\/[^/@]*@/, '//'))}`,
      {
        hint: 'Set WHEELWRIGHT_UPSTREAM to the URL of a simple index; it usually ends in /simple/.',
      },
    );
  }
  const { username, password } = base;
  base.username = '';
  base.password = '';
  base.search = '';
  base.hash = '';
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  if (username === '' && password === '') return { base };
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { base, authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}
