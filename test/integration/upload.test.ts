import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import express from 'express';
import { pino } from 'pino';
import tar from 'tar-stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openBlobStore } from '../../adapters/disk/blobs.js';
import { createBuildStore } from '../../adapters/sqlite/build-store.js';
import { type Database, openDatabase } from '../../adapters/sqlite/database.js';
import { readMigrations } from '../../adapters/sqlite/migrations.js';
import { projectStandings } from '../../adapters/sqlite/project-standings.js';
import { legacyUpload } from '../../api/legacy.js';
import { problemHandler } from '../../api/problem.js';
import type { BlobStore, BuildStore } from '../../core/store.js';
import { makeWheel } from '../support/wheel-maker.js';

const NOW = Date.UTC(2026, 0, 2);
const MAX_BYTES = 1 << 20;
const TOKENS: Record<string, { name: string; scopes: string[] }> = {
  'upload-secret': { name: 'ci', scopes: ['upload'] },
  'admin-secret': { name: 'root', scopes: ['admin'] },
  'build-secret': { name: 'builder', scopes: ['build'] },
};

let folder: string;
let db: Database;
let store: BuildStore;
let blobs: BlobStore;
let server: Server;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'upload-test-'));
  db = openDatabase(join(folder, 'test.db'), readMigrations('migrations'), NOW);
  store = createBuildStore(db, { indexUrl: 'http://index.example/simple/', clock: () => NOW });
  blobs = await openBlobStore(join(folder, 'blobs'));
  const app = express();
  const log = pino({ level: 'silent' });
  app.post(
    '/legacy/',
    legacyUpload({
      authenticate: async (secret) => TOKENS[secret],
      store,
      standings: projectStandings(db),
      blobs,
      maxBytes: MAX_BYTES,
      clock: () => NOW,
      log,
    }),
  );
  app.use(problemHandler(log));
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/legacy/`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await store.close();
  await rm(folder, { recursive: true });
});

interface Upload {
  filename: string;
  bytes: Buffer;
  fields?: Record<string, string | undefined>;
  secret?: string;
  user?: string;
  fileFirst?: boolean;
}

async function upload({
  filename,
  bytes,
  fields = {},
  secret = 'upload-secret',
  user = '__token__',
  fileFirst,
}: Upload) {
  const [name, version] = filename.split('-') as [string, string];
  const form = new FormData();
  const add = () => form.append('content', new Blob([new Uint8Array(bytes)]), filename);
  if (fileFirst) add();
  const all: Record<string, string | undefined> = {
    ':action': 'file_upload',
    protocol_version: '1',
    filetype: filename.endsWith('.whl') ? 'bdist_wheel' : 'sdist',
    name,
    version: version.replace(/\.tar\.gz$/, ''),
    sha256_digest: createHash('sha256').update(bytes).digest('hex'),
    description: 'x'.repeat(200_000),
    ...fields,
  };
  for (const [field, value] of Object.entries(all)) if (value !== undefined) form.append(field, value);
  if (!fileFirst) add();
  const response = await fetch(url, {
    method: 'POST',
    body: form,
    headers: { authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}` },
  });
  return {
    status: response.status,
    reason: response.statusText,
    text: await response.text(),
    headers: response.headers,
  };
}

/** A wheel of a project that no other test uses. */
let count = 0;
function freshWheel(options: Parameters<typeof makeWheel>[0] = {}) {
  return makeWheel({ filename: `fresh${++count}-1.0-py3-none-any.whl`, ...options });
}

async function sdistOf(files: Record<string, string>): Promise<Buffer> {
  const pack = tar.pack();
  for (const [name, data] of Object.entries(files)) pack.entry({ name }, data);
  pack.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of Readable.from(pack)) chunks.push(chunk);
  return gzipSync(Buffer.concat(chunks));
}

const blobCount = async () =>
  (await readdir(join(folder, 'blobs'), { recursive: true })).filter((name) => /[0-9a-f]{64}$/.test(name)).length;

