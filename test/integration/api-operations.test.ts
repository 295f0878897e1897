// What operators rely on: tokens, readiness by part, metrics.
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WORKER_PROTOCOL } from '../../core/worker.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { startRedis } from '../support/redis.js';
import { runCommand } from '../support/run-command.js';
import { workerFacts } from '../support/worker.js';

let service: TestApi;
beforeEach(async () => {
  service = await startTestApi();
  service.upstream.add('spam', 'spam-1.0.tar.gz');
});
afterEach(() => service.close());

const run = (...args: string[]) =>
  runCommand({ WHEELWRIGHT_DATA: service.data, WHEELWRIGHT_API_URL: service.api.url }, ...args);

const registerWith = (token: string) =>
  service.call('POST', '/api/v1/worker/registration', {
    json: { protocol: WORKER_PROTOCOL.newest, ...workerFacts('w') },
    token,
  });

test('a token is made, used for its scope alone, listed without its secret, and revoked at once', async () => {
  const made = await run('token', 'create', '--scope', 'worker', '--name', 'builder 1', '--json');
  expect(made.code).toBe(0);
  const { id, secret } = JSON.parse(made.out) as { id: string; secret: string };
  expect((await registerWith(secret)).status).toBe(204);
  expect((await service.call('POST', '/api/v1/builds', { json: { requirement: 'spam' }, token: secret })).status).toBe(
    403,
  );
  expect((await service.call('GET', '/api/v1/tokens', { token: secret })).status).toBe(403);
  expect((await service.call('GET', '/api/v1/tokens/own', { token: secret })).body).toEqual({
    name: 'builder 1',
    scopes: ['worker'],
  });

  const listed = await run('token', 'list');
  expect(listed.out).toMatch(new RegExp(`^${id} +builder 1 +worker +\\S+ +valid$`, 'm'));
  expect(listed.out).not.toContain(secret);
  expect(await run('token', 'revoke', id)).toMatchObject({ code: 0, out: `${id} is revoked\n` });
  expect((await registerWith(secret)).body).toMatchObject({
    status: 401,
    detail: 'the token was revoked',
    hint: expect.stringContaining('delete that file and start the api again'),
  });
  expect((await run('token', 'list')).out).toMatch(/ revoked 20/);
  expect(await run('token', 'revoke', id)).toMatchObject({
    code: 1,
    err: expect.stringContaining('there is no token'),
  });
});

test('a token in a file is made once, and anew when the service does not know it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wheelwright-token-'));
  const file = join(folder, 'worker');
  const create = () => run('token', 'create', '--scope', 'worker', '--name', 'w', '--file', file);
  expect((await create()).code).toBe(0);
  const first = await readFile(file, 'utf8');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await registerWith(first.trim())).status).toBe(204);
  expect(await create()).toMatchObject({ code: 0, err: expect.stringContaining('holds a token already') });
  expect(await readFile(file, 'utf8')).toBe(first);
  await writeFile(file, 'of another service\n');
  expect((await create()).code).toBe(0);
  expect((await registerWith((await readFile(file, 'utf8')).trim())).status).toBe(204);
  await rm(folder, { recursive: true });
});

test('wrong scopes are named, and nothing is made', async () => {
  expect(await run('token', 'create', '--scope', 'root', '--name', 'x')).toMatchObject({ code: 2 });
  const answer = await service.call('POST', '/api/v1/tokens', { json: { name: 'x', scopes: [] } });
  expect(answer.status).toBe(400);
  expect((await service.call('GET', '/api/v1/tokens')).body).toMatchObject({ tokens: [{ scopes: ['admin'] }] });
});

