import { setTimeout as sleep } from 'node:timers/promises';
import type { CachedPage, IndexCache } from '../adapters/sqlite/index-cache.js';
import { distributionVersion } from '../core/distribution.js';
import { reasonOf, WheelwrightError } from '../core/errors.js';
import type { ProjectPage } from '../core/simple-index.js';
import type { Upstream } from '../core/upstream.js';

interface FetchedPage {
  /** Undefined: the upstream has no such project. */
  page: ProjectPage | undefined;
  /** Milliseconds since the epoch. */
  freshUntil: number;
  fetchedAt: number;
}

/** What an upstream says about a project. */
export interface UpstreamAnswer extends FetchedPage {
  /** Files that may not be offered, and why. */
  refused: ReadonlyMap<string, string>;
  /** The upstream could not be asked, and this is what it said before. */
  stale: boolean;
}

export interface UpstreamPagesOptions {
  cache: IndexCache;
  /** Milliseconds since the epoch. */
  clock: () => number;
  onFault: (message: string, error: unknown) => void;
  /** Told how each page was had. */
  onUse: (use: CacheUse) => void;
}

/** `hit` from the cache, `miss` from the upstream, `stale` from the cache since the upstream failed, `failed` where there was nothing either. */
export type CacheUse = 'hit' | 'miss' | 'stale' | 'failed';

const DEFAULT_FRESH_MS = 300_000;
const MAX_FRESH_MS = 600_000;
const UNKNOWN_FRESH_MS = 60_000;
/** After a failure the upstream is left alone for this long. */
export const DOWN_MS = 5_000;
/** What was said before is served when the upstream takes longer than this; its answer is kept for the next request. */
const PATIENCE_MS = 3_000;

/** Pages of upstreams: each fetched once however many ask, kept on disk, asked for again only where changed, and served stale while the upstream is down. */
export class UpstreamPages {
  readonly #options: UpstreamPagesOptions;
  readonly #inFlight = new Map<string, Promise<UpstreamAnswer>>();
  readonly #slow = new Map<string, { until: number; error: unknown }>();

  constructor(options: UpstreamPagesOptions) {
    this.#options = options;
  }

  /** @throws WheelwrightError `unavailable` when the upstream cannot be asked and nothing is cached. */
  page(name: string, upstream: Upstream, project: string, signal: AbortSignal): Promise<UpstreamAnswer> {
    const key = `${name}/${project}`;
    const running = this.#inFlight.get(key);
    if (running !== undefined) return running;
    const started = this.#page(name, upstream, project, signal).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, started);
    return started;
  }

