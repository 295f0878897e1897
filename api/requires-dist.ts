import { readFile } from 'node:fs/promises';
import type { CheckResult } from '../core/check.js';
import { parseCoreMetadata } from '../core/core-metadata.js';
import type { IndexFile } from '../core/simple-index.js';
import type { BlobStore, BuildStore } from '../core/store.js';
import type { Upstream } from '../core/upstream.js';
import { withUpstreamFile } from './upstream-file.js';

export interface RequiresDistDeps {
  store: Pick<BuildStore, 'file'>;
  blobs: Pick<BlobStore, 'path'>;
  upstream: Pick<Upstream, 'file'>;
  /** The METADATA of a wheel on disk. */
  readWheelMetadata(path: string): Promise<Uint8Array>;
}

const MAX_METADATA_BYTES = 4 * 2 ** 20;
/** Larger wheels are not fetched only to learn what they require. */
const MAX_WHEEL_BYTES = 16 * 2 ** 20;
const REMEMBERED = 5_000;

/**
 * What a wheel requires, from the metadata kept for our own, from the upstream's `.metadata` where it offers that (PEP 658), else from the wheel itself if it
 * is small. Files never change, so what was read is remembered.
 */
export function createRequiresDist(deps: RequiresDistDeps) {
  const known = new Map<string, readonly string[] | undefined>();
  return async (result: CheckResult, signal: AbortSignal): Promise<readonly string[] | undefined> => {
    const { filename, state } = result;
    if (filename === undefined || (state !== 'wheel-here' && state !== 'wheel-upstream')) return undefined;
    if (known.has(filename)) return known.get(filename);
    const bytes = await (state === 'wheel-here'
      ? ofOwn(deps, filename)
      : ofUpstream(deps, result.upstreamFile, signal));
    const requires = bytes === undefined ? undefined : parsed(bytes, filename);
    if (known.size >= REMEMBERED) known.clear();
    known.set(filename, requires);
    return requires;
  };
}

async function ofOwn({ store, blobs }: RequiresDistDeps, filename: string): Promise<Uint8Array | undefined> {
  const digest = (await store.file(filename))?.metadataSha256;
  return digest === undefined ? undefined : readFile(blobs.path(digest));
}

async function ofUpstream(
  deps: RequiresDistDeps,
  file: IndexFile | undefined,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  if (file === undefined) return undefined;
  if (file.coreMetadata === undefined && (file.sizeBytes ?? 0) > MAX_WHEEL_BYTES) return undefined;
  const separate = file.coreMetadata !== undefined;
  const [url, maxBytes] = separate ? [`${file.url}.metadata`, MAX_METADATA_BYTES] : [file.url, MAX_WHEEL_BYTES];
  return withUpstreamFile(
    deps.upstream,
    { url, maxBytes },
    (path) => (separate ? readFile(path) : deps.readWheelMetadata(path)),
    signal,
  );
}

function parsed(bytes: Uint8Array, filename: string): readonly string[] | undefined {
  try {
    return parseCoreMetadata(bytes, filename).requiresDist;
  } catch {
    return undefined;
  }
}
