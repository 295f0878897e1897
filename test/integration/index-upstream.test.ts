import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { blobPath } from '../../index-server/blob-path.js';
import { ask } from '../support/http-ask.js';
import { type IndexSite, openIndexSite } from '../support/index-site.js';
import { type LyingUpstream, startLyingUpstream } from '../support/lying-upstream.js';
import { makeWheel, type TestWheel } from '../support/wheel.js';

const json = { accept: 'application/vnd.pypi.simple.v1+json' };

let site: IndexSite;
let upstream: LyingUpstream;
beforeEach(async () => {
  site = openIndexSite();
  upstream = await startLyingUpstream();
});
afterEach(async () => {
  await site.close();
  await upstream.close();
});

const start = (settings: Parameters<IndexSite['start']>[0] = {}) =>
  site.start({ upstreamUrl: upstream.url, ...settings });
const page = async (url: string, project: string) => JSON.parse((await ask(url, `/simple/${project}/`, json)).text);
const names = async (url: string, project: string) =>
  (await page(url, project)).files.map(({ filename }: { filename: string }) => filename);
const pathOf = ({ filename, sha256 }: TestWheel) => `/files/demo/${sha256}/${filename}`;
const explained = async (url: string, file: string) =>
  JSON.parse((await ask(url, `/explain/demo/${file}`)).text).files[0];