describe('a wheel', () => {
  it('is stored, checked and on the index with its metadata', async () => {
    const wheel = freshWheel();
    const answer = await upload(wheel);
    expect(answer, answer.text).toMatchObject({ status: 200 });
    const file = await store.file(wheel.filename);
    expect(file).toMatchObject({
      project: `fresh${count}`,
      version: '1.0',
      channel: 'stable',
      origin: 'upload',
      sizeBytes: wheel.bytes.length,
      requiresPython: '>=3.8',
      uploadTime: NOW,
    });
    expect(await readFile(blobs.path(file?.sha256 ?? ''))).toEqual(wheel.bytes);
    expect(await readFile(blobs.path(file?.metadataSha256 ?? ''), 'utf8')).toContain(`Name: fresh${count}\n`);
    const project = await db.selectFrom('projects').selectAll().where('name', '=', `fresh${count}`).executeTakeFirst();
    expect(project).toMatchObject({ owned: 1 });
  });

  it('may come before the fields of its form', async () => {
    expect(await upload({ ...freshWheel(), fileFirst: true })).toMatchObject({ status: 200 });
  });

  it('may be sent again, and changes nothing then', async () => {
    const wheel = freshWheel();
    await upload(wheel);
    const { value: serial } = await db.selectFrom('index_serial').select('value').executeTakeFirstOrThrow();
    expect(await upload(wheel)).toMatchObject({ status: 200 });
    const { value: after } = await db.selectFrom('index_serial').select('value').executeTakeFirstOrThrow();
    expect(after).toBe(serial);
  });

  it('never replaces other bytes of its name', async () => {
    const wheel = freshWheel();
    await upload(wheel);
    const other = makeWheel({ filename: wheel.filename, files: { 'other.py': 'changed' } });
    const before = await blobCount();
    const answer = await upload({ filename: wheel.filename, bytes: other.bytes });
    expect(answer).toMatchObject({ status: 409, reason: expect.stringContaining('already exists') });
    expect(answer.text).toMatch(/already exist.*\nBytes under a file name never change/);
    expect(await blobCount()).toBe(before);
  });

  it('wins only once when two come at the same time', async () => {
    const wheel = freshWheel();
    const other = makeWheel({ filename: wheel.filename, files: { 'other.py': 'changed' } });
    const answers = await Promise.all([upload(wheel), upload(other), upload(wheel), upload(other)]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 409]));
    const present = (await store.file(wheel.filename))?.sha256;
    const winner = answers[0]?.status === 200 ? wheel : other;
    expect(present).toBe(createHash('sha256').update(winner.bytes).digest('hex'));
  });

  it('does not take the name of a deleted file', async () => {
    const wheel = freshWheel();
    await db
      .insertInto('deleted_files')
      .values({
        filename: wheel.filename,
        project: `fresh${count}`,
        version: '1.0',
        sha256: 'ab'.repeat(32),
        deleted_at: NOW,
        reason: 'test',
      })
      .execute();
    expect(await upload(wheel)).toMatchObject({ status: 409, text: expect.stringMatching(/was deleted/) });
  });

  it('may give an md5 only, as old clients do', async () => {
    const wheel = freshWheel();
    const md5 = createHash('md5').update(wheel.bytes).digest('hex');
    expect(await upload({ ...wheel, fields: { sha256_digest: undefined, md5_digest: md5 } })).toMatchObject({
      status: 200,
    });
  });
});

