// api, index-server and worker restarted one after the other while wheels are built and installed: pip and uv see nothing of it, no build fails, no call is refused.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isProcessRunning } from '../../adapters/host/process.js';
import { type Client, openClient } from '../../client/client.js';
import type { Build } from '../../client/contract.js';
import { openSdistFolder, type SdistFolder } from '../fixtures/sdists/sdist.js';
import { type HeldSocket, holdSocket } from '../support/held-socket.js';
import { pythonClient, runClient } from '../support/python-client.js';
import { leftBehind } from './attempt-bench.js';

const ROUNDS = 2;
const HOOKS = `
import os, time
def build(folder, write_wheel):
    time.sleep(1)
    return write_wheel(folder, {"sample.py": b"", "data.bin": os.urandom(1 << 24)})
`;

const instance = `test-rolling-${process.pid}`;
const environment: Record<string, string> = {};
let data: string;
let sdists: SdistFolder;
let upstream: Server;
let sockets: { api: HeldSocket; index: HeldSocket };
let client: Client;
let uv: string;
const programs = new Set<number>();

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'wheelwright-rolling-'));
  sdists = await openSdistFolder();
  upstream = await serveSdists();
  sockets = { api: await holdSocket(), index: await holdSocket() };
  uv = await pythonClient('uv', 'uv');
  Object.assign(environment, {
    WHEELWRIGHT_DATA: data,
    WHEELWRIGHT_API_URL: `http://127.0.0.1:${sockets.api.port}`,
    WHEELWRIGHT_INDEX_URL: `http://127.0.0.1:${sockets.index.port}`,
    WHEELWRIGHT_UPSTREAM: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/simple/`,
    WHEELWRIGHT_INSTANCE: instance,
    WHEELWRIGHT_COMPILER_CACHE_BYTES: '0',
    WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES: '0',
    WHEELWRIGHT_WORKER_GRACE_MS: '500',
    WHEELWRIGHT_LOG_LEVEL: 'warn',
  });
});

afterAll(async () => {
  for (const pid of programs) if (isProcessRunning(pid)) process.kill(pid, 'SIGKILL');
  await client?.close();
  await Promise.all(Object.values(sockets ?? {}).map((socket) => socket.close()));
  upstream?.close();
  await sdists?.remove();
  await rm(data, { recursive: true, force: true });
});

it('nothing fails and nothing is refused', async () => {
  let index = await startOn('index');
  let api = await startOn('api');
  let worker = startWorker();
  client = openClient({
    url: environment.WHEELWRIGHT_API_URL ?? '',
    token: (await readFile(join(data, 'admin-token'), 'utf8')).trim(),
  });
  const builds: Build[] = [];
  const ask = async () => {
    const { builds: asked } = await client.requestBuilds({ requirement: `rolling-${builds.length}==1.0` });
    builds.push(...asked);
  };
  await ask();
  await ended(builds[0]?.id ?? '');

  let going = true;
  const installs: Promise<string[]>[] = [installer('pip'), installer('uv')].map((install) => repeat(install));
  const refused = repeat(async () => {
    const status = await call('/healthz');
    return status === 200 ? undefined : `the api answered a call with ${status}`;
  }, 20);
  async function repeat(work: () => Promise<string | undefined>, pauseMs = 0): Promise<string[]> {
    const faults: string[] = [];
    let count = 0;
    for (; going; count += 1) {
      const fault = await work();
      if (fault !== undefined) faults.push(fault);
      await sleep(pauseMs);
    }
    expect(count).toBeGreaterThan(3);
    return faults;
  }

  for (let round = 0; round < ROUNDS; round += 1) {
    await ask();
    // Both answer while they overlap: the old one what it has begun, the new one the rest.
    const next = await startOn('index');
    await stop(index);
    index = next;
    // There is one writer: what is asked meanwhile waits in the socket.
    await stop(api);
    api = await startOn('api');
    const last = worker;
    // What was asked for before may be done by now.
    await ask();
    await expect.poll(async () => (await client.builds({ status: 'running' })).builds.length).toBeGreaterThan(0);
    worker = startWorker();
    const exited = once(last, 'exit');
    last.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  }
  for (const { id } of builds) {
    const build = await ended(id);
    expect(build.status, JSON.stringify(build.attempts)).toBe('succeeded');
    expect(build.attempts.map(({ status }) => status)).toEqual([
      ...build.attempts.slice(1).map(() => 'lost'),
      'succeeded',
    ]);
  }
  going = false;
  expect((await Promise.all([...installs, refused])).flat()).toEqual([]);
  const exited = once(worker, 'exit');
  worker.kill('SIGTERM');
  await exited;
  await stop(index);
  await stop(api);
  expect(await leftBehind(instance)).toEqual([]);
});

/** Starts a program on its socket; resolves when it answers, which with two on one socket either may do. */
async function startOn(name: 'api' | 'index'): Promise<number> {
  const main = `dist/${name === 'api' ? 'api' : 'index-server'}/main.js`;
  const pid = await sockets[name].start([process.execPath, '--enable-source-maps', main], environment);
  programs.add(pid);
  for (;;) {
    if (!isProcessRunning(pid)) throw new Error(`the ${name} ended before it answered`);
    if ((await call('/readyz', sockets[name].port)) === 200) break;
  }
  return pid;
}

/** As an init system does: SIGTERM, then wait for the end. */
async function stop(pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  await expect.poll(() => isProcessRunning(pid), { interval: 10 }).toBe(false);
  programs.delete(pid);
}

function startWorker(): ChildProcess {
  const worker = spawn(process.execPath, ['--enable-source-maps', 'dist/worker/main.js'], {
    env: { ...process.env, ...environment, WHEELWRIGHT_TOKEN_FILE: join(data, 'admin-token') },
    stdio: process.env.SHOW_LOG ? 'inherit' : 'ignore',
  });
  if (worker.pid !== undefined) programs.add(worker.pid);
  worker.once('exit', () => programs.delete(worker.pid ?? 0));
  return worker;
}

/** Status of a GET on a connection of its own, or what was wrong when it was refused or broken off. */
function call(path: string, port = sockets.api.port): Promise<number | string> {
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', (error) => resolve(error.message)).end();
  });
}

/** One installation of the first project into a fresh folder; says what went wrong, also what the client mended by itself. */
function installer(name: 'pip' | 'uv'): () => Promise<string | undefined> {
  const index = ['--index-url', `${environment.WHEELWRIGHT_INDEX_URL}/simple/`, 'rolling-0==1.0'];
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), 'wheelwright-rolling-install-'));
    const target = ['--no-deps', '--target', join(folder, 'site')];
    const { code, stdout, stderr } =
      name === 'pip'
        ? await runClient('python3', ['-m', 'pip', 'install', ...target, ...index], folder)
        : await runClient(join(uv, 'uv'), ['pip', 'install', ...target, ...index], folder);
    await rm(folder, { recursive: true, force: true });
    return code === 0 && !/retry|error/i.test(stdout + stderr) ? undefined : `${name}: ${code} ${stdout}${stderr}`;
  };
}

async function ended(id: string): Promise<Build> {
  for (;;) {
    const build = await client.build(id);
    if (build.finishedAt !== undefined) return build;
    await sleep(100);
  }
}

/** An upstream with a project of every name that begins with `rolling-`. */
async function serveSdists(): Promise<Server> {
  const made = new Map<string, Buffer>();
  const bytesOf = async (project: string) => {
    const bytes = made.get(project) ?? (await readFile((await sdists.make({ project, hooks: HOOKS })).path));
    made.set(project, bytes);
    return bytes;
  };
  const server = createServer(async (request, response) => {
    const [, kind, name = ''] = (request.url ?? '').split('/');
    const project = /^rolling[-_](\d+)/.exec(name)?.[1];
    if (project === undefined) {
      response.writeHead(404).end();
      return;
    }
    const bytes = await bytesOf(`rolling-${project}`);
    if (kind === 'files') {
      response.end(bytes);
      return;
    }
    const filename = `rolling_${project}-1.0.tar.gz`;
    const hashes = { sha256: createHash('sha256').update(bytes).digest('hex') };
    response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' });
    response.end(
      JSON.stringify({
        meta: { 'api-version': '1.1' },
        name,
        files: [{ filename, url: `/files/${filename}`, hashes }],
      }),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}
