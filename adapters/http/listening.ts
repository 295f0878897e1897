import { IncomingMessage, type Server, ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, Socket } from 'node:net';
import { connectionsOf } from './connections.js';

/** Where a server listens: at an address of its own, or on a socket that whoever started the process holds open for it. */
export interface Place {
  host: string;
  /** 0: a free one. */
  port: number;
  /** File descriptor of a socket that listens already; see {@link inheritedSocket}. */
  socket?: number | undefined;
}

const BACKLOG = 1024;
const FIRST_INHERITED = 3;
const SETTLING_ANSWERS = 8;

/**
 * The socket that systemd, or whatever else speaks its protocol, hands to this process: https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
 * It stays open when the process ends, so that what connects meanwhile waits for the next one instead of being refused.
 */
export function inheritedSocket(environment: Readonly<Record<string, string | undefined>>): number | undefined {
  const { LISTEN_PID, LISTEN_FDS } = environment;
  return LISTEN_PID === String(process.pid) && LISTEN_FDS === '1' ? FIRST_INHERITED : undefined;
}

export interface Listener {
  /** Base URL without a trailing slash. */
  url: string;
  /**
   * Takes no new connection, lets the answers under way end, and closes each connection after its answer, so that nobody loses one. Resolves when all are
   * closed; those that take longer than the grace are broken off.
   */
  drain(graceMs: number): Promise<void>;
}

/** @throws the error of the system, e.g. when the port is taken */
export async function listen(server: Server, place: Place): Promise<Listener> {
  settleAnswers();
  const connections = connectionsOf(server);
  return {
    url: await startListening(server, place),
    async drain(graceMs) {
      const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
      connections.closeIdle();
      const patience = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(patience);
    },
  };
}

/**
 * Makes the first few answers before anything else does. V8 settles after seven objects of a class how many properties have room in each; where a collection of
 * garbage came between, it counts too few, and every answer of the process's life is a slow dictionary: 60 microseconds of processor for a page in place of 32.
 */
export function settleAnswers(): void {
  // Kept until all are made: what is forgotten is not counted.
  const kept: ServerResponse[] = [];
  while (kept.length < SETTLING_ANSWERS) kept.push(new ServerResponse(new IncomingMessage(new Socket())));
}

function startListening(server: Server, { host, port, socket }: Place): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket === undefined ? { host, port, backlog: BACKLOG } : { fd: socket, backlog: BACKLOG }, () => {
      server.off('error', reject);
      const { address, family, port: given } = server.address() as AddressInfo;
      resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${given}`);
    });
  });
}