describe('is refused', () => {
  const refusals: [string, number, RegExp, Partial<Upload>][] = [
    ['no token', 401, /no valid token/, { secret: '' }],
    ['an unknown token', 401, /no valid token/, { secret: 'guess' }],
    ['another user name', 401, /no valid token/, { user: 'admin' }],
    ['a token without the scope', 403, /lacks the scope upload/, { secret: 'build-secret' }],
    ['another action', 400, /:action/, { fields: { ':action': 'submit' } }],
    ['an unknown file type', 400, /filetype/, { fields: { filetype: 'bdist_wininst' } }],
    ['a file type that is not its own', 400, /sent as sdist/, { fields: { filetype: 'sdist' } }],
    ['a form without a name', 400, /name/, { fields: { name: undefined } }],
    ['another name in the form', 400, /form says other 1.0/, { fields: { name: 'other' } }],
    ['another version in the form', 400, /form says .* 2.0/, { fields: { version: '2.0' } }],
    ['another sha256', 400, /has sha256 .* the form says/, { fields: { sha256_digest: 'ab'.repeat(32) } }],
    ['another md5', 400, /has md5/, { fields: { sha256_digest: undefined, md5_digest: 'ab'.repeat(16) } }],
    ['no digest', 400, /no digest/, { fields: { sha256_digest: undefined } }],
    ['a path for a name', 400, /not the file name of a wheel/, { filename: '../fresh-1.0-py3-none-any.whl' }],
    ['a name with control characters', 400, /not/, { filename: 'fresh\x07-1.0-py3-none-any.whl' }],
    ['what is no archive', 400, /not a ZIP archive/, { bytes: Buffer.from('hello') }],
    ['nothing', 400, /not a ZIP archive/, { bytes: Buffer.alloc(0) }],
    ['what is too large', 413, /more than 1048576 bytes/, { bytes: randomBytes(3 << 20) }],
  ];
  it.each(refusals)('%s', async (_, status, message, change) => {
    const before = await blobCount();
    const wheel = freshWheel();
    const fields = { name: `fresh${count}`, version: '1.0', ...change.fields };
    const answer = await upload({ ...wheel, ...change, fields });
    expect(answer.status, answer.text).toBe(status);
    expect(answer.text).toMatch(message);
    expect(answer.reason).toMatch(message);
    if (status === 401) expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /);
    expect(await store.file(wheel.filename)).toBeUndefined();
    expect(await blobCount()).toBe(before);
    expect(await readdir(join(folder, 'blobs', 'incoming'))).toEqual([]);
  });

  it('a wheel with a fault in its archive', async () => {
    const wheel = freshWheel({ frame: { suffix: Buffer.from('junk') } });
    expect(await upload(wheel)).toMatchObject({ status: 400, text: expect.stringMatching(/after its end/) });
  });

  it('a wheel whose name is not normalised', async () => {
    const wheel = makeWheel({ filename: 'Old.Name-1.0-py3-none-any.whl', files: { 'x.py': '' } });
    expect(await upload(wheel)).toMatchObject({
      status: 400,
      text: expect.stringMatching(/normalised name "old_name"/),
    });
  });

  it('a form without a file, and what is no form', async () => {
    const authorization = `Basic ${Buffer.from('__token__:upload-secret').toString('base64')}`;
    const empty = new FormData();
    empty.append(':action', 'file_upload');
    const noFile = await fetch(url, { method: 'POST', body: empty, headers: { authorization } });
    expect([noFile.status, await noFile.text()]).toEqual([400, expect.stringMatching(/brings no file/)]);
    const json = await fetch(url, {
      method: 'POST',
      body: '{}',
      headers: { authorization, 'content-type': 'application/json' },
    });
    expect([json.status, await json.text()]).toEqual([400, expect.stringMatching(/not multipart/)]);
  });

  it('a form with two files', async () => {
    const wheel = freshWheel();
    const form = new FormData();
    form.append('content', new Blob([new Uint8Array(wheel.bytes)]), wheel.filename);
    form.append('content', new Blob([new Uint8Array(wheel.bytes)]), wheel.filename);
    const headers = { authorization: `Basic ${Buffer.from('__token__:upload-secret').toString('base64')}` };
    const response = await fetch(url, { method: 'POST', body: form, headers });
    expect([response.status, await response.text()]).toEqual([400, expect.stringMatching(/two files/)]);
  });

  it('an upload that breaks off, leaving nothing behind', async () => {
    const { port } = server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    const start = [
      'POST /legacy/ HTTP/1.1',
      'Host: x',
      `Authorization: Basic ${Buffer.from('__token__:upload-secret').toString('base64')}`,
      'Content-Type: multipart/form-data; boundary=b',
      'Content-Length: 100000',
      '',
      '--b',
      'Content-Disposition: form-data; name="content"; filename="cut-1.0-py3-none-any.whl"',
      '',
      'PK'.repeat(5000),
    ].join('\r\n');
    socket.write(start);
    const incoming = () => readdir(join(folder, 'blobs', 'incoming'));
    await expect.poll(incoming).toHaveLength(1);
    socket.destroy();
    await expect.poll(incoming).toEqual([]);
  });
});

describe('a project', () => {
  beforeEach(async () => {
    await db
      .insertInto('reserved_names')
      .values({ name: 'acme-', created_at: NOW })
      .onConflict((c) => c.doNothing())
      .execute();
  });

  it.each(['archived', 'quarantined'] as const)('that is %s takes nothing more', async (status) => {
    const wheel = freshWheel();
    const name = `fresh${count}`;
    await db.insertInto('projects').values({ name, owned: 1, status, status_reason: null, serial: 0 }).execute();
    expect(await upload(wheel)).toMatchObject({ status: 403, text: expect.stringMatching(`is ${status}`) });
  });

  it('that is deprecated is as any other', async () => {
    const wheel = freshWheel();
    const name = `fresh${count}`;
    await db
      .insertInto('projects')
      .values({ name, owned: 0, status: 'deprecated', status_reason: null, serial: 0 })
      .execute();
    expect(await upload(wheel)).toMatchObject({ status: 200 });
  });

  it('under a reserved name is begun by an administrator only', async () => {
    const first = makeWheel({ filename: 'acme_tool-1.0-py3-none-any.whl' });
    expect(await upload(first)).toMatchObject({ status: 409, text: expect.stringMatching(/acme-tool is reserved/) });
    expect(await upload({ ...first, secret: 'admin-secret' })).toMatchObject({ status: 200 });
    const second = makeWheel({ filename: 'acme_tool-1.1-py3-none-any.whl' });
    expect(await upload(second)).toMatchObject({ status: 200 });
  });
});

