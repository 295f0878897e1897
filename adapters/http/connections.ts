import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How far a connection is. */
export interface Connection {
  /** Requests that came out of its parser. */
  requests: number;
  /** Those whose answers are under way. */
  underWay: number;
  /** The newest of them, until its answer has ended. */
  last?: { request: IncomingMessage; response: ServerResponse } | undefined;
}

/** How long a client that has connected and not asked anything yet is waited for. */
const FRESH_MS = 1_000;
const watched = new WeakMap<Server, Connections>();

/** The open connections of a server. To be asked for before it listens. */
export function connectionsOf(server: Server): Connections {
  const present = watched.get(server);
  if (present !== undefined) return present;
  const connections = new Connections(server);
  watched.set(server, connections);
  return connections;
}

class Connections {
  readonly #open = new Map<Socket, Connection>();
  #closing = false;

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.#open.set(socket, { requests: 0, underWay: 0 });
      socket.once('close', () => this.#open.delete(socket));
    });
    server.prependListener('request', (request, response) => this.#began(request, response));
  }

  get(socket: Socket): Connection | undefined {
    return this.#open.get(socket);
  }

  /**
   * Closes each connection that is idle, now and from now on. Node's own means for it, of which close() of an HTTP server is one, takes a connection for idle as
   * soon as the end of its answer was written, and cuts off what the client has not taken yet.
   */
  closeIdle(): void {
    this.#closing = true;
    for (const [socket, { requests, underWay }] of this.#open) if (requests > 0 && underWay === 0) socket.destroySoon();
    // Whoever has just connected is about to ask, and would see a refusal.
    setTimeout(() => {
      for (const [socket, { requests }] of this.#open) if (requests === 0) socket.destroySoon();
    }, FRESH_MS).unref();
  }

  #began(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const connection = this.#open.get(socket);
    if (connection === undefined) return;
    // Told so, a client does not send its next request into a connection that is being closed.
    if (this.#closing) response.setHeader('Connection', 'close');
    connection.requests++;
    connection.underWay++;
    connection.last = { request, response };
    response.once('close', () => {
      connection.underWay--;
      if (connection.last?.response === response) connection.last = undefined;
      if (this.#closing && connection.underWay === 0) socket.destroySoon();
    });
  }
}
