import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type IndexSite, openIndexSite } from '../support/index-site.js';
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
