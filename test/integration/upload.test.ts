import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import tar from 'tar-stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '../../adapters/sqlite/database.js';
import type { BlobStore, BuildStore } from '../../core/store.js';
import { NOW, startUploadService, type Upload, type UploadService } from '../support/upload-service.js';
import { makeWheel } from '../support/wheel-maker.js';

let service: UploadService;
let folder: string;
let db: Database;
let store: BuildStore;
let blobs: BlobStore;
let server: Server;
let url: string;
beforeAll(async () => {
  service = await startUploadService();
  ({ folder, db, store, blobs, server, url } = service);
});
afterAll(() => service.close());

const upload = (file: Upload) => service.upload(file);

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

  it('says that attestations are not kept', async () => {
    const wheel = freshWheel();
    expect((await upload(wheel)).text).toBe(`${wheel.filename} is published\n`);
    expect(await upload({ ...wheel, fields: { attestations: '[]' } })).toMatchObject({
      status: 200,
      text: expect.stringMatching(/is published\nits attestations .* are not kept/),
    });
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
    ['another md5 beside the right sha256', 400, /has md5/, { fields: { md5_digest: 'ab'.repeat(16) } }],
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

  it.each<[string, RegExp, Record<string, string>, string]>([
    ['without a boundary', /names no boundary/, { 'content-type': 'multipart/form-data' }, ''],
    ['with an empty boundary', /names no boundary/, { 'content-type': 'multipart/form-data; boundary=' }, ''],
    [
      'that is compressed',
      /encoded as gzip/,
      { 'content-type': 'multipart/form-data; boundary=b', 'content-encoding': 'gzip' },
      '',
    ],
    [
      'that ends too soon',
      /cannot be read: Unexpected end/,
      { 'content-type': 'multipart/form-data; boundary=b' },
      '--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nfresh',
    ],
    [
      'of endless fields',
      /more than 20000 fields/,
      { 'content-type': 'multipart/form-data; boundary=b' },
      `${'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n'.repeat(20_002)}--b--\r\n`,
    ],
  ])('a form %s, and says why', async (_, message, headers, body) => {
    const authorization = `Basic ${Buffer.from('__token__:upload-secret').toString('base64')}`;
    const answer = await fetch(url, { method: 'POST', body, headers: { ...headers, authorization } });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringMatching(message)]);
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

describe('a new project whose name can be taken for another', () => {
  beforeEach(async () => {
    await db
      .insertInto('reserved_names')
      .values(['corn', 'ship-'].map((name) => ({ name, created_at: NOW })))
      .onConflict((c) => c.doNothing())
      .execute();
    await upload(makeWheel({ filename: 'look_alike-1.0-py3-none-any.whl' }));
  });

  it.each([
    ['1ook_a1ike', 'look-alike'],
    ['lookalike', 'look-alike'],
    ['l00k_alike', 'look-alike'],
    ['com', 'corn'],
  ])('is refused: %s for %s', async (name, taken) => {
    const answer = await upload(makeWheel({ filename: `${name}-1.0-py3-none-any.whl` }));
    expect(answer).toMatchObject({ status: 403, text: expect.stringContaining(`can be taken for ${taken}`) });
    expect(await store.filesOfProject(name.replaceAll('_', '-'))).toEqual([]);
  });

  it.each(['look_alikes', 'ship', 'hook_alike'])('is none, and taken: %s', async (name) => {
    expect(await upload(makeWheel({ filename: `${name}-1.0-py3-none-any.whl` }))).toMatchObject({ status: 200 });
  });

  it('may be begun by an administrator, and goes on by any upload token', async () => {
    const first = makeWheel({ filename: 'lookal1ke-1.0-py3-none-any.whl' });
    expect(await upload({ ...first, secret: 'admin-secret' })).toMatchObject({ status: 200 });
    const second = makeWheel({ filename: 'lookal1ke-1.1-py3-none-any.whl' });
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

  it('must have a normalised name', async () => {
    const bytes = await sdistOf({ 'Src-Demo-1.0/PKG-INFO': pkgInfo });
    const fields = { name: 'Src-Demo', version: '1.0' };
    const answer = await upload({ filename: 'Src-Demo-1.0.tar.gz', bytes, fields });
    expect(answer).toMatchObject({ status: 400, text: expect.stringMatching(/does not begin with "src_demo-"/) });
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
