import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { blobPath } from '../../index-server/blob-path.js';
import { ask } from '../support/http-ask.js';
import { json, namesOf, noise, pageOf, pathOf, pause, useIndexWithUpstream } from '../support/index-with-upstream.js';
import { makeWheel, type TestWheel } from '../support/wheel.js';

const on = useIndexWithUpstream();

describe('a page that is no longer fresh', () => {
  test.each([
    ['an ETag', { etag: '"v1"' }, { etag: '"v2"' }, 'if-none-match'],
    [
      'a date',
      { 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' },
      { 'last-modified': 'Fri, 02 Jan 2026 00:00:00 GMT' },
      'if-modified-since',
    ],
  ])(
    'is asked for by %s, also by the next process, and sent again only when it has changed',
    async (_what, before, after, condition) => {
      const files = [makeWheel('demo-1.0-py3-none-any.whl'), makeWheel('demo-2.0-py3-none-any.whl')].map((wheel) => ({
        filename: wheel.filename,
        url: `/files/${wheel.filename}`,
        hashes: { sha256: wheel.sha256 },
      }));
      let offered = { validator: before as Record<string, string>, files: files.slice(0, 1) };
      const seen: (string | undefined)[] = [];
      const sent: number[] = [];
      on.upstream.answers.set('/simple/demo/', (request, response) => {
        const asked = request.headers[condition] as string | undefined;
        const [validator] = Object.values(offered.validator);
        seen.push(asked);
        sent.push(asked === validator ? 304 : 200);
        response.writeHead(sent.at(-1) as number, { 'content-type': json.accept, ...offered.validator });
        response.end(
          asked === validator
            ? undefined
            : JSON.stringify({ meta: { 'api-version': '1.1' }, name: 'demo', files: offered.files }),
        );
      });
      let now = Date.now();
      const first = await on.start({ clock: () => now });
      expect(await namesOf(first.url, 'demo')).toEqual(['demo-1.0-py3-none-any.whl']);
      now += 3_600_000;
      expect(await namesOf(first.url, 'demo')).toEqual(['demo-1.0-py3-none-any.whl']);
      // Fresh again, so nobody is asked.
      now += 200_000;
      expect(await namesOf(first.url, 'demo')).toEqual(['demo-1.0-py3-none-any.whl']);
      now += 3_600_000;
      const second = await on.start({ clock: () => now });
      expect(await namesOf(second.url, 'demo')).toEqual(['demo-1.0-py3-none-any.whl']);
      offered = { validator: after, files };
      now += 3_600_000;
      expect(await namesOf(second.url, 'demo')).toEqual(['demo-1.0-py3-none-any.whl', 'demo-2.0-py3-none-any.whl']);
      const [old] = Object.values(before);
      expect(seen).toEqual([undefined, old, old, old]);
      expect(sent).toEqual([200, 304, 304, 200]);
    },
  );

  test('is not taken for fresh when the clock was set back, neither by a process that runs nor by the next', async () => {
    const wheels = [1, 2, 3].map((major) => makeWheel(`demo-${major}.0-py3-none-any.whl`));
    const offer = (at: number) => on.upstream.offer('demo', wheels[at] as TestWheel);
    let now = Date.now();
    offer(0);
    const first = await on.start({ clock: () => now });
    expect(await namesOf(first.url, 'demo')).toHaveLength(1);
    offer(1);
    now -= 86_400_000;
    // The running one looks at its clock every five seconds.
    await expect.poll(() => namesOf(first.url, 'demo'), { timeout: 20_000 }).toHaveLength(2);
    offer(2);
    now -= 86_400_000;
    expect(await namesOf((await on.start({ clock: () => now })).url, 'demo')).toHaveLength(3);
  }, 30_000);

  test('a 304 that nobody asked for is a fault of the upstream', async () => {
    on.upstream.answers.set('/simple/demo/', (_, response) => response.writeHead(304).end());
    const { url } = await on.start();
    expect((await ask(url, '/simple/demo/')).status).toBe(503);
  });
});

describe('pull-through', () => {
  const wheel = makeWheel('demo-1.0-py3-none-any.whl', noise('a', 300_000));

  test('many clients at once cost one download, and each gets every byte', async () => {
    on.upstream.offer('demo', wheel);
    let asked = 0;
    on.upstream.answers.set(`/files/${wheel.filename}`, (_, response) => {
      asked++;
      response.writeHead(200, { 'content-length': wheel.bytes.length });
      // In pieces, so that the others arrive while it is on its way.
      const half = Math.floor(wheel.bytes.length / 2);
      response.write(wheel.bytes.subarray(0, half));
      setTimeout(() => response.end(wheel.bytes.subarray(half)), 100);
    });
    const { url } = await on.start();
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(url, pathOf(wheel))));
    for (const { status, body, headers } of answers) {
      expect([status, body.equals(wheel.bytes)]).toEqual([200, true]);
      expect(headers).toMatchObject({
        etag: `"${wheel.sha256}"`,
        'cache-control': 'public, max-age=31536000, immutable',
      });
    }
    expect(asked).toBe(1);
    on.upstream.down = true;
    expect((await ask(url, pathOf(wheel))).body.equals(wheel.bytes)).toBe(true);
  });

  test('HEAD before the first download answers from the page; a range waits for the verified whole', async () => {
    on.upstream.offer('demo', wheel);
    const { url } = await on.start();
    const head = await ask(url, pathOf(wheel), {}, 'HEAD');
    expect([head.status, head.headers['content-length'], head.headers['accept-ranges']]).toEqual([
      200,
      String(wheel.bytes.length),
      'bytes',
    ]);
    const known = await ask(url, pathOf(wheel), { 'if-none-match': `W/"${wheel.sha256}"` });
    expect([known.status, known.headers.etag, known.body.length]).toEqual([304, `"${wheel.sha256}"`, 0]);
    expect(on.upstream.requests).not.toContain(`GET /files/${wheel.filename}`);
    const tail = await ask(url, pathOf(wheel), { range: 'bytes=-100' });
    expect([tail.status, tail.body]).toEqual([206, wheel.bytes.subarray(-100)]);
    const part = await ask(url, pathOf(wheel), { range: 'bytes=10-19', 'if-range': `"${wheel.sha256}"` });
    expect([part.status, part.headers['content-range']]).toEqual([206, `bytes 10-19/${wheel.bytes.length}`]);
    expect((await ask(url, pathOf(wheel), { range: 'bytes=10-19', 'if-range': '"other"' })).status).toBe(200);
    expect((await ask(url, pathOf(wheel), { range: `bytes=${wheel.bytes.length}-` })).status).toBe(416);
  });

  test('a part of a file too large to wait for comes from the upstream as it is, and nobody may keep it', async () => {
    const size = 40 * 2 ** 20;
    const large = makeWheel('demo-7.0-py3-none-any.whl');
    on.upstream.offer('demo', large, { size });
    const path = `/files/${large.filename}`;
    const part = (given: (start: number, end: number) => Buffer) =>
      on.upstream.answers.set(path, (request, response) => {
        const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
        response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${size}` });
        response.end(given(Number(start), Number(end)));
      });
    const { url } = await on.start();
    part((first, last) => Buffer.alloc(last - first + 1, 'x'));
    const tail = await ask(url, pathOf(large), { range: 'bytes=-1000' });
    expect([tail.status, tail.text, tail.headers['content-range']]).toEqual([
      206,
      'x'.repeat(1000),
      `bytes ${size - 1000}-${size - 1}/${size}`,
    ]);
    expect([tail.headers['cache-control'], tail.headers.etag]).toEqual(['no-store', undefined]);
    for (const length of [999, 1001, 100_000]) {
      part(() => Buffer.alloc(length, 'x'));
      await expect(ask(url, pathOf(large), { range: 'bytes=0-999' })).rejects.toThrow();
    }
  });

  test('a part of a file that comes slowly is there before the whole, which is kept all the same', async () => {
    on.upstream.offer('demo', wheel);
    let finish = () => {};
    on.upstream.answers.set(`/files/${wheel.filename}`, (request, response) => {
      const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
      if (start === undefined || end === undefined) {
        response.writeHead(200, { 'content-length': wheel.bytes.length });
        response.write(wheel.bytes.subarray(0, 1000));
        finish = () => response.end(wheel.bytes.subarray(1000));
        return;
      }
      response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${wheel.bytes.length}` });
      response.end(wheel.bytes.subarray(Number(start), Number(end) + 1));
    });
    const { url } = await on.start();
    const tail = await ask(url, pathOf(wheel), { range: 'bytes=-500' });
    expect([tail.status, tail.body.equals(wheel.bytes.subarray(-500))]).toEqual([206, true]);
    expect([tail.headers['cache-control'], tail.headers.etag]).toEqual(['no-store', undefined]);
    finish();
    // Vouched for from now on.
    await expect
      .poll(async () => (await ask(url, pathOf(wheel), { range: 'bytes=-500' })).headers.etag)
      .toBe(`"${wheel.sha256}"`);
  });

  test('metadata is offered only once it is held, even where the upstream promises it', async () => {
    on.upstream.offer('demo', wheel, { 'core-metadata': { sha256: 'f'.repeat(64) } });
    const { url } = await on.start();
    expect((await pageOf(url, 'demo')).files[0]['core-metadata']).toBeUndefined();
    expect((await ask(url, `${pathOf(wheel)}.metadata`)).status).toBe(404);
    await ask(url, pathOf(wheel), { range: 'bytes=0-0' });
    const promised = (await pageOf(url, 'demo')).files[0]['core-metadata'];
    const metadata = await ask(url, `${pathOf(wheel)}.metadata`);
    expect(metadata.text).toMatch(/^Metadata-Version: /);
    expect(createHash('sha256').update(metadata.body).digest('hex')).toBe(promised.sha256);
  });

  test('the size of a file is told once it is held, where the upstream does not tell it', async () => {
    on.upstream.offer('demo', wheel, { size: undefined });
    const { url } = await on.start();
    expect((await pageOf(url, 'demo')).files[0].size).toBeUndefined();
    await ask(url, pathOf(wheel), { range: 'bytes=0-0' });
    expect((await pageOf(url, 'demo')).files[0].size).toBe(wheel.bytes.length);
  });

  test('a file that rotted in the cache is found out and fetched again', async () => {
    on.upstream.offer('demo', wheel);
    const first = await on.start();
    await ask(first.url, pathOf(wheel), { range: 'bytes=0-0' });
    await first.close();
    const path = blobPath(join(on.site.folder, 'index-cache'), wheel.sha256);
    const rotten = readFileSync(path);
    rotten[1000] = (rotten[1000] as number) ^ 1;
    writeFileSync(path, rotten);
    const { url } = await on.start();
    expect((await ask(url, pathOf(wheel))).body.equals(wheel.bytes)).toBe(true);
    expect(on.upstream.requests.filter((request) => request === `GET /files/${wheel.filename}`)).toHaveLength(2);
  });

  test('the cache stays under its size: what was used longest ago goes first', async () => {
    const wheels = [1, 2, 3].map((n) => makeWheel(`demo-${n}.0-py3-none-any.whl`, noise(`${n}`, 100_000)));
    for (const each of wheels) on.upstream.offer('demo', each);
    const { url } = await on.start({ cacheBytes: 2.5 * (wheels[0] as TestWheel).bytes.length });
    for (const each of wheels) {
      await ask(url, pathOf(each), { range: 'bytes=0-0' });
      await pause(5);
    }
    const held = () => wheels.map(({ sha256 }) => existsSync(blobPath(join(on.site.folder, 'index-cache'), sha256)));
    await expect.poll(held).toEqual([false, true, true]);
    expect((await ask(url, pathOf(wheels[0] as TestWheel))).body.equals((wheels[0] as TestWheel).bytes)).toBe(true);
  });
});

