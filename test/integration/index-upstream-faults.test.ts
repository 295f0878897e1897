import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ask } from '../support/http-ask.js';
import { explained, json, namesOf, noise, pathOf, useIndexWithUpstream } from '../support/index-with-upstream.js';
import type { LyingUpstream } from '../support/lying-upstream.js';
import { makeWheel } from '../support/wheel.js';

const on = useIndexWithUpstream();

describe('an upstream that fails', () => {
  test('what it said before is served, marked as stale; otherwise 503 with whole seconds, and 404 only when it says so', async () => {
    const wheel = makeWheel('demo-1.0-py3-none-any.whl');
    on.upstream.offer('demo', wheel);
    let now = Date.now();
    const { url } = await on.start({ clock: () => now });
    expect((await ask(url, '/simple/demo/')).headers['cache-status']).toBeUndefined();
    expect((await ask(url, '/simple/unknown/')).status).toBe(404);
    on.upstream.down = true;
    now += 3_600_000;
    const stale = await ask(url, '/simple/demo/', json);
    expect([stale.status, stale.headers['cache-status']]).toEqual([
      200,
      'wheelwright; hit; ttl=-3600; detail=upstream-unavailable',
    ]);
    // Nor is a 404 from before repeated: the project may be there by now.
    for (const project of ['never-seen', 'unknown']) {
      const failed = await ask(url, `/simple/${project}/`);
      expect([failed.status, failed.headers['retry-after'], failed.headers['cache-control']]).toEqual([
        503,
        '5',
        'no-store',
      ]);
    }
    expect((await ask(url, pathOf(wheel))).status).toBe(503);
    on.upstream.down = false;
    now += 10_000;
    expect((await ask(url, '/simple/demo/')).headers['cache-status']).toBeUndefined();
    expect((await ask(url, pathOf(wheel))).status).toBe(200);
  });

  test('one that no longer answers costs its clients seconds, not minutes, and a broken page concerns no other project', async () => {
    let now = Date.now();
    on.upstream.offer('demo', makeWheel('demo-1.0-py3-none-any.whl'));
    on.upstream.offer('other', makeWheel('other-1.0-py3-none-any.whl'));
    const { url } = await on.start({ clock: () => now });
    expect(await namesOf(url, 'demo')).toEqual(['demo-1.0-py3-none-any.whl']);
    now += 3_600_000;
    on.upstream.answers.set('/simple/demo/', (_, response) =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end(),
    );
    expect((await ask(url, '/simple/demo/')).headers['cache-status']).toContain('upstream-unavailable');
    expect(await namesOf(url, 'other')).toEqual(['other-1.0-py3-none-any.whl']);
    now += 10_000;
    on.upstream.answers.set('/simple/demo/', () => {});
    expect((await ask(url, '/simple/demo/')).headers['cache-status']).toContain('upstream-unavailable');
  });

  test('wheels of this service are served without it', async () => {
    const ours = makeWheel('demo-1.0-1-py3-none-any.whl');
    await on.site.publish(ours, { owned: false });
    const { url } = await on.site.start();
    const answer = await ask(url, '/simple/demo/', json);
    expect([answer.status, answer.headers['cache-status']]).toEqual([
      200,
      'wheelwright; fwd=miss; detail=upstream-unavailable',
    ]);
    expect((await ask(url, pathOf(ours))).body).toEqual(ours.bytes);
  });
});

