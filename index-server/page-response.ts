import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  negotiateEncoding,
  negotiatePage,
  type PageEncoding,
  type PageFormat,
} from '../core/simple-index-negotiation.js';
import { sendText } from './answers.js';
import type { ReadyAnswer } from './ready-answer.js';
import type { EncodedPage } from './rendered-page.js';

/** What a request's headers and query ask for; undefined: nothing that there is (406). */
export function negotiate(
  request: IncomingMessage,
  format: string | undefined,
): { format: PageFormat; contentType: string; encoding: PageEncoding } | undefined {
  const page = negotiatePage(request.headers.accept, format);
  return page === undefined
    ? undefined
    : { ...page, encoding: negotiateEncoding(request.headers['accept-encoding'] as string | undefined) };
}

export function readyPage(
  { body, etag }: EncodedPage,
  contentType: string,
  encoding: PageEncoding,
  freshUntil: number,
  cacheStatus?: string,
): ReadyAnswer {
  const common = [
    'ETag',
    etag,
    // Asked again each time, by 304: a wheel that was just built must not be hidden by a cache (pip keeps pages since 26.2).
    'Cache-Control',
    'no-cache',
    'Vary',
    'Accept, Accept-Encoding',
    ...(cacheStatus === undefined ? [] : ['Cache-Status', cacheStatus]),
  ];
  return {
    etag,
    headers: [
      'Content-Type',
      contentType,
      'Content-Length',
      String(body.length),
      ...(encoding === 'identity' ? [] : ['Content-Encoding', encoding]),
      'X-Content-Type-Options',
      'nosniff',
      ...common,
    ],
    notModifiedHeaders: common,
    body,
    freshUntil,
  };
}

export function sendNotAcceptable(request: IncomingMessage, response: ServerResponse): void {
  sendText(
    request,
    response,
    406,
    'none of the types asked for is offered: application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html, text/html',
    { Vary: 'Accept' },
  );
}