describe('an sdist', () => {
  const pkgInfo = 'Metadata-Version: 2.2\nName: Src-Demo\nVersion: 1.0\nRequires-Python: >=3.9\n';

  it('is stored without metadata beside it', async () => {
    const bytes = await sdistOf({ 'src_demo-1.0/PKG-INFO': pkgInfo, 'src_demo-1.0/setup.py': '' });
    expect(await upload({ filename: 'src_demo-1.0.tar.gz', bytes })).toMatchObject({ status: 200 });
    const file = await store.file('src_demo-1.0.tar.gz');
    expect(file).toMatchObject({ project: 'src-demo', version: '1.0', requiresPython: '>=3.9' });
    expect(file?.metadataSha256).toBeUndefined();
  });

  it.each([
    ['of another project', /PKG-INFO says Src-Demo 1.0/, { 'other-1.0/PKG-INFO': pkgInfo }],
    ['without PKG-INFO', /no PKG-INFO/, { 'other-1.0/setup.py': '' }],
    ['that leads out of its folder', /leads out/, { 'other-1.0/../../evil': '', 'other-1.0/PKG-INFO': pkgInfo }],
  ])('%s is refused', async (_, message, files) => {
    const answer = await upload({
      filename: 'other-1.0.tar.gz',
      bytes: await sdistOf(files as Record<string, string>),
    });
    expect(answer).toMatchObject({ status: 400, text: expect.stringMatching(message) });
  });
});

describe('twine', () => {
  const venv = join(tmpdir(), 'wheelwright-test-twine');
  const run = (command: string, args: string[], env: Record<string, string> = {}) =>
    new Promise<{ code: number; output: string }>((resolve) => {
      execFile(command, args, { env: { ...process.env, ...env } }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
      });
    });
  const twine = async (wheel: { filename: string; bytes: Buffer }, ...args: string[]) => {
    const path = join(folder, wheel.filename);
    await writeFile(path, wheel.bytes);
    return run(join(venv, 'bin/twine'), ['upload', '--non-interactive', '--disable-progress-bar', ...args, path], {
      TWINE_REPOSITORY_URL: url,
      TWINE_USERNAME: '__token__',
      TWINE_PASSWORD: 'upload-secret',
    });
  };

  beforeAll(async () => {
    if ((await run(join(venv, 'bin/twine'), ['--version'])).code === 0) return;
    await run('python3', ['-m', 'venv', venv]);
    const installed = await run(join(venv, 'bin/pip'), ['install', '-q', 'twine']);
    expect(installed.code, installed.output).toBe(0);
  }, 180_000);

  it('uploads, again, and another file of the name', async () => {
    const wheel = freshWheel();
    const first = await twine(wheel);
    expect(first.code, first.output).toBe(0);
    expect(await store.file(wheel.filename)).toMatchObject({ origin: 'upload' });
    expect((await twine(wheel)).code).toBe(0);

    const other = makeWheel({ filename: wheel.filename, files: { 'other.py': 'changed' } });
    const refused = await twine(other);
    expect(refused.code).not.toBe(0);
    expect(refused.output).toMatch(/409/);
    expect(refused.output).toMatch(/already exists with other/);
  });

  it('takes the refusal as one that --skip-existing skips', async () => {
    const wheel = freshWheel();
    await upload(wheel);
    const other = makeWheel({ filename: wheel.filename, files: { 'other.py': 'changed' } });
    // The newest twine has the option for the public index only, but what it decides by is there for others, too.
    const script = `
import hashlib, sys, requests
from twine.commands.upload import skip_upload
url, filename, path = sys.argv[1:]
content = open(path, "rb").read()
name, version = filename.split("-")[:2]
response = requests.post(
    url,
    auth=("__token__", "upload-secret"),
    data={":action": "file_upload", "filetype": "bdist_wheel", "name": name, "version": version,
          "sha256_digest": hashlib.sha256(content).hexdigest()},
    files={"content": (filename, content)},
)
print(response.status_code, skip_upload(response, True, None))
`;
    const path = join(folder, 'other.whl');
    await writeFile(path, other.bytes);
    const { output } = await run(join(venv, 'bin/python'), ['-c', script, url, wheel.filename, path]);
    expect(output.trim()).toBe('409 True');
  });

  it('shows why a wheel is refused', async () => {
    const { code, output } = await twine(freshWheel({ frame: { prefix: Buffer.from('junk') } }));
    expect(code).not.toBe(0);
    expect(output.replaceAll(/\s+/g, ' ')).toMatch(/4 bytes before its entry/);
  });

  it('shows what to do about a token', async () => {
    const { code, output } = await twine(freshWheel(), '--password', 'wrong', '--verbose');
    expect(code).not.toBe(0);
    expect(output.replaceAll(/\s+/g, ' ')).toMatch(/this is no valid token/);
  });
});
