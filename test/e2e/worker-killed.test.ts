// Kills the worker in each phase, as the kernel would, freezes it, and takes the api away from it: nothing is lost, nothing is published twice, nothing stays on
// the engine.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RunningApi, startApi } from '../../api/start.js';
import { type Client, openClient } from '../../client/client.js';
import { createToken, revokeToken } from '../../client/tokens.js';
import { PHASES, type Phase } from '../../core/phase.js';
import { parseSettings } from '../../core/settings.js';
import { openSdistFolder, type SdistFolder } from '../fixtures/sdists/sdist.js';
import { serveSdists } from '../support/sdist-index.js';
import { leftBehind } from './attempt-bench.js';

/** @param bytes size of the wheel, which is what takes time in publish */
const hooks = (bytes: number) => `
import os, time
def build(folder, write_wheel):
    print("building", flush=True)
    time.sleep(1)
    return write_wheel(folder, {"sample.py": b"import time; time.sleep(1)", "data.bin": os.urandom(${bytes})})
`;

/** Long enough that a worker on a busy machine keeps its own. */
const LEASE_MS = 5_000;
const instance = `test-killed-${process.pid}`;
let data: string;
let sdists: SdistFolder;
let upstream: Server;
let api: RunningApi;
let client: Client;
const environment: Record<string, string> = {};
const workers: ChildProcess[] = [];

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'wheelwright-killed-'));
  sdists = await openSdistFolder();
  const projects = [...PHASES.map((phase) => `killed-in-${phase}`), 'frozen', 'api-away', 'revoked'];
  const sizeOf = (project: string) => (project === 'killed-in-publish' ? 2 ** 27 : 2 ** 24);
  const made = await Promise.all(projects.map((project) => sdists.make({ project, hooks: hooks(sizeOf(project)) })));
  upstream = await serveSdists(made);
  const { port } = upstream.address() as AddressInfo;
  Object.assign(environment, {
    WHEELWRIGHT_DATA: data,
    WHEELWRIGHT_API_PORT: '0',
    WHEELWRIGHT_UPSTREAM: `http://127.0.0.1:${port}/simple/`,
    WHEELWRIGHT_INDEX_URL: `http://127.0.0.1:${port}`,
    WHEELWRIGHT_INSTANCE: instance,
    WHEELWRIGHT_COMPILER_CACHE_BYTES: '0',
    WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES: '0',
    WHEELWRIGHT_LEASE_MS: String(LEASE_MS),
  });
  api = await startApi(parseSettings(environment), { log: pino({ level: 'silent' }), root: resolve('.') });
  environment.WHEELWRIGHT_API_URL = api.url;
  const token = (await readFile(join(data, 'admin-token'), 'utf8')).trim();
  client = openClient({ url: api.url, token });
});

afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await client.close();
  await api.close();
  upstream.close();
  await sdists.remove();
  await rm(data, { recursive: true, force: true });
});

it('killed in any phase, the attempt is lost and the next one succeeds', async () => {
  const lost: { phase: Phase; id: string; attemptId: string; acknowledged: string }[] = [];
  for (const phase of PHASES) {
    // With one slot it holds nothing but this build when it is killed, though it may have made one that was lost before.
    const worker = startWorker({ WHEELWRIGHT_WORKER_SLOTS: '1' });
    const { builds } = await client.requestBuilds({ requirement: `killed-in-${phase}==1.0` });
    const id = builds[0]?.id as string;
    const attemptId = await reached(id, phase);
    lost.push({ phase, id, attemptId, acknowledged: await logOf(attemptId) });
    worker.kill('SIGKILL');
  }
  startWorker({ WHEELWRIGHT_WORKER_SLOTS: '2' });
  for (const { phase, id, attemptId, acknowledged } of lost) {
    const build = await ended(id);
    expect(build.status, phase).toBe('succeeded');
    expect(build.attempts.map(({ status }) => status)).toEqual(['lost', 'succeeded']);
    expect(build.attempts[0]?.phase).toBe(phase);
    expect(build.files).toHaveLength(1);
    expect((await logOf(attemptId)).startsWith(acknowledged)).toBe(true);
    expect(await logOf(build.attempts[1]?.id as string)).toContain('[wheelwright] publish: ');
  }
  await stopWorkers();
  await expect.poll(() => leftBehind(instance)).toEqual([]);
});