describe('merging', () => {
  test("this service's wheels come first and hide the upstream's of the same name; sdists and what has no sha256 stay out", async () => {
    const ours = makeWheel('demo-1.0-1-py3-none-any.whl');
    const same = makeWheel('demo-1.0-py3-none-any.whl', 'ours = 1\n');
    const theirs = makeWheel('demo-1.1-py3-none-any.whl');
    upstream.offer('demo', makeWheel('demo-1.0-py3-none-any.whl', 'theirs = 1\n'));
    upstream.offer('demo', theirs, {
      yanked: 'why',
      'requires-python': '>=3.9',
      'upload-time': '2026-01-02T03:04:05.678Z',
    });
    upstream.offer('demo', { filename: 'demo-1.1.tar.gz', bytes: Buffer.from('x') });
    upstream.offer('demo', makeWheel('demo-1.2-py3-none-any.whl'), { hashes: { md5: 'abc' } });
    upstream.offer('demo', { filename: 'demo-1.1-py3.8.egg', bytes: Buffer.from('x') });
    await site.publish(ours, { owned: false });
    await site.publish(same, { owned: false });
    const { url } = await start();
    const { files, versions } = await page(url, 'demo');
    expect(files.map(({ filename }: { filename: string }) => filename)).toEqual([
      ours.filename,
      same.filename,
      theirs.filename,
    ]);
    expect(versions).toEqual(['1.0', '1.1']);
    expect((await ask(url, pathOf(same))).body).toEqual(same.bytes);
    expect(files[2]).toEqual({
      filename: theirs.filename,
      url: `../..${pathOf(theirs)}`,
      hashes: { sha256: theirs.sha256 },
      size: theirs.bytes.length,
      yanked: 'why',
      'requires-python': '>=3.9',
      'upload-time': '2026-01-02T03:04:05.678Z',
    });
    expect((await explained(url, 'demo-1.1.tar.gz')).reason).toContain('wheels only');
    expect((await explained(url, 'demo-1.2-py3-none-any.whl')).reason).toContain('no sha256');
  });

  test('a project owned or reserved here never reaches the upstream, not even without files', async () => {
    for (const project of ['owned', 'kept', 'acme-tool', 'acme'])
      upstream.offer(project, makeWheel(`${project.replace('-', '_')}-9-py3-none-any.whl`));
    await site.publish(makeWheel('owned-1.0-py3-none-any.whl'));
    site.reserve('kept');
    site.reserve('acme-');
    const { url } = await start();
    expect(await names(url, 'owned')).toEqual(['owned-1.0-py3-none-any.whl']);
    expect((await ask(url, '/simple/kept/')).status).toBe(404);
    expect((await ask(url, '/simple/ACME_tool/')).status).toBe(301);
    expect((await ask(url, '/simple/acme-tool/')).status).toBe(404);
    expect(upstream.requests).toEqual([]);
    expect(await names(url, 'acme')).toEqual(['acme-9-py3-none-any.whl']);
    site.change('owned', 'DELETE FROM files');
    await pause();
    expect(await names(url, 'owned')).toEqual([]);
    expect(upstream.requests).toEqual(['GET /simple/acme/']);
  });

  test('a name that can be taken for one of our own is pointed out', async () => {
    upstream.offer('acme-t00l', makeWheel('acme_t00l-9-py3-none-any.whl'));
    const { url } = await start();
    const looksLike = async (name: string) => JSON.parse((await ask(url, `/explain/${name}`)).text).looksLike;
    expect(await looksLike('acme-t00l')).toBeUndefined();
    await site.publish(makeWheel('acme_tool-1.0-py3-none-any.whl'));
    site.reserve('corn');
    await pause();
    expect(await looksLike('acme-tool')).toBeUndefined();
    expect(await looksLike('acmetool')).toBe('acme-tool');
    expect((await ask(url, '/simple/com/')).text).toContain('corn is a project of this index');
  });

  test('a project becomes owned while its page is in memory', async () => {
    upstream.offer('demo', makeWheel('demo-9-py3-none-any.whl'));
    const { url } = await start();
    expect(await names(url, 'demo')).toEqual(['demo-9-py3-none-any.whl']);
    await site.publish(makeWheel('demo-1.0-py3-none-any.whl'));
    await pause();
    expect(await names(url, 'demo')).toEqual(['demo-1.0-py3-none-any.whl']);
    expect((await ask(url, pathOf(makeWheel('demo-9-py3-none-any.whl')))).status).toBe(404);
  });

  test('a project becomes owned while the upstream is answering', async () => {
    upstream.offer('demo', makeWheel('demo-9-py3-none-any.whl'));
    const page9 = { meta: { 'api-version': '1.0' }, files: upstream.pages.get('demo') };
    upstream.answers.set('/simple/demo/', async (_, response) => {
      await site.publish(makeWheel('demo-1.0-py3-none-any.whl'));
      response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' }).end(JSON.stringify(page9));
    });
    const { url } = await start();
    expect(await names(url, 'demo')).toEqual(['demo-1.0-py3-none-any.whl']);
  });

  test("without the service's database nobody knows what is owned, so the upstream is not asked", async () => {
    upstream.offer('owned', makeWheel('owned-9-py3-none-any.whl'));
    await site.publish(makeWheel('owned-1.0-py3-none-any.whl'));
    const { url } = await start();
    expect((await ask(url, '/simple/')).status).toBe(200);
    for (const suffix of ['', '-wal', '-shm']) {
      const path = join(site.folder, `wheelwright.db${suffix}`);
      if (existsSync(path)) renameSync(path, `${path}.away`);
    }
    await pause(300);
    const { status, headers } = await ask(url, '/simple/owned/');
    expect([status, headers['retry-after']]).toEqual([503, '5']);
    expect(upstream.requests).toEqual([]);
    for (const suffix of ['', '-wal', '-shm']) {
      const path = join(site.folder, `wheelwright.db${suffix}`);
      if (existsSync(`${path}.away`)) renameSync(`${path}.away`, path);
    }
    await pause(300);
    expect(await names(url, 'owned')).toEqual(['owned-1.0-py3-none-any.whl']);
  });

  test('a database that is damaged at the start is no empty one', async () => {
    upstream.offer('owned', makeWheel('owned-9-py3-none-any.whl'));
    const damaged = openIndexSite({ database: false });
    try {
      writeFileSync(join(damaged.folder, 'wheelwright.db'), 'damaged'.repeat(1000));
      const { url } = await damaged.start({ upstreamUrl: upstream.url });
      expect((await ask(url, '/simple/owned/')).status).toBe(503);
      expect(upstream.requests).toEqual([]);
    } finally {
      await damaged.close();
    }
  });

  test('HTML upstreams are read as well: relative URLs, <base>, escapes, yanks', async () => {
    const wheel = makeWheel('demo-1.0+local.1-py3-none-any.whl');
    upstream.offer('demo', wheel);
    upstream.answers.set('/simple/demo/', (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      response.end(`<html><head><base href="/files/deep/"></head><body>
        <a href="../demo-1.0%2Blocal.1-py3-none-any.whl#sha256=${wheel.sha256}" data-requires-python="&gt;=3.8" data-yanked>x</a>
        <a href="demo-0.9-py3-none-any.whl#md5=abc">demo-0.9-py3-none-any.whl</a> <a href="/">home</a></body></html>`);
    });
    const { url } = await start();
    upstream.answers.set('/files/demo-1.0%2Blocal.1-py3-none-any.whl', (_, response) => response.end(wheel.bytes));
    const { files } = await page(url, 'demo');
    expect(files).toHaveLength(1);
    expect(files[0]).toMatchObject({ filename: wheel.filename, yanked: true, 'requires-python': '>=3.8' });
    expect((await ask(url, new URL(files[0].url, `${url}/simple/demo/`).pathname)).body).toEqual(wheel.bytes);
  });
});

