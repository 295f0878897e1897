// What an administrator decides, from the command line to the page that an installer reads.
import { existsSync } from 'node:fs';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { blobFile } from '../../adapters/disk/data-folder.js';
import { housekeepOne } from '../../api/housekeeping.js';
import { fsck } from '../../cli/keeping/fsck.js';
import { parseIndexPolicy } from '../../core/index-policy.js';
import { type IndexServer, serveIndex } from '../../index-server/server.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { ask } from '../support/http-ask.js';
import { type LyingUpstream, startLyingUpstream } from '../support/lying-upstream.js';
import { runCommand } from '../support/run-command.js';
import { sendUpload } from '../support/upload-service.js';
import { makeWheel } from '../support/wheel.js';

const HOUR_MS = 3_600_000;
const old = makeWheel('acme_tool-1.0-py3-none-any.whl', 'value = 0\n');
const again = makeWheel('acme_tool-1.0-1-py3-none-any.whl');
const fresh = makeWheel('acme_tool-1.2-py3-none-any.whl');
const theirs = makeWheel('acme_public-1.0-py3-none-any.whl');

let service: TestApi;
let upstream: LyingUpstream;
let index: IndexServer;
beforeEach(async () => {
  service = await startTestApi();
  upstream = await startLyingUpstream();
  upstream.offer('acme-public', theirs);
  for (const wheel of [old, again, fresh]) expect((await upload(wheel)).status).toBe(200);
  index = await serveIndex(
    {
      dataFolder: service.data,
      host: '127.0.0.1',
      port: 0,
      policy: parseIndexPolicy({}, 'test'),
      upstreamUrl: upstream.url,
      tokenRequired: false,
      cacheBytes: 1e9,
      maxFileBytes: 1e9,
      drainMs: 2_000,
    },
    pino({ level: 'silent' }),
  );
});
afterEach(async () => {
  await index.close();
  await service.close();
  await upstream.close();
});

const upload = (wheel: typeof old, secret = service.token) =>
  sendUpload(`${service.api.url}/legacy/`, { filename: wheel.filename, bytes: wheel.bytes, secret });

const command = (...args: string[]) =>
  runCommand({ WHEELWRIGHT_DATA: service.data, WHEELWRIGHT_API_URL: service.api.url }, ...args);
const run = (...args: string[]) => command('index', ...args);

/** As the index says it to the next request; it looks for changes every few milliseconds. */
async function page(project = 'acme-tool') {
  await new Promise((resolve) => setTimeout(resolve, 50));
  const { status, text } = await ask(index.url, `/simple/${project}/`, {
    accept: 'application/vnd.pypi.simple.v1+json',
  });
  return status === 200 ? JSON.parse(text) : status;
}

async function yanked() {
  const { files } = await page();
  return Object.fromEntries(files.map((file: { filename: string; yanked: unknown }) => [file.filename, file.yanked]));
}

test('a file or a version is yanked with a reason, and back', async () => {
  expect(await yanked()).toEqual({ [old.filename]: false, [again.filename]: false, [fresh.filename]: false });
  expect(await run('yank', 'Acme.Tool', '1.0.0', '--reason', 'loses <data>')).toEqual({
    code: 0,
    out: `${again.filename} is yanked\n${old.filename} is yanked\n`,
    err: '',
  });
  expect(await yanked()).toEqual({
    [old.filename]: 'loses <data>',
    [again.filename]: 'loses <data>',
    [fresh.filename]: false,
  });
  expect((await run('yank', 'acme-tool', fresh.filename)).code).toBe(0);
  expect((await run('unyank', 'acme-tool', old.filename)).code).toBe(0);
  expect(await yanked()).toEqual({ [old.filename]: false, [again.filename]: 'loses <data>', [fresh.filename]: true });
});

test('where one of the files is not here nothing is yanked, and it is said why', async () => {
  expect(await run('yank', 'acme-tool', fresh.filename, '9.9')).toMatchObject({
    code: 1,
    err: expect.stringMatching(/acme-tool has no file or version "9.9" here[\s\S]*index explain acme-tool/),
  });
  expect(await run('yank', 'acme-public', '1.0')).toMatchObject({ code: 1 });
  expect(Object.values(await yanked())).toEqual([false, false, false]);
});