it('frozen past its lease, a worker that goes on can neither publish nor log', async () => {
  const first = startWorker();
  const { builds } = await client.requestBuilds({ requirement: 'frozen==1.0' });
  const id = builds[0]?.id as string;
  const attemptId = await reached(id, 'build');
  first.kill('SIGSTOP');
  const attempt = async () => (await client.build(id)).attempts[0]?.status;
  await expect.poll(attempt).toBe('lost');
  const log = await logOf(attemptId);
  startWorker();
  first.kill('SIGCONT');
  const build = await ended(id);
  await expect.poll(() => leftBehind(instance)).toEqual([]);
  await stopWorkers();
  expect(build.status).toBe('succeeded');
  expect(build.attempts.map(({ status }) => status)).toEqual(['lost', 'succeeded']);
  expect(build.files).toHaveLength(1);
  expect(await logOf(attemptId)).toBe(log);
});

it('a worker whose token is revoked in mid-build stops, and another makes the next attempt', async () => {
  const { id: tokenId, secret } = await createToken(client.connection, { name: 'mortal', scopes: ['worker'] });
  startWorker({ WHEELWRIGHT_TOKEN: secret });
  const { builds } = await client.requestBuilds({ requirement: 'revoked==1.0' });
  const id = builds[0]?.id as string;
  const attemptId = await reached(id, 'build');
  await revokeToken(client.connection, tokenId);
  await expect.poll(() => leftBehind(instance)).toEqual([]);
  const log = await logOf(attemptId);
  startWorker();
  const build = await ended(id);
  await stopWorkers();
  expect(build.attempts.map(({ status }) => status)).toEqual(['lost', 'succeeded']);
  expect(await logOf(attemptId)).toBe(log);
});

it('with the api away while a build ends, the result is kept and delivered when it is back', async () => {
  startWorker();
  const { builds } = await client.requestBuilds({ requirement: 'api-away==1.0' });
  const id = builds[0]?.id as string;
  await reached(id, 'build');
  await api.close();
  // Longer than the lease, and than what is left of the build.
  await sleep(LEASE_MS + 3_000);
  const port = new URL(api.url).port;
  // A busy machine takes a while to get here.
  const settings = parseSettings({ ...environment, WHEELWRIGHT_API_PORT: port, WHEELWRIGHT_LEASE_MS: '15000' });
  api = await startApi(settings, { log: pino({ level: 'silent' }), root: resolve('.') });
  const build = await ended(id);
  await stopWorkers();
  expect(build.attempts.map(({ status }) => status)).toEqual(['succeeded']);
  expect(build.files).toHaveLength(1);
});

function startWorker(more: Record<string, string> = {}): ChildProcess {
  const worker = spawn(process.execPath, ['--enable-source-maps', 'dist/worker/main.js'], {
    env: { ...process.env, ...environment, ...more },
    stdio: process.env.SHOW_LOG ? 'inherit' : 'ignore',
  });
  workers.push(worker);
  return worker;
}

/** Waits for their ends, or one that is still going down takes the next test's build and hands it back. */
async function stopWorkers(): Promise<void> {
  const ends = workers.splice(0).map((worker) => {
    const end = worker.exitCode === null && worker.signalCode === null ? once(worker, 'exit') : undefined;
    worker.kill('SIGTERM');
    return end;
  });
  await Promise.all(ends);
}

/** Looks into the store itself: a phase may be over before an HTTP call is. */
async function reached(id: string, phase: Phase): Promise<string> {
  for (;;) {
    const build = await api.context.store.build(id);
    const [attempt] = build?.attempts ?? [];
    if (attempt?.phase === phase) return attempt.id;
    if (attempt?.finishedAt !== undefined) throw new Error(`it ended before ${phase}: ${JSON.stringify(attempt)}`);
    await sleep(5);
  }
}

async function logOf(attemptId: string): Promise<string> {
  let log = '';
  for await (const text of client.log(attemptId, 1)) log += text;
  return log;
}

async function ended(id: string) {
  for (;;) {
    const build = await client.build(id);
    if (build.finishedAt !== undefined) return build;
    await sleep(100);
  }
}