describe('policy', () => {
  const old = makeWheel('demo-1.0-py3-none-any.whl');
  const young = makeWheel('demo-2.0-py3-none-any.whl');
  const paths = (wheel: TestWheel) => [
    pathOf(wheel),
    `${pathOf(wheel)}.metadata`,
    `/integrity/demo/2.0/${wheel.filename}/provenance`,
  ];

  test.each([
    ['cooldown', { projects: ['de*'], 'cooldown-days': 7 }, 'cooldown of 7 days'],
    ['pin', { projects: ['demo'], versions: '<2', reason: 'breaks us' }, 'outside the pinned <2 (breaks us)'],
  ])('%s: the page, the file, its metadata and its provenance say the same', async (_, rule, reason) => {
    upstream.offer('demo', old, { 'upload-time': '2020-01-01T00:00:00Z' });
    upstream.offer('demo', young, { 'upload-time': new Date(Date.now() - 3 * 86_400_000).toISOString() });
    const { url } = await start({ rules: [rule] });
    expect(await names(url, 'demo')).toEqual([old.filename]);
    for (const path of paths(young)) expect([path, (await ask(url, path)).status]).toEqual([path, 403]);
    expect((await ask(url, pathOf(old))).status).toBe(200);
    const why = await explained(url, young.filename);
    expect([why.offered, why.reason]).toEqual([false, expect.stringContaining(reason)]);
  });

  test('a denied project is 403 everywhere and never asked for; a later rule can allow one of many', async () => {
    upstream.offer('demo', old);
    upstream.offer('demo-good', makeWheel('demo_good-1-py3-none-any.whl'));
    const rules = [
      { projects: ['demo*'], access: 'deny', reason: 'licence' },
      { projects: ['demo-good'], access: 'allow' },
    ];
    const { url } = await start({ rules });
    const denied = await ask(url, '/simple/demo/');
    expect([denied.status, denied.text]).toEqual([403, expect.stringContaining('licence')]);
    expect((await ask(url, pathOf(old))).status).not.toBe(200);
    expect(await names(url, 'demo-good')).toEqual(['demo_good-1-py3-none-any.whl']);
    expect(upstream.requests).toEqual(['GET /simple/demo-good/']);
  });

  test('sdists where a rule asks for them', async () => {
    upstream.offer('demo', { filename: 'demo-1.0.tar.gz', bytes: Buffer.from('source') });
    const { url } = await start({ rules: [{ projects: ['demo'], 'wheels-only': false }] });
    expect(await names(url, 'demo')).toEqual(['demo-1.0.tar.gz']);
  });

  test('several upstreams by pattern, in order: the first that knows a project is the only one that is heard', async () => {
    const second = await startLyingUpstream();
    try {
      upstream.offer('team-a', makeWheel('team_a-1-py3-none-any.whl'));
      second.offer('team-a', makeWheel('team_a-2-py3-none-any.whl'));
      second.offer('team-b', makeWheel('team_b-2-py3-none-any.whl'));
      second.offer('demo', old);
      const { url } = await start({
        upstreams: [
          { name: 'team', url: upstream.url, projects: ['team-*'] },
          { name: 'all', url: second.url },
        ],
      });
      expect(await names(url, 'team-a')).toEqual(['team_a-1-py3-none-any.whl']);
      expect(await names(url, 'team-b')).toEqual(['team_b-2-py3-none-any.whl']);
      expect(await names(url, 'demo')).toEqual([old.filename]);
      expect(upstream.requests).toEqual(['GET /simple/team-a/', 'GET /simple/team-b/']);
      upstream.down = true;
      expect((await ask(url, '/simple/team-c/')).status).toBe(503);
      expect(second.requests).not.toContain('GET /simple/team-c/');
    } finally {
      await second.close();
    }
  });
});

