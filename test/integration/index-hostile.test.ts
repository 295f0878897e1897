import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { blobPath } from '../../index-server/blob-path.js';
import { ask } from '../support/http-ask.js';
import { type IndexSite, openIndexSite } from '../support/index-site.js';
import { makeWheel } from '../support/wheel.js';

const wheel = makeWheel('demo-1.0-py3-none-any.whl');
let site: IndexSite;
let url: string;
beforeEach(async () => {
  site = openIndexSite();
  await site.publish(wheel, { provenance: '{}' });
  writeFileSync(join(site.folder, 'secret'), 'secret');
  ({ url } = await site.start());
});
afterEach(() => site.close());

describe('paths', () => {
  const dots = [
    '..',
    '.',
    '%2e%2e',
    '%2E%2E',
    '..%2f',
    '..%5c',
    '..\\',
    '%252e%252e',
    '%c0%ae%c0%ae',
    '%00',
    '..;',
    '....//',
    '%u002e',
    '%ff',
  ];
  const parts: ((evil: string) => string)[] = [
    (evil) => `/${evil}/secret`,
    (evil) => `/${evil}/${evil}/secret`,
    (evil) => `/simple/${evil}/`,
    (evil) => `/simple/${evil}/${evil}/secret`,
    (evil) => `/simple/demo${evil}/`,
    (evil) => `/trial/simple/${evil}/`,
    (evil) => `/files/${evil}/${wheel.sha256}/${wheel.filename}`,
    (evil) => `/files/demo/${evil}/${wheel.filename}`,
    (evil) => `/files/demo/${wheel.sha256}/${evil}`,
    (evil) => `/files/demo/${wheel.sha256}/${evil}secret`,
    (evil) => `/files/demo/${wheel.sha256}/${evil}.metadata`,
    (evil) => `/files/demo/${wheel.sha256}/${wheel.filename}/${evil}`,
    (evil) => `/integrity/${evil}/1.0/${wheel.filename}/provenance`,
    (evil) => `/integrity/demo/${evil}/${wheel.filename}/provenance`,
    (evil) => `/integrity/demo/1.0/${evil}/provenance`,
    (evil) => `/integrity/demo/1.0/${wheel.filename}/${evil}`,
    (evil) => `/explain/${evil}`,
    (evil) => `/explain/demo/${evil}`,
  ];

  test.each(dots)('nothing is behind %s in any part of any URL', async (evil) => {
    for (const part of parts) {
      const path = part(evil);
      const { status, text } = await ask(url, path);
      expect([path, status >= 400 && status < 500, text.includes('secret') && !path.includes('secret')]).toEqual([
        path,
        true,
        false,
      ]);
    }
  });

  test.each([
    '/simple/dem%C3%B6/',
    '/simple/d%D0%B5mo/',
    '/simple/demo%20/',
    '/simple/demo%0a/',
    '/simple/-demo/',
    '/simple/demo-/',
    '/simple//demo/',
    '//simple/demo/',
    '/simple/demo//',
    '/SIMPLE/demo/',
    `/simple/${'a'.repeat(256)}/`,
    `/simple/${'a'.repeat(256)}`,
    `/explain/${'a'.repeat(256)}`,
  ])('%s is 404: it is no name on an index, whatever it looks like', async (path) => {
    expect((await ask(url, path)).status).toBe(404);
  });

  test("a hash or a project that is not the file's own is 404", async () => {
    expect((await ask(url, `/files/demo/${'0'.repeat(64)}/${wheel.filename}`)).status).toBe(404);
    expect((await ask(url, `/files/other/${wheel.sha256}/${wheel.filename}`)).status).toBeGreaterThanOrEqual(404);
    expect((await ask(url, `/files/demo/${wheel.sha256.toUpperCase()}/${wheel.filename}`)).status).toBe(404);
  });
});

