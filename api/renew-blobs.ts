import { utimes } from 'node:fs/promises';
import type { ApiContext } from './context.js';

/**
 * To be called before a file is taken off the index: whoever read the page before, and a backup under way, still finds its bytes for as long as those that nothing
 * names are kept.
 */
export async function renewBlobs(
  { store, blobs, clock }: Pick<ApiContext, 'store' | 'blobs' | 'clock'>,
  filename: string,
): Promise<void> {
  const file = await store.file(filename);
  const now = new Date(clock());
  for (const sha256 of [file?.sha256, file?.metadataSha256, file?.provenanceSha256]) {
    if (sha256 !== undefined && (await blobs.has(sha256))) await utimes(blobs.path(sha256), now, now);
  }
}
