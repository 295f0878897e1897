import type { Socket } from 'node:net';

/** A client that takes nothing for this long is gone; what it was sent so far is a broken download that it can resume. */
const STALLED_MS = 2 * 60_000;

/**
 * Ends connections whose client has stopped reading. A time limit on every socket would be set twice for each request, a tenth of what an answer from memory
 * costs; so those that do not take theirs at once are only noted, and the few that are still at it at the next look get one.
 */
export class SlowReaders {
  readonly #noted = new Set<Socket>();

  /** To be called when an answer from memory has been written. */
  note(socket: Socket): void {
    if (socket.writableLength > 0) this.#noted.add(socket);
  }

  /** To be called now and then. */
  look(): void {
    for (const socket of this.#noted) if (socket.writableLength > 0) this.limit(socket);
    this.#noted.clear();
  }

  /** Sets the limit; Node takes it back with the connection's next request. */
  limit(socket: Socket): void {
    socket.setTimeout(STALLED_MS);
  }
}