  async #page(name: string, upstream: Upstream, project: string, signal: AbortSignal): Promise<UpstreamAnswer> {
    const { cache, clock, onFault, onUse } = this.#options;
    // An upstream that moved is another upstream: its URL is part of the key.
    const identity = `${name} ${upstream.url}`;
    const cached = cache.page(identity, project);
    if (cached !== undefined && isFresh(cached, clock())) {
      onUse('hit');
      return this.#answer(identity, cached, false);
    }
    const began = clock();
    try {
      const slow = this.#slow.get(identity);
      if (slow !== undefined && slow.until > began) throw slow.error;
      const fetched = this.#fetch(identity, upstream, project, cached, signal);
      const entry = await (cached === undefined ? fetched : inTime(fetched, upstream));
      onUse('miss');
      return this.#answer(identity, entry, false);
    } catch (error) {
      // Only one request has to find out that the upstream does not answer; the rest need not wait for their time limit.
      if (clock() - began >= PATIENCE_MS) this.#slow.set(identity, { until: clock() + DOWN_MS, error });
      if (!signal.aborted) onFault(`the upstream ${name} failed for ${project}`, error);
      onUse(cached === undefined ? 'failed' : 'stale');
      if (cached === undefined) throw asUnavailable(error, name);
      return this.#answer(identity, { ...cached, freshUntil: clock() + DOWN_MS }, true);
    }
  }

  async #fetch(
    identity: string,
    upstream: Upstream,
    project: string,
    cached: CachedPage | undefined,
    signal: AbortSignal,
  ): Promise<FetchedPage> {
    const { cache, clock } = this.#options;
    const answer =
      cached === undefined
        ? await upstream.project(project, signal)
        : await upstream.projectUnless(project, cached.validators, signal);
    this.#slow.delete(identity);
    const fetchedAt = clock();
    if (answer === undefined) {
      // Not kept: while the upstream is away nobody knows what it has got since, and whoever asks for a million names would fill the disk.
      cache.removePage(identity, project);
      return { page: undefined, fetchedAt, freshUntil: fetchedAt + UNKNOWN_FRESH_MS };
    }
    const freshUntil = fetchedAt + freshMs(answer.maxAgeSeconds);
    if ('unchanged' in answer) {
      cache.renewPage(identity, project, { fetchedAt, freshUntil });
      // Asked only where there is a page.
      return { ...(cached as CachedPage), fetchedAt, freshUntil };
    }
    const entry = { page: withVersions(answer.page), validators: answer.validators, fetchedAt, freshUntil };
    cache.putPage(identity, project, entry);
    return entry;
  }

  #answer(identity: string, entry: FetchedPage, stale: boolean): UpstreamAnswer {
    return { ...entry, refused: this.#refusals(identity, entry.page), stale };
  }

  /** Bytes under a file name never change, so a name that comes with another hash than before is refused until it comes with the first one again. */
  #refusals(identity: string, page: ProjectPage | undefined): Map<string, string> {
    const refused = new Map<string, string>();
    if (page === undefined) return refused;
    const { cache, onFault } = this.#options;
    const first = cache.firstHashes(identity, page.name);
    const fresh = new Map<string, string>();
    const seen = new Set<string>();
    for (const { filename, hashes } of page.files) {
      // Of two files of one name only the first is ever offered.
      if (hashes.sha256 === undefined || seen.has(filename)) continue;
      seen.add(filename);
      const known = first.get(filename);
      if (known === undefined) fresh.set(filename, hashes.sha256);
      else if (known !== hashes.sha256) {
        refused.set(filename, `the upstream changed the file: its sha256 was ${known} and is now ${hashes.sha256}`);
      }
    }
    if (fresh.size > 0) cache.rememberHashes(identity, page.name, fresh);
    for (const [filename, reason] of refused) onFault(`${filename} is no longer offered: ${reason}`, undefined);
    return refused;
  }
}

/** File names are read once per fetch, not at each rendering. */
function withVersions(page: ProjectPage): ProjectPage {
  const files = page.files.map((file) => {
    const version = distributionVersion(file.filename, page.name);
    return version === undefined ? file : { ...file, version };
  });
  return { ...page, files };
}

function freshMs(maxAgeSeconds: number | undefined): number {
  return maxAgeSeconds === undefined ? DEFAULT_FRESH_MS : Math.min(maxAgeSeconds * 1000, MAX_FRESH_MS);
}

/** A page from the future was fetched before the clock was set back: how long ago that is cannot be told. */
function isFresh({ fetchedAt, freshUntil }: CachedPage, now: number): boolean {
  return fetchedAt <= now && now < freshUntil;
}

async function inTime(fetched: Promise<FetchedPage>, upstream: Upstream): Promise<FetchedPage> {
  const cancel = new AbortController();
  const late = sleep(PATIENCE_MS, undefined, { signal: cancel.signal }).then(() => {
    throw new WheelwrightError('unavailable', `${upstream.url} has not answered within ${PATIENCE_MS / 1000} s`, {
      hint: 'It is overloaded, or the network is. Its answer is kept when it comes.',
    });
  });
  late.catch(() => {});
  fetched.catch(() => {});
  try {
    return await Promise.race([fetched, late]);
  } finally {
    cancel.abort();
  }
}

function asUnavailable(error: unknown, name: string): WheelwrightError {
  if (error instanceof WheelwrightError && error.code === 'unavailable') return error;
  const { hint } = (error ?? {}) as { hint?: string };
  return new WheelwrightError('unavailable', `the upstream ${name} cannot be used: ${reasonOf(error)}`, {
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}
