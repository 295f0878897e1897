// What a real api removes when its time is up, and what it must leave.
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { blobFile, logFile } from '../../adapters/disk/data-folder.js';
import { housekeepOne } from '../../api/housekeeping.js';
import { fsck } from '../../cli/keeping/fsck.js';
import type { Lease } from '../../core/attempt.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { makeWheel } from '../support/wheel.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOTHING = { trials: [], logs: 0, strayLogs: 0, blobs: 0, blobBytes: 0 };
const TRIAL = makeWheel('spam-1.0-py3-none-any.whl', 'value = "trial"\n');

let service: TestApi;
beforeEach(async () => {
  service = await startTestApi({ WHEELWRIGHT_KEEP_LOGS_DAYS: '7', WHEELWRIGHT_KEEP_TRIALS_DAYS: '30' });
  service.upstream.add('spam', 'spam-1.0.tar.gz');
});
afterEach(async () => {
  const { problems } = await fsck(service.data, new AbortController().signal);
  expect(problems).toEqual([]);
  await service.close();
});

const keepHouse = (dryRun?: boolean) => housekeepOne(service.api.context, dryRun);

async function claimed(more: Record<string, unknown> = {}): Promise<Lease> {
  await service.ask('spam==1.0', more);
  return service.claim();
}

function put(lease: Lease, { filename, bytes }: { filename: string; bytes: Buffer }) {
  return service.call('PUT', `/api/v1/attempts/${lease.attemptId}/artifacts/${filename}`, { body: bytes, lease });
}

test('bytes that no file names go after their time, and never those of a file or of an upload under way', async () => {
  const published = makeWheel('spam-1.0-py3-none-any.whl', 'value = 1\n');
  const lease = await claimed();
  await put(lease, makeWheel('spam-1.0-1-py3-none-any.whl', 'value = 2\n'));
  await service.deliver(lease, published);
  const stray = makeWheel('spam-1.0-1-py3-none-any.whl', 'value = 2\n').sha256;
  expect(await keepHouse()).toEqual(NOTHING);
  service.advance(25 * HOUR_MS);
  expect(await keepHouse(true)).toMatchObject({ blobs: 1 });
  const stopping = AbortSignal.abort();
  expect(await housekeepOne({ ...service.api.context, stopping })).toEqual(NOTHING);
  expect(existsSync(blobFile(service.data, stray))).toBe(true);
  expect(await keepHouse()).toMatchObject({ blobs: 1 });
  expect(existsSync(blobFile(service.data, stray))).toBe(false);
  expect(await keepHouse()).toEqual(NOTHING);
  expect(existsSync(blobFile(service.data, published.sha256))).toBe(true);
});

test('two rounds at the same time do not stumble over each other', async () => {
  const names = Array.from({ length: 60 }, (_, index) => `abcd${index.toString(16).padStart(60, '0')}`);
  await mkdir(dirname(blobFile(service.data, names[0] as string)), { recursive: true });
  for (const name of names) await writeFile(blobFile(service.data, name), 'stray');
  for (const name of names) await writeFile(logFile(service.data, name), 'stray');
  service.advance(25 * HOUR_MS);
  const rounds = await Promise.all([keepHouse(), keepHouse(), keepHouse(), keepHouse()]);
  expect(rounds.reduce((count, { blobs }) => count + blobs, 0)).toBe(60);
  expect(await keepHouse()).toEqual(NOTHING);
});

test('what files name is known to the last blob, also where it is named while a round is under way', async () => {
  const { retention, store } = service.api.context;
  const before = await retention.namedBlobs();
  const wheel = makeWheel('spam-1.0-py3-none-any.whl', 'value = 1\n');
  await service.deliver(await claimed(), wheel);
  const file = await store.file(wheel.filename);
  const named = [file?.sha256, file?.metadataSha256, file?.provenanceSha256].map(String);
  expect(named.map(before.has)).toEqual([false, false, false]);
  await before.update();
  const after = await retention.namedBlobs();
  expect(named.map(before.has)).toEqual([true, true, true]);
  expect(named.map(after.has)).toEqual([true, true, true]);
  expect(after.has('0'.repeat(64))).toBe(false);
});

test('bytes that are stored again between the look and the removal stay', async () => {
  const { blobs, clock } = service.api.context;
  const { sha256 } = await blobs.put([Buffer.from('again')], { maxBytes: 10 });
  const looked = clock() - HOUR_MS;
  expect(await blobs.remove(sha256, looked)).toBe(false);
  expect(await blobs.has(sha256)).toBe(true);
  expect(await blobs.remove(sha256, clock() + HOUR_MS)).toBe(true);
  expect(await blobs.has(sha256)).toBe(false);
  expect(await blobs.remove(sha256, clock())).toBe(false);
  expect(await readdir(join(service.data, 'blobs', 'incoming'))).toEqual([]);
});

test('logs give way to a note that every reader understands, once, and only those of attempts that ended long ago', async () => {
  const lease = await claimed();
  const path = `/api/v1/attempts/${lease.attemptId}/log`;
  await service.call('POST', `${path}?from=1`, { body: 'one\ntwo\n', lease });
  await service.call('POST', `${path}?from=3`, { body: 'three\n', lease });
  service.advance(8 * DAY_MS);
  expect(await keepHouse()).toEqual(NOTHING);
  await service.deliver(lease, makeWheel('spam-1.0-py3-none-any.whl'));
  expect((await service.call('GET', path)).body).toBe('one\ntwo\nthree\n');
  service.advance(8 * DAY_MS);
  expect(await keepHouse()).toMatchObject({ logs: 1 });
  expect((await service.call('GET', path)).body).toMatch(/^\[wheelwright\] this log was removed after 7 days .*\n$/);
  expect(await keepHouse()).toEqual(NOTHING);
});