describe('an upstream that lies', () => {
  const wheel = makeWheel('demo-1.0-py3-none-any.whl', noise('b', 6000));
  const kept = () =>
    readdirSync(join(on.site.folder, 'index-cache'), { recursive: true }).filter((name) =>
      /[0-9a-f]{64}$/.test(String(name)),
    );
  const answersWith = (answer: Parameters<LyingUpstream['answers']['set']>[1], fields = {}) => {
    on.upstream.offer('demo', wheel, fields);
    on.upstream.answers.set(`/files/${wheel.filename}`, answer);
  };
  /** Neither the whole nor a part of the file reaches anyone as if it were right. */
  const expectRefused = async (url: string) => {
    const whole = await ask(url, pathOf(wheel)).then(
      ({ status }) => status,
      () => 'broken off',
    );
    expect([503, 'broken off']).toContain(whole);
    expect((await ask(url, pathOf(wheel), { range: 'bytes=-10' })).status).toBe(503);
    expect(kept()).toEqual([]);
  };

  test.each<[string, Parameters<LyingUpstream['answers']['set']>[1], object]>([
    ['other bytes of the same size', (_, response) => response.end(Buffer.alloc(wheel.bytes.length)), {}],
    ['other bytes where the page gives no size', (_, response) => response.end('other'), { size: undefined }],
    ['fewer bytes', (_, response) => response.end(wheel.bytes.subarray(0, wheel.bytes.length >> 1)), {}],
    ['more bytes', (_, response) => response.end(Buffer.concat([wheel.bytes, Buffer.from('!')])), {}],
    [
      'a body that breaks off',
      (_, response) => {
        response.writeHead(200, { 'content-length': wheel.bytes.length });
        response.write(wheel.bytes.subarray(0, wheel.bytes.length >> 1), () => response.destroy());
      },
      {},
    ],
    [
      'an encoding that was not asked for',
      (_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' });
        response.end(wheel.bytes);
      },
      {},
    ],
    ['403', (_, response) => response.writeHead(403).end('no'), {}],
    [
      'a redirect to a private address',
      (_, response) => response.writeHead(302, { location: 'https://10.0.0.1/x.whl' }).end(),
      {},
    ],
    [
      'a redirect to another port of this machine',
      (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/x.whl' }).end(),
      {},
    ],
    [
      'a redirect to a name of this machine',
      (_, response) => response.writeHead(302, { location: 'https://localhost/x.whl' }).end(),
      {},
    ],
    ['a redirect to itself', (request, response) => response.writeHead(302, { location: request.url ?? '' }).end(), {}],
  ])('%s', async (_, answer, fields) => {
    answersWith(answer, fields);
    const { url } = await on.start();
    await expectRefused(url);
  });

  test('bytes without end are cut at the size of the page, or at the limit', async () => {
    const endless = (_: unknown, response: import('node:http').ServerResponse) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    };
    answersWith(endless, { size: undefined });
    const { url } = await on.start({ maxFileBytes: 1_000_000 });
    await expectRefused(url);
  });

  test('a stall is given up', async () => {
    answersWith((_, response) => {
      response.writeHead(200, { 'content-length': wheel.bytes.length });
      response.write(wheel.bytes.subarray(0, 2000));
    });
    const { url } = await on.start({ upstreamLimits: { stallTimeoutMs: 1000 } });
    await expectRefused(url);
  });

  test('a file that comes with another hash than before is refused on the page and by its URL', async () => {
    let now = Date.now();
    on.upstream.offer('demo', wheel);
    const { url } = await on.start({ clock: () => now });
    expect(await namesOf(url, 'demo')).toEqual([wheel.filename]);
    const other = makeWheel(wheel.filename, 'other');
    on.upstream.pages.delete('demo');
    on.upstream.offer('demo', other);
    now += 3_600_000;
    expect(await namesOf(url, 'demo')).toEqual([]);
    expect((await ask(url, pathOf(other))).status).toBe(403);
    expect((await explained(url, wheel.filename)).reason).toContain('the upstream changed the file');
  });

  test('of two files of one name the first counts, now and later, and it is said which', async () => {
    let now = Date.now();
    on.upstream.offer('demo', wheel);
    on.upstream.offer('demo', makeWheel(wheel.filename, 'other'));
    on.upstream.offer('demo', wheel);
    const { url } = await on.start({ clock: () => now });
    for (let time = 0; time < 3; time++) {
      expect(await namesOf(url, 'demo')).toEqual([wheel.filename]);
      const { files } = JSON.parse((await ask(url, `/explain/demo/${wheel.filename}`)).text);
      expect(files.map(({ offered }: { offered: boolean }) => offered)).toEqual([true, false, false]);
      expect(files[1].reason).toContain('the upstream lists another file of the same name');
      now += 3_600_000;
    }
  });

  test.each<[string, string, string]>([
    ['a login form', 'text/html', '<html><body><form><a href="/forgot">forgot?</a></form></body></html>'],
    ['another type', 'text/plain', 'hello'],
    ['broken JSON', 'application/vnd.pypi.simple.v1+json', '{"files": ['],
    [
      'a major version that is not known',
      'application/vnd.pypi.simple.v1+json',
      '{"meta": {"api-version": "2.0"}, "files": []}',
    ],
  ])('%s instead of a page is 503, not an empty project', async (_, type, body) => {
    on.upstream.answers.set('/simple/demo/', (__, response) =>
      response.writeHead(200, { 'content-type': type }).end(body),
    );
    const { url } = await on.start();
    expect((await ask(url, '/simple/demo/')).status).toBe(503);
  });

  test.each<[number, Record<string, string>, RegExp]>([
    [401, {}, /Credentials go into the upstream URL/],
    [429, {}, /try again when the upstream has recovered/],
    [418, {}, /no answer of a simple index/],
    [204, {}, /no answer of a simple index/],
    [302, { location: 'https://10.0.0.1/' }, /internal address 10\.0\.0\.1, .*file-hosts/],
    [200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }, /broke off: .*tell whoever runs it/],
    [200, { 'content-type': 'text/html', 'content-encoding': 'br' }, /encoded as br.*tell whoever runs it/],
  ])('an upstream that answers %j is 503, with what to do about it', async (status, headers, text) => {
    on.upstream.answers.set('/simple/demo/', (_, response) =>
      response.writeHead(status, headers).end(status === 204 ? undefined : 'nothing'),
    );
    const { url } = await on.start();
    const answer = await ask(url, '/simple/demo/');
    expect([answer.status, answer.headers['retry-after'], answer.text]).toEqual([
      503,
      '5',
      expect.stringMatching(text),
    ]);
  });

  test('entries that are none, and URLs of other schemes, are left out', async () => {
    on.upstream.offer('demo', wheel);
    const sha256 = 'a'.repeat(64);
    on.upstream.pages
      .get('demo')
      ?.push(
        { filename: 'demo-2.0-py3-none-any.whl' },
        { filename: 'demo-3.0-py3-none-any.whl', url: 'file:///etc/passwd', hashes: { sha256 } },
        { filename: '../../demo-4.0-py3-none-any.whl', url: '/x', hashes: { sha256 } },
        { filename: 'other-5.0-py3-none-any.whl', url: '/x', hashes: { sha256 } },
        { filename: 'demo-6.0-py3-none-any.whl', url: '/x', hashes: { sha256: '../../../../etc/passwd' } },
      );
    const { url } = await on.start();
    expect(await namesOf(url, 'demo')).toEqual([wheel.filename]);
  });
});
