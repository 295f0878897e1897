import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openIndexCache } from '../../adapters/sqlite/index-cache.js';

test('of a cache from before names that an upstream does not know were left out, everything else is kept', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wheelwright-cache-'));
  try {
    const path = join(folder, 'index-cache.db');
    const cache = openIndexCache(path);
    cache.putPage('up', 'known', { page: { name: 'known', files: [] }, validators: {}, fetchedAt: 1, freshUntil: 2 });
    cache.rememberHashes('up', 'known', new Map([['known-1.tar.gz', 'ab']]));
    cache.close();
    const before = new Sqlite(path);
    before.exec("INSERT INTO pages (upstream, project, fetched_at, fresh_until) VALUES ('up', 'unknown', 1, 2)");
    before.pragma('user_version = 3');
    before.close();
    const now = openIndexCache(path);
    expect(now.page('up', 'unknown')).toBeUndefined();
    expect(now.page('up', 'known')?.page).toEqual({ name: 'known', files: [] });
    expect(now.firstHashes('up', 'known')).toEqual(new Map([['known-1.tar.gz', 'ab']]));
    now.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
