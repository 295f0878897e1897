import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface TestProxy {
  /** With the prefix, ending in a slash. */
  url: string;
  /** Breaks every connection, as a network that goes away does. */
  cut(): void;
  /** Refuses every request while true. */
  down: boolean;
  /** Paths that were asked for, without the prefix. */
  requests: string[];
  close(): Promise<void>;
}

/** A reverse proxy on 127.0.0.1 that serves a service below a path prefix, as organisations do. */
export async function startProxy(target: string, prefix = ''): Promise<TestProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((incoming, outgoing) => {
    const path = incoming.url ?? '/';
    if (proxy.down) incoming.destroy();
    else if (!path.startsWith(`${prefix}/`)) outgoing.writeHead(404).end();
    else forward(path.slice(prefix.length), incoming, outgoing);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const forward = (path: string, incoming: IncomingMessage, outgoing: ServerResponse) => {
    proxy.requests.push(path);
    const upstream = request(
      new URL(path, target),
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
        answer.on('error', () => outgoing.destroy());
      },
    );
    upstream.on('error', () => outgoing.destroy());
    outgoing.on('close', () => upstream.destroy());
    incoming.pipe(upstream);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: TestProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}/`,
    down: false,
    requests: [],
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return proxy;
}
