import type { IncomingMessage, ServerResponse } from 'node:http';
import { WheelwrightError } from '../core/errors.js';

const STATUS: Record<WheelwrightError['code'], number> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  unavailable: 503,
  internal: 500,
};

/** Seconds. An integer, since poetry takes nothing else, and pip repeats a 503 only where there is one. */
const RETRY_AFTER = '5';

export function sendText(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): void {
  const body = Buffer.from(`${text}\n`);
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': body.length,
    'X-Content-Type-Options': 'nosniff',
    // uv stores a 404 that does not forbid it, and the project may be here a minute later.
    'Cache-Control': 'no-store',
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

export function sendJson(request: IncomingMessage, response: ServerResponse, status: number, document: unknown): void {
  sendText(request, response, status, JSON.stringify(document, null, 2), { 'Content-Type': 'application/json' });
}

/** An error as a response: its message and its hint. What went wrong inside is not told to clients. */
export function sendError(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    // Too late for a status: the connection breaks, so that nobody takes what was sent for the whole.
    response.destroy();
    return;
  }
  const known =
    error instanceof WheelwrightError ? error : new WheelwrightError('internal', 'the index failed; its log says why');
  const text = known.hint === undefined ? known.message : `${known.message}. ${known.hint}`;
  const retry = known.code === 'unavailable' || known.code === 'internal' ? { 'Retry-After': RETRY_AFTER } : {};
  sendText(request, response, STATUS[known.code], text, retry);
}
