import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type IndexSite, openIndexSite } from '../support/index-site.js';
import { pathOf } from '../support/index-with-upstream.js';
import { startLyingUpstream } from '../support/lying-upstream.js';
import { makeWheel } from '../support/wheel.js';

let site: IndexSite;
beforeEach(() => {
  site = openIndexSite();
});
afterEach(() => site.close());

test('requests are counted by kind, status, and whether they were answered from memory', async () => {
  await site.publish(makeWheel('spam-1.0-py3-none-any.whl'));
  const { url } = await site.start();
  const get = async (path: string) => (await fetch(`${url}${path}`)).text();
  for (let time = 0; time < 3; time++) await get('/simple/spam/');
  await get('/nothing');
  const metrics = async () => get('/metrics');
  await expect.poll(metrics).toContain('wheelwright_index_requests_total{kind="other",status="404",from="memory"} 1');
  const text = await metrics();
  expect(text).toContain('wheelwright_index_requests_total{kind="simple",status="200",from="memory"} 2');
  expect(text).toContain('wheelwright_index_requests_total{kind="simple",status="200",from="made"} 1');
  expect(text).toContain('wheelwright_index_serial 1');
  expect(text).toContain('process_cpu_seconds_total');
});

test('readyz names the part that is down', async () => {
  await site.publish(makeWheel('spam-1.0-py3-none-any.whl'));
  const { url } = await site.start();
  const up = await fetch(`${url}/readyz`);
  expect(up.status).toBe(200);
  expect(await up.json()).toEqual({
    ready: true,
    parts: { database: { ok: true }, blobs: { ok: true }, cache: { ok: true } },
  });
  rmSync(join(site.folder, 'blobs'), { recursive: true });
  const down = await fetch(`${url}/readyz`);
  expect(down.status).toBe(503);
  expect(await down.json()).toMatchObject({
    ready: false,
    parts: { database: { ok: true }, blobs: { ok: false, reason: expect.stringContaining('ENOENT') } },
  });
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

test('what came from the cache of upstream pages and files is counted, and what did not', async () => {
  const upstream = await startLyingUpstream();
  const wheel = makeWheel('demo-1.0-py3-none-any.whl');
  upstream.offer('demo', wheel);
  let now = Date.now();
  const { url } = await site.start({ upstreamUrl: upstream.url, clock: () => now });
  const get = async (path: string) => (await fetch(`${url}${path}`)).text();
  const count = async (what: string, result: string) => {
    const line = new RegExp(
      `^wheelwright_index_upstream_cache_total\\{what="${what}",result="${result}"\\} (\\d+)$`,
      'm',
    );
    return Number(line.exec(await get('/metrics'))?.[1] ?? 0);
  };
  await get('/simple/demo/');
  expect(await count('pages', 'miss')).toBe(1);
  await get(pathOf(wheel));
  await expect.poll(async () => (await get(pathOf(wheel))) && (await count('files', 'hit'))).toBeGreaterThan(0);
  expect(await count('files', 'miss')).toBe(1);
  upstream.down = true;
  now += 3_600_000;
  await get('/simple/demo/');
  await get('/simple/other/');
  expect([await count('pages', 'stale'), await count('pages', 'failed')]).toEqual([1, 1]);
  await upstream.close();
});