test('readyz names the part that is down', async () => {
  const redis = await startRedis();
  await service.close();
  service = await startTestApi({ REDIS_URL: redis.url });
  const ready = () =>
    service.call<{ ready: boolean; parts: Record<string, { ok: boolean; reason?: string }> }>('GET', '/readyz');
  expect((await ready()).body).toEqual({
    ready: true,
    parts: {
      database: { ok: true },
      disk: { ok: true },
      blobs: { ok: true },
      queue: { ok: true },
      service: { ok: true },
      upstream: { ok: true },
    },
  });
  await service.upstream.close();
  expect((await service.call('POST', '/api/v1/builds', { json: { requirement: 'spam' } })).status).toBe(503);
  await redis.close();
  await rm(join(service.data, 'blobs'), { recursive: true });
  const answer = await ready();
  expect(answer.status).toBe(503);
  const { database, queue, blobs, upstream } = answer.body.parts;
  expect(database?.ok).toBe(true);
  expect(queue?.ok).toBe(false);
  expect(blobs).toMatchObject({ ok: false, reason: expect.stringContaining('ENOENT') });
  expect(upstream).toMatchObject({ ok: false, reason: expect.stringContaining('127.0.0.1') });
});

test('metrics: depth and waiting time of the queue, slots, phases, failures by class', async () => {
  const metrics = async () => String((await service.call('GET', '/metrics')).body);
  service.upstream.add('ham', 'ham-1.0.tar.gz');
  await service.ask('spam');
  await service.ask('ham');
  service.advance(40_000);
  const queued = await metrics();
  expect(queued).toContain('wheelwright_builds{status="queued"} 2');
  expect(Number(/^wheelwright_queue_next_wait_seconds (\S+)/m.exec(queued)?.[1])).toBeGreaterThanOrEqual(40);
  const lease = await service.claim();
  expect(await metrics()).toContain('wheelwright_worker_slots_busy{worker="test"} 1');
  for (const phase of ['fetch', 'build']) {
    await service.call('POST', `/api/v1/attempts/${lease.attemptId}/phase`, { json: { phase }, lease });
    service.advance(7_000);
  }
  const failure = { class: 'missing-header', line: 'x', lineNumber: 1, cause: 'y' } as const;
  await service.finish(lease, { kind: 'failed', failure });
  const other = await service.claim();
  const progress = {
    from: 1,
    text: '',
    phases: [{ seq: 1, phase: 'repair', firstLine: 1, agoMs: 20_000 }],
    inputs: [],
  };
  const ended = { outcome: { kind: 'lost', reason: 'the engine is away' }, progress };
  await service.call('POST', `/api/v1/attempts/${other.attemptId}/end`, { json: ended, lease: other });

  const waiting = service.claim(2_000).catch(() => undefined);
  await expect.poll(metrics).toContain('wheelwright_worker_slots_idle{worker="test"} 1');
  await waiting;
  const after = await metrics();
  expect(after).not.toContain('wheelwright_worker_slots_idle{');
  expect(after).toContain('wheelwright_attempts_total{outcome="failed",class="missing-header"} 1');
  expect(after).toContain('wheelwright_attempts_total{outcome="lost",class=""} 1');
  expect(after).toContain('wheelwright_queue_wait_seconds_bucket{le="15"} 0');
  expect(after).toContain('wheelwright_queue_wait_seconds_bucket{le="60"} 2');
  expect(after).toMatch(/^wheelwright_phase_seconds_bucket\{le="5",phase="build"\} 0$/m);
  expect(after).toMatch(/^wheelwright_phase_seconds_bucket\{le="15",phase="fetch"\} 1$/m);
  expect(after).toMatch(/^wheelwright_phase_seconds_bucket\{le="15",phase="repair"\} 0$/m);
  expect(after).toMatch(/^wheelwright_phase_seconds_bucket\{le="30",phase="repair"\} 1$/m);
  expect(after).toMatch(/^wheelwright_api_request_seconds_count\{method="POST",status="202"\} 2$/m);
});

test('an upload to another address is told which one takes uploads', async () => {
  const form = new FormData();
  form.append(':action', 'file_upload');
  for (const path of ['/', '/simple/', '/legacy/files']) {
    const answer = await fetch(`${service.api.url}${path}`, { method: 'POST', body: form });
    expect([answer.status, await answer.json()]).toEqual([
      404,
      expect.objectContaining({ hint: expect.stringContaining('/legacy/') }),
    ]);
  }
});
