import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CachedFile, IndexCache } from '../adapters/sqlite/index-cache.js';
import { isDiskFull } from '../core/disk-full.js';
import type { Upstream } from '../core/upstream.js';
import { blobPath } from './blob-path.js';
import { Download, type DownloadTarget } from './download.js';
import { wheelMetadata } from './wheel-metadata.js';

export interface FileCacheOptions {
  folder: string;
  cache: IndexCache;
  /** Over all files; those used longest ago go first. */
  maxBytes: number;
  /** Of one file whose page gives no size. */
  maxFileBytes: number;
  /** For a whole file. */
  timeoutMs: number;
  /** Milliseconds since the epoch. */
  clock: () => number;
  /** A file came or went, so that the project's pages have more or less metadata to offer. */
  onChange: (project: string) => void;
  onFault: (message: string, error: unknown) => void;
  /** Told whether a file was on disk or had to be fetched. */
  onUse: (use: 'hit' | 'miss') => void;
}

/** The eviction needs no finer order, and a write per download would be one too many. */
const TOUCH_EVERY_MS = 60_000;

/** Verified files of upstreams on disk, by their sha256; each is fetched once however many ask for it at the same time. */
export class FileCache {
  readonly #options: FileCacheOptions;
  readonly #downloads = new Map<string, Download>();
  readonly #touched = new Map<string, number>();
  readonly #finishing = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  readonly #temporary: string;

  constructor(options: FileCacheOptions) {
    this.#options = options;
    this.#temporary = join(options.folder, 'incoming');
    mkdirSync(this.#temporary, { recursive: true });
    // Left by a process that was killed.
    for (const name of readdirSync(this.#temporary)) rmSync(join(this.#temporary, name), { force: true });
  }

  path(sha256: string): string {
    return blobPath(this.#options.folder, sha256);
  }

  /** A verified file that is on disk. */
  held(sha256: string): CachedFile | undefined {
    const file = this.#options.cache.file(sha256);
    if (file === undefined || existsSync(this.path(sha256))) return file;
    this.#options.cache.removeFile(sha256);
    return undefined;
  }

  /** Notes that a held file was served. */
  touch(sha256: string): void {
    this.#options.onUse('hit');
    const now = this.#options.clock();
    if (now - (this.#touched.get(sha256) ?? 0) < TOUCH_EVERY_MS) return;
    if (this.#touched.size > 10_000) this.#touched.clear();
    this.#touched.set(sha256, now);
    this.#options.cache.touchFile(sha256, now);
  }

  /** The running download of a file, or a new one. */
  download(target: DownloadTarget, url: string, upstream: Upstream): Download {
    const running = this.#downloads.get(target.sha256);
    if (running !== undefined) return running;
    this.#options.onUse('miss');
    // The folder may have been deleted since the start.
    mkdirSync(this.#temporary, { recursive: true });
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(this.#options.timeoutMs)]);
    const download = new Download(
      target,
      join(this.#temporary, randomUUID()),
      () => upstream.file(url, signal),
      this.#options.maxFileBytes,
    );
    this.#downloads.set(target.sha256, download);
    const finished = this.#finish(download).finally(() => {
      if (this.#downloads.get(target.sha256) === download) this.#downloads.delete(target.sha256);
      this.#finishing.delete(finished);
      return download.release();
    });
    this.#finishing.add(finished);
    return download;
  }

  /** Waits until a download has become a held file. */
  async settled(sha256: string): Promise<CachedFile | undefined> {
    const download = this.#downloads.get(sha256);
    await download?.done;
    while (this.#downloads.get(sha256) === download && download !== undefined) await Promise.race(this.#finishing);
    return this.held(sha256);
  }

  /** Removes a file whose bytes are not what they were when they were verified. */
  async discard(sha256: string): Promise<void> {
    const file = this.#options.cache.file(sha256);
    this.#options.cache.removeFile(sha256);
    await rm(this.path(sha256), { force: true });
    if (file !== undefined) this.#options.onChange(file.project);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#finishing);
  }

  async #finish(download: Download): Promise<void> {
    const { target } = download;
    try {
      const { sizeBytes } = await download.done;
      const text = target.filename.endsWith('.whl') ? await wheelMetadata(download.path) : undefined;
      const metadata = text === undefined ? undefined : await this.#keepMetadata(text);
      await this.#moveIn(download.path, target.sha256);
      this.#options.cache.putFile(
        { sha256: target.sha256, project: target.project, sizeBytes, ...(metadata === undefined ? {} : { metadata }) },
        this.#options.clock(),
      );
      this.#options.onChange(target.project);
      await this.#makeRoom(this.#options.cache.heldBytes() - this.#options.maxBytes, target.sha256);
    } catch (error) {
      // At once: whoever asks next gets another try, not this failure.
      this.#downloads.delete(target.sha256);
      await rm(download.path, { force: true });
      if (!this.#closing.signal.aborted) this.#options.onFault(`${target.filename} was not kept`, error);
      // Less is kept than was allowed, but the next try goes through.
      if (isDiskFull(error)) await this.#makeRoom(2 * (target.sizeBytes ?? 0), target.sha256);
    }
  }

  async #keepMetadata(text: Buffer): Promise<{ sha256: string; sizeBytes: number }> {
    const sha256 = createHash('sha256').update(text).digest('hex');
    const path = join(this.#temporary, randomUUID());
    await writeFile(path, text);
    await this.#moveIn(path, sha256);
    return { sha256, sizeBytes: text.length };
  }

  async #moveIn(path: string, sha256: string): Promise<void> {
    await mkdir(dirname(this.path(sha256)), { recursive: true });
    await rename(path, this.path(sha256));
  }

  /** Removes the files used longest ago until so many bytes are free; never the one that has just come. */
  async #makeRoom(bytes: number, justArrived: string): Promise<void> {
    const { cache } = this.#options;
    for (let missing = bytes; missing > 0; ) {
      const oldest = cache.leastRecentlyUsed(20).filter(({ sha256 }) => sha256 !== justArrived);
      if (oldest.length === 0) return;
      for (const file of oldest) {
        if (missing <= 0) break;
        missing -= file.sizeBytes + (file.metadata?.sizeBytes ?? 0);
        await this.discard(file.sha256);
        // Wheels of one release often share their metadata.
        if (file.metadata === undefined || cache.usesMetadata(file.metadata.sha256)) continue;
        await rm(this.path(file.metadata.sha256), { force: true });
      }
    }
  }
}
