// backup, restore and fsck on the data of a real api, read back by a real pip.
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { blobFile, logFile } from '../../adapters/disk/data-folder.js';
import { migrate, readMigrations } from '../../adapters/sqlite/migrations.js';
import type { FsckReport } from '../../cli/keeping/fsck.js';
import { runCli } from '../../cli/program.js';
import { openTerminal } from '../../cli/terminal.js';
import { parseSettings } from '../../core/settings.js';
import { startIndexServer } from '../../index-server/server.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { pythonClient, runClient } from '../support/python-client.js';
import { makeWheel } from '../support/wheel.js';

const WHEEL = makeWheel('spam-1.0-py3-none-any.whl', 'value = 42\n');

let service: TestApi;
/** Where each test puts its copies. */
let folder: string;
let attemptId: string;
let folders: string;
beforeAll(async () => {
  folders = await mkdtemp(path.join(tmpdir(), 'wheelwright-keeping-'));
  service = await startTestApi();
  service.upstream.add('spam', 'spam-1.0.tar.gz');
  await service.ask('spam');
  const lease = await service.claim();
  attemptId = lease.attemptId;
  await service.call('POST', `/api/v1/attempts/${attemptId}/log?from=1`, { body: 'one\ntwo\n', lease });
  await service.call('POST', `/api/v1/attempts/${attemptId}/log?from=3`, { body: 'three\n', lease });
  const finished = await service.deliver(lease, WHEEL);
  expect(finished.status).toBe(200);
});
beforeEach(async () => {
  folder = await mkdtemp(path.join(folders, 'case-'));
});
afterAll(async () => {
  await service.close();
  await rm(folders, { recursive: true });
});

async function run(data: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const texts = { out: '', err: '' };
  const collect = (name: 'out' | 'err') =>
    new PassThrough().on('data', (chunk: Buffer) => {
      texts[name] += chunk.toString();
    }) as unknown as NodeJS.WriteStream;
  const environment = { WHEELWRIGHT_DATA: data };
  const terminal = openTerminal({ stdout: collect('out'), stderr: collect('err'), environment });
  const code = await runCli(args, { environment, terminal, signal: new AbortController().signal });
  await new Promise((resolve) => setImmediate(resolve));
  return { code, ...texts };
}

async function fsck(data: string): Promise<{ code: number; report: FsckReport & { ok: boolean } }> {
  const { code, out } = await run(data, 'fsck', '--json');
  return { code, report: JSON.parse(out) };
}

/** A restored copy of the service's data that a test may damage. */
async function copyOfData(): Promise<string> {
  const backup = path.join(folder, 'backup');
  const data = path.join(folder, 'data');
  expect(await run(service.data, 'backup', backup)).toMatchObject({ code: 0 });
  expect(await run(data, 'restore', backup)).toMatchObject({ code: 0 });
  return data;
}

test('a backup of the running service, restored into an empty folder, is an index that pip installs from', async () => {
  const backup = path.join(folder, 'backup');
  const made = await run(service.data, 'backup', backup, '--json');
  expect(made.code).toBe(0);
  // Wheel, metadata and provenance.
  expect(JSON.parse(made.out)).toMatchObject({ ok: true, folder: backup, blobs: 3, logs: 1, missing: [] });
  expect((await stat(backup)).mode & 0o777).toBe(0o700);
  expect((await readdir(backup)).sort()).toEqual([
    'backup.json',
    'blobs',
    'logs',
    'provenance-certificate.pem',
    'provenance-key.pem',
    'wheelwright.db',
  ]);

  const data = path.join(folder, 'data');
  expect(await run(data, 'restore', backup)).toMatchObject({ code: 0, out: expect.stringContaining('3 blobs') });
  expect(await fsck(data)).toMatchObject({
    code: 0,
    report: { ok: true, problems: [], checked: { files: 1, blobs: 3, logs: 1, pages: 2 } },
  });
  expect((await stat(path.join(data, 'provenance-key.pem'))).mode & 0o777).toBe(0o600);
  const index = await startIndexServer(
    parseSettings({ WHEELWRIGHT_DATA: data, WHEELWRIGHT_INDEX_PORT: '0', WHEELWRIGHT_UPSTREAM: service.upstream.url }),
  );
  const bin = await pythonClient('pip-newest', '-U', 'pip');
  const target = path.join(folder, 'installed');
  const pip = await runClient(
    path.join(bin, 'python'),
    ['-m', 'pip', 'install', '--index-url', `${index.url}/simple/`, '--target', target, 'spam==1.0'],
    folder,
  );
  expect(pip.stderr).not.toContain('ERROR');
  expect(pip.code).toBe(0);
  expect(await readFile(path.join(target, 'spam.py'), 'utf8')).toBe('value = 42\n');
  await index.close();
});

