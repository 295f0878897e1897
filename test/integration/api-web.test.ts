import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemHandler, unknownRoute } from '../../api/problem.js';
import { webRoutes } from '../../api/web.js';

let folder: string;
let server: Server;
let url: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wheelwright-web-'));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'assets', 'index-abc123.js'), 'export const x = 1;\n'.repeat(100));
  await writeFile(join(folder, 'index.html'), '<!doctype html><base href="./" /><title>W</title>');
  const app = express();
  app.use(await webRoutes(folder));
  app.use(unknownRoute);
  app.use(problemHandler(pino({ level: 'silent' })));
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${url}${path}`, { headers: { accept: 'text/html', ...headers } });

test.each([
  ['/', './'],
  ['/builds', './'],
  ['/builds/', '../'],
  ['/builds/abc', '../'],
  ['/a/b/c', '../../'],
])('the page at %s leads to the root by %s', async (path, base) => {
  const response = await get(path);
  expect(await response.text()).toContain(`<base href="${base}" />`);
  expect(response.headers.get('cache-control')).toBe('no-cache');
});

test('pages may load nothing from elsewhere and run nothing inline', async () => {
  const policy = (await get('/')).headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self';");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
});

test('a page that has not changed is not sent again', async () => {
  const etag = (await get('/')).headers.get('etag') ?? '';
  expect((await get('/', { 'if-none-match': etag, 'cache-control': 'max-age=0' })).status).toBe(304);
});

test('assets are compressed as the browser takes it, and kept for ever', async () => {
  for (const encoding of ['br', 'gzip']) {
    const response = await get('/assets/index-abc123.js', { 'accept-encoding': encoding });
    expect(response.headers.get('content-encoding')).toBe(encoding);
    expect(response.headers.get('vary')).toBe('Accept-Encoding');
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(await response.text()).toContain('export const x');
  }
});

test('an asset of another version is missing, not a page', async () => {
  expect((await get('/assets/index-old.js')).status).toBe(404);
  expect((await get('/assets/..%2Findex.html')).status).toBe(404);
});

test('calls of the API and clients that want no page get none', async () => {
  expect((await get('/api/v1/nothing')).headers.get('content-type')).toContain('problem+json');
  expect((await get('/builds', { accept: 'application/json' })).status).toBe(404);
});

test('where the UI has not been built, its page says how', async () => {
  const app = express();
  app.use(await webRoutes(join(folder, 'not-there')));
  const bare = createServer(app);
  await new Promise<void>((resolve) => bare.listen(0, '127.0.0.1', resolve));
  const response = await fetch(`http://127.0.0.1:${(bare.address() as AddressInfo).port}/`, {
    headers: { accept: 'text/html' },
  });
  expect(response.status).toBe(503);
  expect(await response.text()).toContain('npm run build');
  bare.closeAllConnections();
  bare.close();
});