test('a deleted file is gone for the next request, its name never comes back, and its bytes go when their time is up', async () => {
  const file = `/files/acme-tool/${old.sha256}/${old.filename}`;
  await page();
  expect((await ask(index.url, file)).status).toBe(200);
  expect((await run('delete', 'acme-tool', old.filename)).code).toBe(2);
  expect(await run('delete', 'acme-tool', old.filename, '9.9', '--reason', 'a secret in it')).toMatchObject({
    code: 1,
  });
  expect(Object.keys(await yanked())).toContain(old.filename);

  service.advance(48 * HOUR_MS);
  expect(await run('delete', 'acme-tool', old.filename, '--reason', 'a secret in it')).toEqual({
    code: 0,
    out: `${old.filename} is deleted\n`,
    err: '',
  });
  expect(Object.keys(await yanked())).toEqual([again.filename, fresh.filename]);
  for (const path of [file, `${file}.metadata`]) expect((await ask(index.url, path)).status).toBe(404);

  const explain = await runCommand(
    { WHEELWRIGHT_DATA: service.data, WHEELWRIGHT_API_URL: service.api.url, WHEELWRIGHT_INDEX_URL: index.url },
    ...['index', 'explain', 'acme-tool', old.filename],
  );
  expect(explain.out).toContain('a file of that name was deleted here: a secret in it');

  // Whoever read the page before may still be at it, and a backup.
  await housekeepOne(service.api.context);
  expect(existsSync(blobFile(service.data, old.sha256))).toBe(true);
  service.advance(25 * HOUR_MS);
  await housekeepOne(service.api.context);
  expect(existsSync(blobFile(service.data, old.sha256))).toBe(false);
  for (const wheel of [old, makeWheel(old.filename, 'other = 1\n')]) {
    expect(await upload(wheel)).toMatchObject({ status: 409, text: expect.stringContaining('was deleted') });
  }

  upstream.offer('acme-tool', makeWheel('acme_tool-9-py3-none-any.whl'));
  expect((await run('delete', 'acme-tool', '1.0', '1.2', '--reason', 'all of it')).code).toBe(0);
  expect((await page()).files).toEqual([]);
  expect((await fsck(service.data, new AbortController().signal)).problems).toEqual([]);
});

test('a build whose wheel was deleted makes it again under the next build number when it is retried', async () => {
  service.upstream.add('spam', 'spam-1.0.tar.gz');
  await service.ask('spam==1.0');
  const first = await service.claim();
  const wrong = makeWheel('spam-1.0-py3-none-any.whl', 'wrong = 1\n');
  await service.deliver(first, wrong);
  upstream.offer('spam', makeWheel(wrong.filename, 'theirs = 1\n'));
  expect((await run('delete', 'spam', wrong.filename, '--reason', 'built wrongly')).code).toBe(0);
  // Under its name there were other bytes before.
  expect((await page('spam')).files).toEqual([]);
  expect(await service.build(first.order.buildId)).toMatchObject({ status: 'cancelled', files: [] });
  expect((await fsck(service.data, new AbortController().signal)).problems).toEqual([]);

  expect((await command('build', 'spam==1.0', '--retry', '--no-wait')).code).toBe(0);
  const second = await service.claim();
  expect(second.order.buildTag).toBe(1);
  const right = makeWheel('spam-1.0-1-py3-none-any.whl', 'right = 1\n');
  await service.deliver(second, right);
  expect(await service.build(first.order.buildId)).toMatchObject({
    status: 'succeeded',
    files: [{ filename: right.filename }],
  });
});

test.each(['two\nlines', 'null\u0000', ' ', 'x'.repeat(1001)])(
  'a reason is one line of text, and not %j',
  async (reason) => {
    const yank = await service.call('POST', '/api/v1/projects/acme-tool/yank', { json: { files: ['1.0'], reason } });
    const json = { status: 'archived', reason };
    const status = await service.call('PUT', '/api/v1/projects/acme-tool/status', { json });
    const deletion = await service.call('POST', '/api/v1/projects/acme-tool/delete', {
      json: { files: ['1.0'], reason },
    });
    expect([yank.status, deletion.status, status.status]).toEqual([400, 400, 400]);
  },
);

test('an archived project is served and takes no uploads; a quarantined one offers nothing; both go back', async () => {
  const newest = makeWheel('acme_tool-2.0-py3-none-any.whl');
  expect((await run('status', 'acme-tool', '--set', 'archived', '--reason', 'use acme-kit')).code).toBe(0);
  expect(await page()).toMatchObject({
    'project-status': { status: 'archived', reason: 'use acme-kit' },
    versions: ['1.0', '1.2'],
  });
  expect((await upload(newest)).status).toBe(403);
  expect((await run('status', 'acme-tool', '--set', 'quarantined')).code).toBe(0);
  const quarantined = await page();
  expect([quarantined['project-status'], quarantined.files]).toEqual([{ status: 'quarantined' }, []]);
  expect((await ask(index.url, `/files/acme-tool/${old.sha256}/${old.filename}`)).status).toBe(403);
  expect((await run('status', 'acme-tool', '--set', 'active')).code).toBe(0);
  expect(await page()).toMatchObject({ versions: ['1.0', '1.2'] });
  expect((await upload(newest)).status).toBe(200);
  expect(await run('status', 'acme-public', '--set', 'quarantined')).toMatchObject({
    code: 1,
    err: expect.stringContaining('access: deny'),
  });
});