describe('methods and headers', () => {
  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('%s is 405', async (method) => {
    const { status, headers } = await ask(url, '/simple/demo/', {}, method);
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
  });

  test('headers without end are 431', async () => {
    const long = await ask(url, '/simple/demo/', { 'x-long': 'a'.repeat(20_000) });
    expect([long.status, long.text]).toEqual([431, expect.stringContaining('16 KiB')]);
    expect((await ask(url, `/simple/${'a'.repeat(20_000)}/`)).status).toBe(431);
  });

  test('requests that are none are 400, say why and end the connection', async () => {
    for (const text of [
      'GARBAGE\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      'GET /simple/demo/ HTTP/1.1\r\n\r\n',
      'GET /simple/demo/ HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n',
    ]) {
      expect(await talk(text)).toMatch(/^HTTP\/1\.1 400 [\s\S]*Connection: close/i);
    }
    expect(await talk('GARBAGE\r\n\r\n')).toMatch(/\r\n\r\nthis is no HTTP\/1\.1 request.*https.*\n$/);
  });

  test('a body that is none is no second answer, whether the first came from memory or not', async () => {
    for (let time = 0; time < 3; time++) {
      const answer = await talk('GET /simple/demo/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n');
      expect(answer.match(/^HTTP\/1\.1 .*$/gm)?.length).toBe(1);
      const body = await talk('GET /simple/demo/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n');
      expect(body.match(/^HTTP\/1\.1 .*$/gm)?.length).toBe(1);
    }
  });

  test('a GET with a body is answered, and its connection is not used again', async () => {
    for (let time = 0; time < 3; time++) {
      const get = 'GET /simple/demo/ HTTP/1.1\r\nHost: x\r\n';
      const answer = await talk(`${get}Content-Length: 5\r\n\r\nhello${get}\r\n`);
      expect(answer.match(/^HTTP\/1\.1 .*$/gm)).toEqual(['HTTP/1.1 200 OK']);
      const none = await talk(`${get}Content-Length: 0\r\n\r\n${get}Connection: close\r\n\r\n`);
      expect(none.match(/^HTTP\/1\.1 .*$/gm)).toEqual(['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK']);
    }
  });

  test('a request may name the whole URL, as it does to a proxy', async () => {
    for (const [path, status] of [
      ['http://index.example/simple/demo/', 200],
      ['HTTPS://user:password@index.example:99/simple/demo/?format=text/html', 200],
      ['http://index.example/simple/Demo', 301],
      ['http://index.example/', 200],
      ['http://index.example', 200],
      ['ftp://index.example/simple/demo/', 404],
      ['http:///simple/demo/', 404],
    ] as const) {
      const answer = await talk(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect([path, answer.slice(0, 12)]).toEqual([path, `HTTP/1.1 ${status}`]);
    }
  });

  test('the index is no proxy', async () => {
    expect(await talk('CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n')).toMatch(/^HTTP\/1\.1 405 /);
  });

  test('an upload sent here is told where to go, once it was read', async () => {
    const body = 'x'.repeat(2 ** 20);
    const answer = await talk(
      `POST /legacy/ HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 405 [\s\S]*\/legacy\/ of the api[\s\S]*HTTP\/1\.1 200 OK[\s\S]*ok\n$/);
  });

  test('pipelined requests are answered in order', async () => {
    const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
    const answer = await talk(
      `${get('/simple/demo/')}${get('/healthz')}${get('/simple/demo/')}${get('/nothing', 'Connection: close\r\n')}`,
    );
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 404']);
    expect(answer.indexOf('Links for demo')).toBeLessThan(answer.indexOf('\r\n\r\nok'));
  });
});

describe('clients that hold on', () => {
  test('a head that never ends is given up, and others are served meanwhile', async () => {
    const slow = await Promise.all(Array.from({ length: 50 }, open));
    const closed = slow.map((socket) => new Promise<void>((resolve) => socket.resume().on('close', () => resolve())));
    for (const socket of slow) socket.write('GET /simple/demo/ HTTP/1.1\r\nHost: x\r\n');
    const drip = setInterval(() => {
      for (const socket of slow.filter(({ writable }) => writable)) socket.write('X-Drip: 1\r\n');
    }, 500);
    expect((await ask(url, '/simple/demo/')).status).toBe(200);
    await Promise.all(closed);
    clearInterval(drip);
  });

  test('clients that stop reading cost no memory, and others are served meanwhile', async () => {
    // Larger than the sockets' buffers together, so that the server has to wait for its readers.
    const bytes = Buffer.alloc(64 * 2 ** 20, 'x');
    const big = { ...makeWheel('demo-2.0-py3-none-any.whl'), bytes };
    await site.publish(big);
    const { createHash } = await import('node:crypto');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    expect(blobPath(site.folder, sha256)).toContain(sha256);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await ask(url, `/files/demo/${sha256}/${big.filename}`, { range: 'bytes=0-0' });
    const before = process.memoryUsage.rss();
    const stuck = await Promise.all(Array.from({ length: 100 }, open));
    for (const socket of stuck) {
      socket.pause();
      socket.write(`GET /files/demo/${sha256}/${big.filename} HTTP/1.1\r\nHost: x\r\n\r\n`);
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect((process.memoryUsage.rss() - before) / 2 ** 20).toBeLessThan(200);
    expect((await ask(url, '/simple/demo/')).status).toBe(200);
    for (const socket of stuck) socket.destroy();
  });
});

function open(): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => resolve(socket));
    socket.on('error', () => {});
  });
}

async function talk(text: string): Promise<string> {
  const socket = await open();
  const pieces: Buffer[] = [];
  socket.on('data', (piece) => pieces.push(piece));
  socket.write(text);
  await new Promise((resolve) => socket.on('close', resolve));
  return Buffer.concat(pieces).toString();
}
