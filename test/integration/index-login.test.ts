import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask } from '../support/http-ask.js';
import { type IndexSite, openIndexSite } from '../support/index-site.js';
import { pythonClient, runClient } from '../support/python-client.js';
import { makeWheel } from '../support/wheel.js';

const MINUTES = 60_000;
const wheel = makeWheel('house_lib-1.0-py3-none-any.whl');
const file = `/files/house-lib/${wheel.sha256}/${wheel.filename}`;
let site: IndexSite;
let url: string;
let secret: string;
let folder: string;
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

beforeAll(async () => {
  site = openIndexSite();
  await site.publish(wheel, { provenance: '{"version":1}' });
  ({ secret } = await site.tokens().create('ci', ['build'], 0));
  ({ url } = await site.start({ tokenRequired: true }));
  folder = mkdtempSync(join(tmpdir(), 'wheelwright-login-'));
});
afterAll(async () => {
  await site.close();
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  '/simple/',
  '/simple/house-lib/',
  '/trial/simple/house-lib/',
  '/nothing-here',
  file,
  `${file}.metadata`,
  `/integrity/house-lib/1.0/${wheel.filename}/provenance`,
  '/explain/house-lib',
])('%s is for those with a token only', async (path) => {
  for (const headers of [
    {},
    basic('__token__', 'wheelwright-wrong'),
    basic(secret, ''),
    { authorization: 'Basic %' },
  ]) {
    const { status, headers: answered, text } = await ask(url, path, headers);
    expect([status, answered['www-authenticate']]).toEqual([401, 'Basic realm="wheelwright"']);
    expect(text).not.toContain('house');
  }
  const expected = path.includes('nothing') ? 404 : 200;
  expect((await ask(url, path, basic('__token__', secret))).status).toBe(expected);
  expect((await ask(url, path, { authorization: `Bearer ${secret}` })).status).toBe(expected);
  // What was answered from memory to one who may read it is not answered to the next who may not.
  expect((await ask(url, path)).status).toBe(401);
});

test('no shared cache keeps a file, and probes need no token', async () => {
  expect((await ask(url, file, basic('x', secret))).headers['cache-control']).toBe(
    'private, max-age=31536000, immutable',
  );
  for (const path of ['/healthz', '/readyz', '/metrics']) expect((await ask(url, path)).status).toBe(200);
});

test('a revoked token is refused within seconds', async () => {
  const { id, secret: other } = await site.tokens().create('gone', ['build'], 0);
  expect((await ask(url, '/simple/', basic('__token__', other))).status).toBe(200);
  await site.tokens().revoke(id, 1);
  await expect.poll(async () => (await ask(url, '/simple/', basic('__token__', other))).status).toBe(401);
});

test(
  'pip takes the token from the URL and from netrc, and says what is wrong without it',
  async () => {
    const bin = await pythonClient('pip-newest', '-U', 'pip');
    const pip = (index: string, cwd: string, environment: Record<string, string> = {}) => {
      const args = ['-m', 'pip', 'install', '-q', '--no-input', '--disable-pip-version-check', '--target', 'out'];
      return runClient(join(bin, 'python'), [...args, '--index-url', index, 'house-lib'], cwd, environment);
    };
    const inUrl = mkdtempSync(join(folder, 'url-'));
    expect(await pip(`${url.replace('://', `://__token__:${secret}@`)}/simple/`, inUrl)).toMatchObject({ code: 0 });
    expect(existsSync(join(inUrl, 'out/house_lib.py'))).toBe(true);

    const inNetrc = mkdtempSync(join(folder, 'netrc-'));
    const netrc = join(inNetrc, 'netrc');
    writeFileSync(netrc, `machine 127.0.0.1 login __token__ password ${secret}\n`, { mode: 0o600 });
    expect(await pip(`${url}/simple/`, inNetrc, { NETRC: netrc })).toMatchObject({ code: 0 });

    const without = await pip(`${url}/simple/`, mkdtempSync(join(folder, 'none-')));
    expect(without.code).not.toBe(0);
    expect(without.stdout + without.stderr).toMatch(/401|credentials|No matching distribution/);
  },
  5 * MINUTES,
);

test(
  'uv takes the token from the URL and from netrc',
  async () => {
    const bin = await pythonClient('uv', 'uv');
    const uv = (index: string, cwd: string, environment: Record<string, string> = {}) =>
      runClient(
        join(bin, 'uv'),
        ['pip', 'install', '-q', '--target', 'out', '--index-url', index, 'house-lib'],
        cwd,
        environment,
      );
    const inUrl = mkdtempSync(join(folder, 'uv-url-'));
    expect(await uv(`${url.replace('://', `://__token__:${secret}@`)}/simple/`, inUrl)).toMatchObject({ code: 0 });
    expect(existsSync(join(inUrl, 'out/house_lib.py'))).toBe(true);
    const inNetrc = mkdtempSync(join(folder, 'uv-netrc-'));
    const netrc = join(inNetrc, 'netrc');
    writeFileSync(netrc, `machine 127.0.0.1 login __token__ password ${secret}\n`, { mode: 0o600 });
    expect(await uv(`${url}/simple/`, inNetrc, { NETRC: netrc })).toMatchObject({ code: 0 });
  },
  5 * MINUTES,
);