test('a backup while builds come in is of one moment: every blob and log that it names is in it', async () => {
  const busy = await startTestApi();
  let stop = false;
  const load = (async () => {
    for (let number = 0; !stop; number++) {
      busy.upstream.add(`load${number}`, `load${number}-1.0.tar.gz`);
      await busy.ask(`load${number}==1.0`);
      const lease = await busy.claim();
      await busy.call('POST', `/api/v1/attempts/${lease.attemptId}/log?from=1`, { body: 'a line\n', lease });
      await busy.deliver(lease, makeWheel(`load${number}-1.0-py3-none-any.whl`));
    }
  })();
  for (let round = 0; round < 2; round++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const backup = path.join(folder, `backup-${round}`);
    const { code, err } = await run(busy.data, 'backup', backup);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(await fsck(backup)).toMatchObject({ code: 0, report: { problems: [] } });
  }
  stop = true;
  await load;
  expect(await fsck(busy.data)).toMatchObject({ code: 0, report: { problems: [] } });
  await busy.close();
});

test('neither overwrites what is there, and a folder that is no whole backup is refused', async () => {
  const full = path.join(folder, 'full');
  await mkdir(full);
  await writeFile(path.join(full, 'mine'), '');
  expect(await run(service.data, 'backup', full)).toMatchObject({
    code: 1,
    err: expect.stringContaining('is not empty'),
  });
  const backup = path.join(folder, 'backup');
  await run(service.data, 'backup', backup);
  const onto = await run(service.data, 'restore', backup);
  expect(onto).toMatchObject({ code: 1, err: expect.stringContaining('is not empty: it has') });
  expect(await readdir(full)).toEqual(['mine']);
  expect(await run(path.join(folder, 'new'), 'restore', full)).toMatchObject({
    code: 1,
    err: expect.stringContaining('is not a backup: it has no backup.json'),
  });
  expect(await run(path.join(folder, 'none'), 'backup', path.join(folder, 'b'))).toMatchObject({
    code: 1,
    err: expect.stringContaining('there is no database'),
  });
  expect(await readdir(folder)).toEqual(['backup', 'full']);
});

test('a restore that was broken off is repeated, and one onto a service that was started meanwhile is refused', async () => {
  const backup = path.join(folder, 'backup');
  await run(service.data, 'backup', backup);
  const data = path.join(folder, 'data');
  await mkdir(path.join(data, '.restoring'), { recursive: true });
  await mkdir(path.join(data, 'blobs'));
  expect(await run(data, 'restore', backup)).toMatchObject({ code: 0 });
  expect(await fsck(data)).toMatchObject({ code: 0 });
  expect((await run(data, 'restore', backup)).code).toBe(1);
});

test('a backup of damaged data is made, and says what is not in it', async () => {
  const data = await copyOfData();
  await rm(blobFile(data, WHEEL.sha256));
  const { code, err } = await run(data, 'backup', path.join(folder, 'second'));
  expect(code).toBe(1);
  expect(err).toContain(`the blob ${WHEEL.sha256} of spam-1.0-py3-none-any.whl is not there`);
});

