import { mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type CachedFile, type CachedPage, type IndexCache, openIndexCache } from '../adapters/sqlite/index-cache.js';

const LOOK_EVERY_MS = 1_000;

/**
 * The cache's database as something that may be damaged, deleted or full at any moment without anyone noticing: what cannot be read is as if it had never been
 * there, and what cannot be written is fetched again next time.
 */
export class ForgivingCache implements IndexCache {
  readonly #path: string;
  readonly #onFault: (message: string, error: unknown) => void;
  readonly #clock: () => number;
  #cache: IndexCache | undefined;
  #inode: number | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** @param clock milliseconds, monotonic */
  constructor(path: string, onFault: (message: string, error: unknown) => void, clock: () => number) {
    this.#path = path;
    this.#onFault = onFault;
    this.#clock = clock;
  }

  page(upstream: string, project: string): CachedPage | undefined {
    return this.#try((cache) => cache.page(upstream, project), undefined);
  }

  putPage(upstream: string, project: string, page: CachedPage): void {
    this.#try((cache) => cache.putPage(upstream, project, page), undefined);
  }

  removePage(upstream: string, project: string): void {
    this.#try((cache) => cache.removePage(upstream, project), undefined);
  }

  renewPage(upstream: string, project: string, times: Pick<CachedPage, 'fetchedAt' | 'freshUntil'>): void {
    this.#try((cache) => cache.renewPage(upstream, project, times), undefined);
  }

  firstHashes(upstream: string, project: string): Map<string, string> {
    return this.#try((cache) => cache.firstHashes(upstream, project), new Map());
  }

  rememberHashes(upstream: string, project: string, hashes: ReadonlyMap<string, string>): void {
    this.#try((cache) => cache.rememberHashes(upstream, project, hashes), undefined);
  }

  file(sha256: string): CachedFile | undefined {
    return this.#try((cache) => cache.file(sha256), undefined);
  }

  putFile(file: CachedFile, now: number): void {
    this.#try((cache) => cache.putFile(file, now), undefined);
  }

  touchFile(sha256: string, now: number): void {
    this.#try((cache) => cache.touchFile(sha256, now), undefined);
  }

  removeFile(sha256: string): void {
    this.#try((cache) => cache.removeFile(sha256), undefined);
  }

  usesMetadata(sha256: string): boolean {
    return this.#try((cache) => cache.usesMetadata(sha256), true);
  }

  heldBytes(): number {
    return this.#try((cache) => cache.heldBytes(), 0);
  }

  leastRecentlyUsed(limit: number): CachedFile[] {
    return this.#try((cache) => cache.leastRecentlyUsed(limit), []);
  }

  close(): void {
    this.#cache?.close();
    this.#cache = undefined;
  }

  #try<Result>(use: (cache: IndexCache) => Result, otherwise: Result): Result {
    try {
      return use(this.#open());
    } catch (error) {
      this.#onFault('the cache of upstream pages cannot be used', error);
      return otherwise;
    }
  }

  #open(): IndexCache {
    const now = this.#clock();
    if (this.#cache !== undefined && now - this.#lookedAt < LOOK_EVERY_MS) return this.#cache;
    this.#lookedAt = now;
    if (this.#cache !== undefined && this.#inode === this.#inodeOnDisk()) return this.#cache;
    this.close();
    mkdirSync(dirname(this.#path), { recursive: true });
    try {
      this.#cache = openIndexCache(this.#path);
    } catch (error) {
      this.#onFault('the cache of upstream pages was damaged and starts anew', error);
      for (const suffix of ['', '-wal', '-shm']) rmSync(this.#path + suffix, { force: true });
      this.#cache = openIndexCache(this.#path);
    }
    this.#inode = this.#inodeOnDisk();
    return this.#cache;
  }

  #inodeOnDisk(): number | undefined {
    return statSync(this.#path, { throwIfNoEntry: false })?.ino;
  }
}
