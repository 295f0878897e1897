import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDiskFull } from '../../core/disk-full.js';
import { reasonOf, WheelwrightError } from '../../core/errors.js';
import type { PhaseResult, Spooled } from '../../core/phases.js';
import type { EffectiveRecipe } from '../../core/recipe/recipe.js';
import type { Upstream } from '../../core/upstream.js';
import { failed, type PhaseContext } from '../phase-context.js';
import { readSpooled, type Spool } from '../spool.js';
import { packStream } from '../workspace-files.js';

/** One of the recipe's further sources that has an address, in the worker's keeping. */
export interface FetchedSource {
  /** Where it will be in the `inputs` volume. */
  file: string;
  /** An archive of the one file. */
  pack(): Readable;
}

/** A hiccup of the network is cheaper to wait out than an attempt is to make again. */
const PAUSES_MS = [1_000, 5_000];

type Source = NonNullable<EffectiveRecipe['sources']>[number];

/** Where a source is to be in the `inputs` volume. */
export function sourceName({ url, debian }: Source, index: number): string {
  const name = debian?.filename ?? basename(new URL(url ?? 'none:').pathname);
  return `${index + 1}-${name || 'source'}`;
}

/** Where downloads come from and go to. */
export interface DownloadSite {
  upstream: Pick<Upstream, 'file'>;
  spool: Spool;
  maxBytes: number;
  log: PhaseContext['log'];
  signal: AbortSignal;
}

/** Fetches the sdist; its bytes are the ones that were planned, or the attempt fails. */
export async function downloadSdist(
  site: DownloadSite,
  sdist: { filename: string; url: string; sha256: string },
): Promise<PhaseResult<Spooled>> {
  site.log.say(`fetch: ${sdist.filename} sha256=${sdist.sha256}`);
  return download(site, 'sdist', sdist.filename, sdist.url, sdist.sha256, 'bad-sdist');
}

export async function downloadSources(
  site: DownloadSite,
  sources: readonly Source[],
): Promise<PhaseResult<FetchedSource[]>> {
  const fetched: FetchedSource[] = [];
  for (const [index, source] of sources.entries()) {
    if (source.url === undefined) continue;
    const name = sourceName(source, index);
    site.log.say(`fetch: ${name} sha256=${source.sha256}, a source of the recipe`);
    const stored = await download(site, name, name, source.url, source.sha256, 'bad-request');
    if (stored.kind !== 'done') return stored;
    fetched.push({
      file: `/inputs/sources/${name}`,
      pack: () => packStream(name, stored.value.sizeBytes, readSpooled(stored.value)),
    });
  }
  return { kind: 'done', value: fetched };
}

/** Tries again where that may help. */
async function take({ upstream, spool, maxBytes, log, signal }: DownloadSite, as: string, name: string, url: string) {
  for (let tries = 0; ; tries += 1) {
    const pauseMs = PAUSES_MS[tries];
    try {
      return await spool.take(as, await upstream.file(url, signal), maxBytes, signal);
    } catch (error) {
      const final = (error instanceof WheelwrightError && error.code !== 'unavailable') || isDiskFull(error);
      if (signal.aborted || final || pauseMs === undefined) throw error;
      log.say(`fetch: ${name}: ${reasonOf(error)}; once more in ${pauseMs / 1000} s`);
    }
    await sleep(pauseMs, undefined, { signal });
  }
}

async function download(
  site: DownloadSite,
  as: string,
  name: string,
  url: string,
  sha256: string,
  fault: 'bad-sdist' | 'bad-request',
): Promise<PhaseResult<Spooled>> {
  const blame = (line: string, cause: string) => failed<Spooled>(site, 'fetch', { class: fault, line, cause });
  let stored: Spooled;
  try {
    stored = await take(site, as, name, url);
  } catch (error) {
    site.signal.throwIfAborted();
    if (error instanceof WheelwrightError && error.code !== 'unavailable') {
      return blame(
        `${name} cannot be fetched: ${error.message}`,
        error.hint ?? 'It cannot be had from where it is said to be.',
      );
    }
    throw error instanceof WheelwrightError
      ? error
      : new WheelwrightError('unavailable', `fetching ${name} broke off: ${reasonOf(error)}`, {
          hint: 'The upstream or the network between gave up; the attempt is tried again by itself.',
          cause: error,
        });
  }
  if (stored.sha256 !== sha256) {
    return blame(
      `${name} has sha256 ${stored.sha256} where ${sha256} was expected`,
      'The bytes are not the ones that were asked for: the upstream, or something between, changed them. Nothing was unpacked.',
    );
  }
  return { kind: 'done', value: stored };
}
