import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ask } from '../support/http-ask.js';
import { type IndexSite, openIndexSite } from '../support/index-site.js';
import { type LyingUpstream, startLyingUpstream } from '../support/lying-upstream.js';

let site: IndexSite;
let upstream: LyingUpstream;
let cache: string;
beforeEach(async () => {
  site = openIndexSite();
  upstream = await startLyingUpstream();
  cache = join(site.folder, 'index-cache');
  mkdirSync(cache);
});
afterEach(async () => {
  await site.close();
  await upstream.close();
});

/** Only root may mount, and not everywhere. */
function mounted(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', cache], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test('a disk that is full before the cache has its size makes room for what is wanted now', async (context) => {
  if (!mounted()) return context.skip();
  try {
    const files = ['1', '2', '3', '4', '5'].map((version) => {
      const bytes = randomBytes(1_000_000);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      return { filename: `demo-${version}-py3-none-any.whl`, bytes, sha256 };
    });
    for (const file of files) upstream.offer('demo', file);
    const server = await site.start({ upstreamUrl: upstream.url });
    for (const { filename, bytes, sha256 } of files) {
      const wanted = async () =>
        (await ask(server.url, `/files/demo/${sha256}/${filename}`, { range: 'bytes=0-9' })).body;
      await expect.poll(wanted, { timeout: 20_000 }).toEqual(bytes.subarray(0, 10));
    }
    await server.close();
  } finally {
    execFileSync('umount', ['-l', cache]);
  }
});
