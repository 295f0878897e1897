import type { LogBuffer } from './log-buffer.js';
import { visibleBytes } from './visible-bytes.js';

/** Time that a slice of searching may hold the main thread. */
const SLICE_MS = 8;
const LINES_BETWEEN_CLOCK_READS = 256;

/** Searches what a reader sees of a log that may still grow, without ever holding up the page; ASCII letters match in either case. */
export class LogSearch {
  readonly #buffer: LogBuffer;
  readonly #needle: Uint8Array;
  readonly #matches: number[] = [];
  #searchedTo = 0;
  #stopped = false;
  #running = false;

  /** @param onProgress called after each slice that found something, and at the end */
  constructor(
    buffer: LogBuffer,
    readonly query: string,
    readonly onProgress: () => void,
  ) {
    this.#buffer = buffer;
    this.#needle = new TextEncoder().encode(query).map(lower);
  }

  /** Numbers of the lines that match, ascending. */
  get matches(): readonly number[] {
    return this.#matches;
  }

  get done(): boolean {
    return this.#searchedTo >= this.#buffer.lineCount;
  }

  /** Goes on to the present end of the log; called again when lines were added. */
  async run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (!this.done && !this.#stopped) {
      this.#searchSlice();
      this.onProgress();
      await new Promise((resume) => setTimeout(resume, 0));
    }
    this.#running = false;
  }

  stop(): void {
    this.#stopped = true;
  }

  #searchSlice(): void {
    const until = performance.now() + SLICE_MS;
    while (!this.done) {
      const end = Math.min(this.#searchedTo + LINES_BETWEEN_CLOCK_READS, this.#buffer.lineCount);
      while (this.#searchedTo < end) {
        this.#searchedTo += 1;
        if (includes(visibleBytes(this.#buffer.lineBytes(this.#searchedTo)), this.#needle)) {
          this.#matches.push(this.#searchedTo);
        }
      }
      if (performance.now() >= until) return;
    }
  }
}

function includes(line: Uint8Array, needle: Uint8Array): boolean {
  const first = needle[0] as number;
  const last = line.length - needle.length;
  for (let at = 0; at <= last; at += 1) {
    if (lower(line[at] as number) === first && matchesAt(line, needle, at)) return true;
  }
  return false;
}

function matchesAt(line: Uint8Array, needle: Uint8Array, at: number): boolean {
  for (let index = 1; index < needle.length; index += 1) {
    if (lower(line[at + index] as number) !== needle[index]) return false;
  }
  return true;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}
