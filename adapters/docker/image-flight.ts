interface Flight {
  result: Promise<unknown>;
  waiting: number;
  abort: AbortController;
}

/**
 * Runs one piece of work per key at a time: who asks while it runs gets its result. The work is aborted only when all who wait for it
 * have aborted.
 */
export class SingleFlight {
  readonly #flights = new Map<string, Flight>();

  async run<T>(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#start(key, work);
    flight.waiting += 1;
    let onAbort = () => {};
    const aborted = new Promise<never>((_resolve, reject) => {
      onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return (await Promise.race([flight.result, aborted])) as T;
    } finally {
      signal.removeEventListener('abort', onAbort);
      flight.waiting -= 1;
      if (flight.waiting === 0) {
        // Nobody may join work that is being torn down.
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
        flight.abort.abort();
      }
    }
  }

  #start<T>(key: string, work: (signal: AbortSignal) => Promise<T>): Flight {
    const abort = new AbortController();
    const flight: Flight = { result: work(abort.signal), waiting: 0, abort };
    flight.result.catch(() => undefined);
    this.#flights.set(key, flight);
    return flight;
  }
}