test('old logs are found in pieces, each once, also of attempts that ended in the same millisecond', async () => {
  service.upstream.add('ham', 'ham-1.0.tar.gz');
  const leases = [await claimed(), await claimed({ requirement: 'ham==1.0' })];
  for (const lease of leases) {
    await service.call('POST', `/api/v1/attempts/${lease.attemptId}/log?from=1`, { body: 'one\n', lease });
  }
  for (const lease of leases) await service.deliver(lease, makeWheel(`${lease.order.project}-1.0-py3-none-any.whl`));
  const database = new Sqlite(join(service.data, 'wheelwright.db'));
  database.exec('UPDATE attempts SET finished_at = (SELECT max(finished_at) FROM attempts)');
  database.close();
  const { retention, clock } = service.api.context;
  const all = await retention.attemptsWithLogs(clock() + DAY_MS, undefined, 9);
  expect(all.map(({ id }) => id).sort()).toEqual(leases.map(({ attemptId }) => attemptId).sort());
  expect(new Set(all.map(({ endedAt }) => endedAt)).size).toBe(1);
  const [first] = await retention.attemptsWithLogs(clock() + DAY_MS, undefined, 1);
  expect(await retention.attemptsWithLogs(clock() + DAY_MS, first, 9)).toEqual(all.slice(1));
  expect(await retention.attemptsWithLogs(clock() + DAY_MS, all[1], 9)).toEqual([]);
});

test('files in the place of logs that are none go after their time', async () => {
  const lease = await claimed();
  await service.call('POST', `/api/v1/attempts/${lease.attemptId}/log?from=1`, { body: 'one\n', lease });
  await writeFile(logFile(service.data, 'neverheardof'), 'torn');
  await mkdir(join(service.data, 'logs'), { recursive: true });
  await writeFile(join(service.data, 'logs', 'x.log.new'), 'half a note');
  expect(await keepHouse()).toEqual(NOTHING);
  service.advance(25 * HOUR_MS);
  expect(await keepHouse()).toMatchObject({ strayLogs: 2 });
  expect(await readdir(join(service.data, 'logs'))).toEqual([`${lease.attemptId}.log`]);
});

test('a trial that nobody approves leaves the index after its time; its bytes stay a while, its name for good, and a retry makes it again', async () => {
  const lease = await claimed({ recipe: 'project: spam\nenvironment: { A: "1" }\n' });
  await service.deliver(lease, TRIAL);
  const id = lease.order.buildId;
  expect(await service.build(id)).toMatchObject({ status: 'succeeded', channel: 'trial' });
  service.advance(29 * DAY_MS);
  expect(await keepHouse()).toEqual(NOTHING);
  service.advance(2 * DAY_MS);
  expect(await keepHouse(true)).toMatchObject({ trials: [TRIAL.filename] });
  expect(await keepHouse()).toEqual({ ...NOTHING, trials: [TRIAL.filename] });
  expect(await service.build(id)).toMatchObject({ status: 'cancelled', files: [] });
  expect(await service.api.context.store.file(TRIAL.filename)).toBeUndefined();
  expect(existsSync(blobFile(service.data, TRIAL.sha256))).toBe(true);

  expect((await service.call('POST', `/api/v1/builds/${id}/retry`)).status).toBe(202);
  const again = await service.claim();
  expect(again.order.buildTag).toBe(1);
  await service.deliver(again, makeWheel('spam-1.0-1-py3-none-any.whl', 'value = "newer"\n'));
  expect(await service.build(id)).toMatchObject({ status: 'succeeded' });
  service.advance(25 * HOUR_MS);
  // Wheel, metadata and provenance; the metadata is the new wheel's as well.
  expect(await keepHouse()).toMatchObject({ trials: [], blobs: 2 });
  expect(existsSync(blobFile(service.data, TRIAL.sha256))).toBe(false);
});

test('a trial on which somebody has yet to decide stays, and so does what was approved', async () => {
  const recipe = 'project: spam\nenvironment: { A: "1" }\n';
  const submitted = await service.call<{ id: string }>('POST', '/api/v1/submissions', {
    json: { recipe, requirement: 'spam==1.0' },
  });
  expect(submitted.status).toBeLessThan(300);
  await service.deliver(await service.claim(), TRIAL);
  service.advance(60 * DAY_MS);
  expect(await keepHouse()).toEqual(NOTHING);
  expect((await service.call('POST', `/api/v1/submissions/${submitted.body.id}/approve`)).status).toBe(200);
  expect(await keepHouse()).toEqual(NOTHING);
  expect(await service.api.context.store.file(TRIAL.filename)).toMatchObject({ channel: 'stable' });
});

test('a round may be asked for, by an administrator only', async () => {
  const path = '/api/v1/housekeeping';
  expect(await service.call('POST', path, { json: { dryRun: true } })).toMatchObject({ status: 200, body: NOTHING });
  expect((await service.call('POST', path, { json: { dryRun: true }, token: undefined })).status).toBe(401);
  expect((await service.call('POST', path, { json: { force: true } })).status).toBe(400);
});
