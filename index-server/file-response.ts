import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendText } from './answers.js';
import { matchesEtag, requestedRange } from './byte-range.js';
import type { DiskSender, FileOnDisk } from './disk-sender.js';

/** Which caches may keep a file: all, or only its reader's own where reading takes a token (RFC 9111, 3.5). */
export type Visibility = 'public' | 'private';

/** Headers of a file; the strong validator is its sha256, so it survives restarts and is the same on every machine. */
export function fileHeaders(sha256: string, visibility: Visibility): Record<string, string> {
  return {
    'Content-Type': 'application/octet-stream',
    ETag: `"${sha256}"`,
    'Cache-Control': `${visibility}, max-age=31536000, immutable`,
    'X-Content-Type-Options': 'nosniff',
  };
}

/** GET or HEAD of a file, with If-None-Match, Range and If-Range. Ends when everything is sent or the client is gone. */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  file: FileOnDisk,
  disk: DiskSender,
  visibility: Visibility,
): Promise<void> {
  const headers = fileHeaders(file.sha256, visibility);
  const etag = headers.ETag as string;
  if (matchesEtag(request.headers['if-none-match'], etag)) {
    response.writeHead(304, headers).end();
    return;
  }
  const head = request.method === 'HEAD';
  const range = head
    ? 'whole'
    : requestedRange(request.headers.range, request.headers['if-range'] as string | undefined, etag, file.sizeBytes);
  if (range === 'unsatisfiable') {
    sendText(request, response, 416, 'the range is outside the file', { 'Content-Range': `bytes */${file.sizeBytes}` });
    return;
  }
  const { start, end } = range === 'whole' ? { start: 0, end: file.sizeBytes - 1 } : range;
  response.writeHead(range === 'whole' ? 200 : 206, {
    ...headers,
    'Accept-Ranges': 'bytes',
    'Content-Length': end - start + 1,
    ...(range === 'whole' ? {} : { 'Content-Range': `bytes ${start}-${end}/${file.sizeBytes}` }),
  });
  if (head || file.sizeBytes === 0) {
    response.end();
  } else {
    await disk.send(response, file, start, end);
  }
}
