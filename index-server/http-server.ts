import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connectionsOf } from '../adapters/http/connections.js';
import { sendText } from './answers.js';

const HEAD_BYTES = 16 * 1024;
/** By the code of Node's error; the first line of an answer, and what it says. */
const CLIENT_FAULTS: Readonly<Record<string, [status: string, text: string]>> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    `the URL and the headers of a request may have ${HEAD_BYTES / 1024} KiB together; a proxy that adds cookies is the usual cause`,
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request did not arrive in time; send it again'],
};
const UNREADABLE: [status: string, text: string] = [
  '400 Bad Request',
  'this is no HTTP/1.1 request. This port speaks plain HTTP: a client that uses https here is the usual cause',
];

/** An HTTP server with a limit on everything that a client could make endless, which says what is wrong with what is no request. */
export function createIndexServer(handle: RequestListener): Server {
  const server = createServer(
    {
      maxHeaderSize: HEAD_BYTES,
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 75_000,
      connectionsCheckingInterval: 2_000,
      noDelay: true,
    },
    (request, response) => {
      if (!namesTwoHosts(request)) return handle(request, response);
      response.shouldKeepAlive = false;
      sendText(request, response, 400, 'the request has two Host headers, and may be meant for another server');
    },
  );
  const connections = connectionsOf(server);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    // A body that is none may belong to a request that has its answer.
    const last = connections.get(socket as Socket)?.last;
    const answered = last?.request.complete === false && last.response.headersSent;
    if (!answered) writeAnswer(socket, CLIENT_FAULTS[error.code ?? ''] ?? UNREADABLE);
    // Not end(): whoever sends such a thing need not be waited for to close its side.
    (socket as Socket).destroySoon();
  });
  server.on('connect', (_request, socket) => {
    writeAnswer(socket, ['405 Method Not Allowed', 'the index is no proxy; it answers GET and HEAD']);
    (socket as Socket).destroySoon();
  });
  return server;
}

function writeAnswer(socket: Duplex, [status, text]: [status: string, text: string]): void {
  const body = `${text}\n`;
  const headers = `Connection: close\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\nContent-Length: ${body.length}`;
  socket.write(`HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${body}`);
}

/** RFC 9112, 3.2: what stands between, and chose by the other one, must not be believed. Node takes the first. */
function namesTwoHosts({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts > 1;
}
