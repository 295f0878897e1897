import { addDownloads, type DownloadTotals } from '../adapters/sqlite/downloads.js';
import type { HostedIndex } from './hosted-index.js';

const WRITE_EVERY_MS = 5_000;

/** Counts the downloads of wheels that were built here: what each of them saved is what its build took. A crash loses the count of the last seconds. */
export class DownloadTally {
  readonly #path: string;
  readonly #hosted: HostedIndex;
  readonly #onFault: (message: string, error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  #counts = new Map<string, number>();

  /** @param path of the totals (adapters/sqlite/downloads.ts) */
  constructor(path: string, hosted: HostedIndex, onFault: (message: string, error: unknown) => void) {
    this.#path = path;
    this.#hosted = hosted;
    this.#onFault = onFault;
    this.#timer = setInterval(() => this.#write(), WRITE_EVERY_MS).unref();
  }

  count(filename: string): void {
    this.#counts.set(filename, (this.#counts.get(filename) ?? 0) + 1);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#write();
  }

  #write(): void {
    const counts = this.#counts;
    if (counts.size === 0) return;
    this.#counts = new Map();
    try {
      const totals: DownloadTotals = { downloads: 0, savedMs: 0 };
      for (const [filename, count] of counts) {
        const buildMs = this.#hosted.reader?.buildMs(filename);
        if (buildMs === undefined) continue;
        totals.downloads += count;
        totals.savedMs += count * buildMs;
      }
      if (totals.downloads > 0) addDownloads(this.#path, totals);
    } catch (error) {
      this.#onFault('downloads could not be counted', error);
    }
  }
}