test.each(['archived', 'quarantined'])('of a project that is %s nothing is built', async (status) => {
  service.upstream.add('spam', 'spam-1.0.tar.gz');
  service.upstream.add('spam', 'spam-1.1.tar.gz');
  const [build] = await service.ask('spam==1.0', { python: ['cp313'] });
  await service.deliver(await service.claim(), makeWheel('spam-1.0-py3-none-any.whl'));
  expect((await service.build(build?.id as string)).status).toBe('succeeded');
  expect((await run('status', 'spam', '--set', status)).code).toBe(0);
  const refused = await service.call('POST', '/api/v1/builds', { json: { requirement: 'spam==1.1' } });
  expect(refused.body).toMatchObject({ status: 403, detail: expect.stringContaining(`spam is ${status} here`) });
  expect((await run('status', 'spam', '--set', 'active')).code).toBe(0);
  await service.ask('spam==1.1');
});

test('a reserved name or prefix never comes from the upstream, until it is given back', async () => {
  expect((await page('acme-public')).versions).toEqual(['1.0']);
  expect(await run('reserve', 'Acme_', 'Solo')).toEqual({
    code: 0,
    out: 'acme- is reserved\nsolo is reserved\n',
    err: '',
  });
  expect((await run('reserved')).out).toBe('acme-\nsolo\n');
  expect(await page('acme-public')).toBe(404);
  expect((await page('acme-tool')).versions).toEqual(['1.0', '1.2']);
  const { body } = await service.call<{ secret: string }>('POST', '/api/v1/tokens', {
    json: { name: 'ci', scopes: ['upload'] },
  });
  expect((await upload(makeWheel('acme_new-1.0-py3-none-any.whl'), body.secret)).status).toBe(409);
  expect((await run('unreserve', 'acme-')).code).toBe(0);
  expect((await page('acme-public')).versions).toEqual(['1.0']);
  expect(await run('unreserve', 'acme-')).toMatchObject({ code: 1, err: expect.stringContaining('is not reserved') });
  for (const name of ['-', '', 'a b', 'bücher'])
    expect([name, (await run('reserve', name)).code]).not.toEqual([name, 0]);
});

test('explain says what can be mistaken, and what the index says where it cannot explain', async () => {
  const explain = (...args: string[]) =>
    runCommand(
      {
        WHEELWRIGHT_DATA: service.data,
        WHEELWRIGHT_API_URL: service.api.url,
        WHEELWRIGHT_INDEX_URL: index.url,
      },
      'index',
      'explain',
      ...args,
    );
  expect((await explain('acme-t00l')).out).toContain('it can be taken for acme-tool, which is owned here');
  expect((await explain('acme-tool', old.filename)).out).toMatch(/offered +acme_tool-1\.0-py3-none-any\.whl +here/);
  await run('yank', 'acme-tool', old.filename, '--reason', 'loses data');
  await page();
  expect((await explain('acme-tool')).out).toMatch(
    /offered +acme_tool-1\.0-py3-none-any\.whl +here +this service holds it, but it is yanked \(loses data\): .* ==\n/,
  );
  upstream.down = true;
  expect(await explain('never-seen')).toMatchObject({
    code: 3,
    err: expect.stringMatching(/answered 503 without an explanation: .*\/simple\/never-seen\/ answered 503/),
  });
});

test('only an administrator decides', async () => {
  const { body } = await service.call<{ secret: string }>('POST', '/api/v1/tokens', {
    json: { name: 'ci', scopes: ['upload', 'build', 'approve'] },
  });
  for (const [method, path, json] of [
    ['POST', '/projects/acme-tool/yank', { files: ['1.0'] }],
    ['POST', '/projects/acme-tool/unyank', { files: ['1.0'] }],
    ['POST', '/projects/acme-tool/delete', { files: ['1.0'], reason: 'why' }],
    ['PUT', '/projects/acme-tool/status', { status: 'quarantined' }],
    ['PUT', '/reserved-names/acme-', undefined],
    ['DELETE', '/reserved-names/acme-', undefined],
  ] as const) {
    expect((await service.call(method, `/api/v1${path}`, { json, token: body.secret })).status).toBe(403);
    expect((await service.call(method, `/api/v1${path}`, { json, token: undefined })).status).toBe(401);
  }
  expect(Object.values(await yanked())).toEqual([false, false, false]);
});