test.each<[string, (data: string) => Promise<void> | void, FsckReport['problems'][number]['part'], RegExp]>([
  ['a blob with other bytes', (data) => appendFile(blobFile(data, WHEEL.sha256), 'x'), 'blob', /has other bytes/],
  [
    'a blob that is gone',
    (data) => rm(blobFile(data, WHEEL.sha256)),
    'blob',
    /of spam-1\.0-py3-none-any\.whl is not there/,
  ],
  ['a log that was cut off', (data) => truncate(logFile(data, attemptId), 6), 'log', /ends before line 3/],
  ['a log that is gone', (data) => rm(logFile(data, attemptId)), 'log', /its file is not there/],
  [
    'lines that are others',
    (data) => writeFile(logFile(data, attemptId), 'o\ne\ntwo\nthree\n'),
    'log',
    /lines 1 to 2 are not that many/,
  ],
  [
    'a row of a log that is gone',
    (data) => change(data, 'DELETE FROM log_chunks WHERE first_line = 1'),
    'log',
    /line 1 should come next/,
  ],
  [
    'a size that is not true',
    (data) => change(data, "UPDATE files SET size_bytes = 1 WHERE project = 'spam'"),
    'file',
    /its row says 1 bytes/,
  ],
  ['metadata of another wheel', swapMetadata, 'file', /the metadata beside it is not what is in it/],
  [
    'a version that is not in the name',
    (data) => change(data, "UPDATE files SET version = '9' WHERE project = 'spam'"),
    'file',
    /its row says version 9/,
  ],
  [
    'a page that does not say what the row does',
    (data) => change(data, "UPDATE files SET upload_time = 9e15 WHERE project = 'spam'"),
    'page',
    /\/simple\/spam\/: as JSON spam-1\.0-py3-none-any\.whl has another upload time/,
  ],
  [
    'a row without what it names',
    (data) => change(data, 'DELETE FROM attempts'),
    'database',
    /names a row of attempts that is not there/,
  ],
  [
    'JSON of another form',
    (data) => change(data, "UPDATE builds SET sdist_json = '{}'"),
    'database',
    /sdist_json of builds/,
  ],
  [
    'a success without a file',
    (data) => change(data, 'DELETE FROM build_files'),
    'database',
    /succeeded without a file/,
  ],
])('fsck finds %s and says what mends it', async (_name, damage, part, what) => {
  const data = await copyOfData();
  await damage(data);
  const { code, report } = await fsck(data);
  expect(code).toBe(1);
  expect(report.problems).toContainEqual({
    part,
    what: expect.stringMatching(what),
    mend: expect.stringMatching(/\.$/),
  });
  const told = await run(data, 'fsck');
  expect(told.out).toMatch(/^wrong: .*\n {2}mend: .*\n/);
});

test('what nobody names is a note, not a fault', async () => {
  const data = await copyOfData();
  const stray = makeWheel('stray-1.0-py3-none-any.whl');
  await mkdir(path.dirname(blobFile(data, stray.sha256)), { recursive: true });
  await writeFile(blobFile(data, stray.sha256), stray.bytes);
  await appendFile(logFile(data, attemptId), 'torn by a cra');
  expect(await fsck(data)).toMatchObject({
    code: 0,
    report: { notes: [expect.stringMatching(/^1 blobs \(\d+ bytes\)/)] },
  });
});

test('of a database that an earlier version made, as a restore may bring it back, everything is checked that can be', async () => {
  const data = path.join(folder, 'earlier');
  await mkdir(data);
  const database = new Sqlite(path.join(data, 'wheelwright.db'));
  migrate(database, readMigrations('migrations').slice(0, 2), 0);
  database.close();
  expect(await fsck(data)).toMatchObject({
    code: 0,
    report: { notes: [expect.stringMatching(/^the database is one of an earlier version \(schema 2 of \d+\)/)] },
  });
});

function change(data: string, sql: string): void {
  const database = new Sqlite(path.join(data, 'wheelwright.db'));
  database.pragma('foreign_keys = OFF');
  database.exec(sql);
  database.close();
}

async function swapMetadata(data: string): Promise<void> {
  const other = makeWheel('other-1.0-py3-none-any.whl');
  await mkdir(path.dirname(blobFile(data, other.sha256)), { recursive: true });
  await writeFile(blobFile(data, other.sha256), other.bytes);
  change(data, `UPDATE files SET metadata_sha256 = '${other.sha256}' WHERE project = 'spam'`);
}
