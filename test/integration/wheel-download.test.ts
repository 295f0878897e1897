// How a build requirement is fetched from an index that has a bad moment.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, expect, test } from 'vitest';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const DOWNLOAD = `
import pathlib, sys, urllib.request
sys.path.insert(0, sys.argv[1])
import download
download.PAUSES = (0, 0)
download.download(urllib.request.Request(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4])
`;
const BYTES = 'the bytes of a wheel';
const SHA256 = createHash('sha256').update(BYTES).digest('hex');

type Answer = (response: ServerResponse) => unknown;
const good: Answer = (response) => response.end(BYTES);
const busy: Answer = (response) => response.writeHead(503).end();
const reset: Answer = (response) => response.destroy();
const changed: Answer = (response) => response.end('other bytes of a wheel');
const gone: Answer = (response) => response.writeHead(404).end();
const cut: Answer = (response) => {
  response.writeHead(200, { 'content-length': BYTES.length }).write(BYTES.slice(0, 5));
  setImmediate(() => response.destroy());
};

/** Fetches from an index that gives these answers, one after the other. */
async function fetchFrom(...answers: Answer[]) {
  let asked = 0;
  const server = createServer((_request, response) => {
    (answers[asked] ?? good)(response);
    asked += 1;
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const folder = await mkdtemp(join(tmpdir(), 'wheel-download-'));
  closing.push(
    () => new Promise((done) => server.close(done)),
    () => rm(folder, { recursive: true }),
  );
  const target = join(folder, 'spam-1.0-py3-none-any.whl');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const environment = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', no_proxy: '127.0.0.1' };
  const words = ['-c', DOWNLOAD, resolve('worker/scripts'), url, target, SHA256];
  const said = await new Promise<string>((done) => {
    execFile('python3', words, { env: environment }, (_error, out, err) => done(out + err));
  });
  const made = (await readdir(folder)).filter((name) => !name.endsWith('.part'));
  return { asked, said, wheel: made.length === 0 ? undefined : await readFile(target, 'utf8') };
}

test.each([
  ['is busy', busy],
  ['drops the connection', reset],
  ['breaks off', cut],
  ['gives other bytes', changed],
])('an index that %s is asked again', async (_, answer) => {
  const { asked, said, wheel } = await fetchFrom(answer, answer);
  expect(wheel, said).toBe(BYTES);
  expect(asked).toBe(3);
  expect(said).toContain('spam-1.0-py3-none-any.whl: ');
});

test.each([
  ['breaks off', cut, 'it broke off after 5 of 20 bytes'],
  ['gives other bytes', changed, `where the index gives ${SHA256}`],
])('one that %s each time gives nothing, and the last line says why', async (_, answer, reason) => {
  const { asked, said, wheel } = await fetchFrom(answer, answer, answer);
  expect(wheel).toBeUndefined();
  expect(asked).toBe(3);
  expect(said.trim().split('\n').at(-1)).toContain(reason);
});

test('what the index does not have is not asked for again', async () => {
  const { asked, said } = await fetchFrom(gone);
  expect(asked).toBe(1);
  expect(said).toContain('spam-1.0-py3-none-any.whl cannot be fetched: HTTP Error 404: Not Found');
});