describe('pull-through', () => {
  const wheel = makeWheel('demo-1.0-py3-none-any.whl', noise('a', 300_000));

  test('many clients at once cost one download, and each gets every byte', async () => {
    upstream.offer('demo', wheel);
    let asked = 0;
    upstream.answers.set(`/files/${wheel.filename}`, (_, response) => {
      asked++;
      response.writeHead(200, { 'content-length': wheel.bytes.length });
      // In pieces, so that the others arrive while it is on its way.
      const half = Math.floor(wheel.bytes.length / 2);
      response.write(wheel.bytes.subarray(0, half));
      setTimeout(() => response.end(wheel.bytes.subarray(half)), 100);
    });
    const { url } = await start();
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(url, pathOf(wheel))));
    for (const { status, body, headers } of answers) {
      expect([status, body.equals(wheel.bytes)]).toEqual([200, true]);
      expect(headers).toMatchObject({
        etag: `"${wheel.sha256}"`,
        'cache-control': 'public, max-age=31536000, immutable',
      });
    }
    expect(asked).toBe(1);
    upstream.down = true;
    expect((await ask(url, pathOf(wheel))).body.equals(wheel.bytes)).toBe(true);
  });

  test('HEAD before the first download answers from the page; a range waits for the verified whole', async () => {
    upstream.offer('demo', wheel);
    const { url } = await start();
    const head = await ask(url, pathOf(wheel), {}, 'HEAD');
    expect([head.status, head.headers['content-length'], head.headers['accept-ranges']]).toEqual([
      200,
      String(wheel.bytes.length),
      'bytes',
    ]);
    expect(upstream.requests).not.toContain(`GET /files/${wheel.filename}`);
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
    upstream.offer('demo', large, { size });
    const path = `/files/${large.filename}`;
    const part = (given: (start: number, end: number) => Buffer) =>
      upstream.answers.set(path, (request, response) => {
        const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
        response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${size}` });
        response.end(given(Number(start), Number(end)));
      });
    const { url } = await start();
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

  test('metadata is offered only once it is held, even where the upstream promises it', async () => {
    upstream.offer('demo', wheel, { 'core-metadata': { sha256: 'f'.repeat(64) } });
    const { url } = await start();
    expect((await page(url, 'demo')).files[0]['core-metadata']).toBeUndefined();
    expect((await ask(url, `${pathOf(wheel)}.metadata`)).status).toBe(404);
    await ask(url, pathOf(wheel), { range: 'bytes=0-0' });
    const promised = (await page(url, 'demo')).files[0]['core-metadata'];
    const metadata = await ask(url, `${pathOf(wheel)}.metadata`);
    expect(metadata.text).toMatch(/^Metadata-Version: /);
    expect(createHash('sha256').update(metadata.body).digest('hex')).toBe(promised.sha256);
  });

  test('a file that rotted in the cache is found out and fetched again', async () => {
    upstream.offer('demo', wheel);
    const first = await start();
    await ask(first.url, pathOf(wheel), { range: 'bytes=0-0' });
    await first.close();
    const path = blobPath(join(site.folder, 'index-cache'), wheel.sha256);
    const rotten = readFileSync(path);
    rotten[1000] = (rotten[1000] as number) ^ 1;
    writeFileSync(path, rotten);
    const { url } = await start();
    expect((await ask(url, pathOf(wheel))).body.equals(wheel.bytes)).toBe(true);
    expect(upstream.requests.filter((request) => request === `GET /files/${wheel.filename}`)).toHaveLength(2);
  });

  test('the cache stays under its size: what was used longest ago goes first', async () => {
    const wheels = [1, 2, 3].map((n) => makeWheel(`demo-${n}.0-py3-none-any.whl`, noise(`${n}`, 100_000)));
    for (const each of wheels) upstream.offer('demo', each);
    const { url } = await start({ cacheBytes: 2.5 * (wheels[0] as TestWheel).bytes.length });
    for (const each of wheels) {
      await ask(url, pathOf(each), { range: 'bytes=0-0' });
      await pause(5);
    }
    const held = () => wheels.map(({ sha256 }) => existsSync(blobPath(join(site.folder, 'index-cache'), sha256)));
    await expect.poll(held).toEqual([false, true, true]);
    expect((await ask(url, pathOf(wheels[0] as TestWheel))).body.equals((wheels[0] as TestWheel).bytes)).toBe(true);
  });
});

describe('the cache folder', () => {
  const wheel = makeWheel('demo-1.0-py3-none-any.whl');

  test('may be deleted while the index runs', async () => {
    upstream.offer('demo', wheel);
    const { url } = await start();
    expect((await ask(url, pathOf(wheel))).body).toEqual(wheel.bytes);
    rmSync(join(site.folder, 'index-cache'), { recursive: true });
    await pause(1100);
    expect((await ask(url, pathOf(wheel))).body).toEqual(wheel.bytes);
    expect((await ask(url, pathOf(wheel), { range: 'bytes=0-0' })).status).toBe(206);
    expect(await names(url, 'demo')).toEqual([wheel.filename]);
  });

  test('may hold a damaged database, and what a killed process left', async () => {
    upstream.offer('demo', wheel);
    const incoming = join(site.folder, 'index-cache/incoming');
    mkdirSync(incoming, { recursive: true });
    writeFileSync(join(incoming, 'half'), 'half a wheel');
    writeFileSync(join(site.folder, 'index-cache/index-cache.db'), 'no database'.repeat(1000));
    const { url } = await start();
    expect(await names(url, 'demo')).toEqual([wheel.filename]);
    expect((await ask(url, pathOf(wheel))).body).toEqual(wheel.bytes);
    expect(readdirSync(incoming)).not.toContain('half');
  });
});

describe('an upstream that fails', () => {
  test('what it said before is served, marked as stale; otherwise 503 with whole seconds, and 404 only when it says so', async () => {
    const wheel = makeWheel('demo-1.0-py3-none-any.whl');
    upstream.offer('demo', wheel);
    let now = Date.now();
    const { url } = await start({ clock: () => now });
    expect((await ask(url, '/simple/demo/')).headers['cache-status']).toBeUndefined();
    expect((await ask(url, '/simple/unknown/')).status).toBe(404);
    upstream.down = true;
    now += 3_600_000;
    const stale = await ask(url, '/simple/demo/', json);
    expect([stale.status, stale.headers['cache-status']]).toEqual([
      200,
      'wheelwright; hit; ttl=-3600; detail=upstream-unavailable',
    ]);
    const failed = await ask(url, '/simple/never-seen/');
    expect([failed.status, failed.headers['retry-after'], failed.headers['cache-control']]).toEqual([
      503,
      '5',
      'no-store',
    ]);
    expect((await ask(url, pathOf(wheel))).status).toBe(503);
    upstream.down = false;
    now += 10_000;
    expect((await ask(url, '/simple/demo/')).headers['cache-status']).toBeUndefined();
    expect((await ask(url, pathOf(wheel))).status).toBe(200);
  });

  test('one that no longer answers costs its clients seconds, not minutes, and a broken page concerns no other project', async () => {
    let now = Date.now();
    upstream.offer('demo', makeWheel('demo-1.0-py3-none-any.whl'));
    upstream.offer('other', makeWheel('other-1.0-py3-none-any.whl'));
    const { url } = await start({ clock: () => now });
    expect(await names(url, 'demo')).toEqual(['demo-1.0-py3-none-any.whl']);
    now += 3_600_000;
    upstream.answers.set('/simple/demo/', (_, response) =>
      response.writeHead(200, { 'content-type': 'text/plain' }).end(),
    );
    expect((await ask(url, '/simple/demo/')).headers['cache-status']).toContain('upstream-unavailable');
    expect(await names(url, 'other')).toEqual(['other-1.0-py3-none-any.whl']);
    now += 10_000;
    upstream.answers.set('/simple/demo/', () => {});
    expect((await ask(url, '/simple/demo/')).headers['cache-status']).toContain('upstream-unavailable');
  });

  test('wheels of this service are served without it', async () => {
    const ours = makeWheel('demo-1.0-1-py3-none-any.whl');
    await site.publish(ours, { owned: false });
    const { url } = await site.start();
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
    readdirSync(join(site.folder, 'index-cache'), { recursive: true }).filter((name) =>
      /[0-9a-f]{64}$/.test(String(name)),
    );
  const answersWith = (answer: Parameters<LyingUpstream['answers']['set']>[1], fields = {}) => {
    upstream.offer('demo', wheel, fields);
    upstream.answers.set(`/files/${wheel.filename}`, answer);
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
    const { url } = await start();
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
    const { url } = await start({ maxFileBytes: 1_000_000 });
    await expectRefused(url);
  });

  test('a stall is given up', async () => {
    answersWith((_, response) => {
      response.writeHead(200, { 'content-length': wheel.bytes.length });
      response.write(wheel.bytes.subarray(0, 2000));
    });
    const { url } = await start({ upstreamLimits: { stallTimeoutMs: 1000 } });
    await expectRefused(url);
  });

  test('a file that comes with another hash than before is refused on the page and by its URL', async () => {
    let now = Date.now();
    upstream.offer('demo', wheel);
    const { url } = await start({ clock: () => now });
    expect(await names(url, 'demo')).toEqual([wheel.filename]);
    const other = makeWheel(wheel.filename, 'other');
    upstream.pages.delete('demo');
    upstream.offer('demo', other);
    now += 3_600_000;
    expect(await names(url, 'demo')).toEqual([]);
    expect((await ask(url, pathOf(other))).status).toBe(403);
    expect((await explained(url, wheel.filename)).reason).toContain('the upstream changed the file');
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
    upstream.answers.set('/simple/demo/', (__, response) =>
      response.writeHead(200, { 'content-type': type }).end(body),
    );
    const { url } = await start();
    expect((await ask(url, '/simple/demo/')).status).toBe(503);
  });

  test('entries that are none, and URLs of other schemes, are left out', async () => {
    upstream.offer('demo', wheel);
    const sha256 = 'a'.repeat(64);
    upstream.pages
      .get('demo')
      ?.push(
        { filename: 'demo-2.0-py3-none-any.whl' },
        { filename: 'demo-3.0-py3-none-any.whl', url: 'file:///etc/passwd', hashes: { sha256 } },
        { filename: '../../demo-4.0-py3-none-any.whl', url: '/x', hashes: { sha256 } },
        { filename: 'other-5.0-py3-none-any.whl', url: '/x', hashes: { sha256 } },
        { filename: 'demo-6.0-py3-none-any.whl', url: '/x', hashes: { sha256: '../../../../etc/passwd' } },
      );
    const { url } = await start();
    expect(await names(url, 'demo')).toEqual([wheel.filename]);
  });
});

function pause(ms = 20): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Text that stays large when it is compressed. */
function noise(seed: string, length: number): string {
  return createHash('shake256', { outputLength: length })
    .update(seed)
    .digest()
    .toString('latin1')
    .replaceAll(/[^ -~]/g, '#');
}
