import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { downloadTotals } from '../../adapters/sqlite/downloads.js';
import { ask } from '../support/http-ask.js';
import { type IndexSite, openIndexSite } from '../support/index-site.js';
import { noise, pause } from '../support/index-with-upstream.js';
import { makeWheel } from '../support/wheel.js';

const built = makeWheel('demo-1.0-py3-none-any.whl');
const uploaded = makeWheel('demo-2.0-py3-none-any.whl');
const BUILD_MS = 90_000;

let site: IndexSite;
let totals: string;
beforeEach(async () => {
  site = openIndexSite();
  totals = join(site.folder, 'downloads.db');
  await site.publish(built);
  await site.publish(uploaded);
  const database = new Sqlite(join(site.folder, 'wheelwright.db'));
  database.pragma('foreign_keys = OFF');
  database.exec(
    `INSERT INTO attempts (id, build_id, number, status, worker, lease_token, lease_expires_at, started_at, finished_at)
    VALUES ('a1', 'b1', 1, 'succeeded', 'w', 't', 0, 1000, ${1000 + BUILD_MS});
    UPDATE files SET origin = 'build', attempt_id = 'a1' WHERE version = '1.0';`,
  );
  database.close();
});
afterEach(() => site.close());

const pathOf = ({ sha256, filename }: typeof built) => `/files/demo/${sha256}/${filename}`;

test('each whole download of a wheel that was built here saves its build; the count goes on after a restart', async () => {
  expect(downloadTotals(totals)).toEqual({ downloads: 0, savedMs: 0 });
  const first = await site.start();
  for (let time = 0; time < 3; time++) await ask(first.url, pathOf(built));
  await first.close();
  expect(downloadTotals(totals)).toEqual({ downloads: 3, savedMs: 3 * BUILD_MS });
  const second = await site.start();
  await ask(second.url, pathOf(built));
  await second.close();
  expect(downloadTotals(totals)).toEqual({ downloads: 4, savedMs: 4 * BUILD_MS });
});

test('a part, a file that is held already, a HEAD and an uploaded wheel save nothing', async () => {
  const server = await site.start();
  await ask(server.url, pathOf(built), { range: 'bytes=0-9' });
  await ask(server.url, pathOf(built), { 'if-none-match': `"${built.sha256}"` });
  await ask(server.url, `${pathOf(built)}.metadata`);
  await fetch(`${server.url}${pathOf(built)}`, { method: 'HEAD' });
  await ask(server.url, pathOf(uploaded));
  await server.close();
  expect(downloadTotals(totals)).toEqual({ downloads: 0, savedMs: 0 });
});

test('a download that its client breaks off saves nothing', async () => {
  // More than the buffers between a server and its client hold.
  const large = makeWheel('demo-1.0-1-py3-none-any.whl', noise('demo', 20_000_000));
  await site.publish(large);
  site.change('demo', "UPDATE files SET origin = 'build', attempt_id = 'a1' WHERE version = '1.0'");
  const server = await site.start();
  const breaking = new AbortController();
  const response = await fetch(`${server.url}${pathOf(large)}`, { signal: breaking.signal });
  expect(response.status).toBe(200);
  breaking.abort();
  await pause(500);
  await server.close();
  expect(downloadTotals(totals)).toEqual({ downloads: 0, savedMs: 0 });
});

test('totals that cannot be written hinder no download', async () => {
  writeFileSync(totals, 'no database');
  chmodSync(totals, 0o444);
  const server = await site.start();
  expect((await ask(server.url, pathOf(built))).body).toEqual(built.bytes);
  await server.close();
});