describe('the cache folder', () => {
  const wheel = makeWheel('demo-1.0-py3-none-any.whl');

  test('may be deleted while the index runs', async () => {
    on.upstream.offer('demo', wheel);
    const { url } = await on.start();
    expect((await ask(url, pathOf(wheel))).body).toEqual(wheel.bytes);
    rmSync(join(on.site.folder, 'index-cache'), { recursive: true });
    await pause(1100);
    expect((await ask(url, pathOf(wheel))).body).toEqual(wheel.bytes);
    expect((await ask(url, pathOf(wheel), { range: 'bytes=0-0' })).status).toBe(206);
    expect(await namesOf(url, 'demo')).toEqual([wheel.filename]);
  });

  test('may hold a damaged database, and what a killed process left', async () => {
    on.upstream.offer('demo', wheel);
    const incoming = join(on.site.folder, 'index-cache/incoming');
    mkdirSync(incoming, { recursive: true });
    writeFileSync(join(incoming, 'half'), 'half a wheel');
    writeFileSync(join(on.site.folder, 'index-cache/index-cache.db'), 'no database'.repeat(1000));
    const { url } = await on.start();
    expect(await namesOf(url, 'demo')).toEqual([wheel.filename]);
    expect((await ask(url, pathOf(wheel))).body).toEqual(wheel.bytes);
    expect(readdirSync(incoming)).not.toContain('half');
  });
});
