// Commands that start a service for themselves, two at a time.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { isProcessRunning } from '../../adapters/host/process.js';
import { openSdistFolder, type SdistFolder } from '../fixtures/sdists/sdist.js';
import { serveSdists } from '../support/sdist-index.js';
import { runFrontDoor } from '../support/service.js';

const hooks = `
def build(folder, write_wheel):
    return write_wheel(folder, {"sample.py": b"value = 1"})
`;

/** Lets the upstream give the archive of `held`, whose build goes on for as long as a test wants. */
let release: () => void;
let released: Promise<void>;
let sdists: SdistFolder;
let upstream: Server;
let environment: NodeJS.ProcessEnv;
let data: string;
beforeAll(async () => {
  sdists = await openSdistFolder();
  const made = await Promise.all(['quick', 'held'].map((project) => sdists.make({ project, hooks })));
  upstream = await serveSdists(made, async (project) => (project === 'held' ? released : undefined));
});
beforeEach(async () => {
  released = new Promise((resolve) => {
    release = resolve;
  });
  data = await mkdtemp(join(tmpdir(), 'wheelwright-shared-'));
  environment = {
    ...process.env,
    WHEELWRIGHT_DATA: data,
    WHEELWRIGHT_API_PORT: '0',
    WHEELWRIGHT_INDEX_PORT: '0',
    WHEELWRIGHT_INSTANCE: `test-shared-${process.pid}`,
    WHEELWRIGHT_COMPILER_CACHE_BYTES: '0',
    WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES: '0',
    WHEELWRIGHT_WORKER_SLOTS: '2',
    WHEELWRIGHT_UPSTREAM: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/simple/`,
  };
});
afterEach(() => rm(data, { recursive: true }));
afterAll(async () => {
  upstream.close();
  await sdists.remove();
});

interface Note {
  supervisor: number;
  programs: number[];
}

async function readNote(): Promise<Note> {
  await expect.poll(() => existsSync(join(data, 'service.json')), { timeout: 120_000 }).toBe(true);
  return JSON.parse(await readFile(join(data, 'service.json'), 'utf8'));
}

function start(...args: string[]): { child: ChildProcess; ended: Promise<{ code: number | null; err: string }> } {
  const child = spawn('./wheelwright', args, { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  return { child, ended: once(child, 'close').then(([code]) => ({ code, err })) };
}

test('asked at the same moment they share one service, which ends with the last of them', async () => {
  const held = runFrontDoor(environment, 'build', 'held==1.0');
  const quick = runFrontDoor(environment, 'build', 'quick==1.0');
  const { programs } = await readNote();
  expect(await quick).toMatchObject({ code: 0, out: expect.stringContaining('quick-1.0') });
  expect(programs.every(isProcessRunning)).toBe(true);
  expect((await readNote()).programs).toEqual(programs);
  release();
  expect(await held).toMatchObject({ code: 0, out: expect.stringContaining('held-1.0') });
  expect(programs.some(isProcessRunning)).toBe(false);
  expect(existsSync(join(data, 'service.json'))).toBe(false);
});

test('the one that started it may be interrupted: the other goes on, and ends it', async () => {
  const first = start('build', 'quick==1.0', 'held==1.0');
  const { supervisor, programs } = await readNote();
  const second = start('build', 'held==1.0');
  const users = async () => (await runFrontDoor({ ...environment }, 'list', '--json')).out;
  await expect.poll(users, { timeout: 120_000, interval: 500 }).toContain('held');
  await expect
    .poll(() => existsSync(join(data, 'service-users', String(second.child.pid))), { timeout: 60_000 })
    .toBe(true);
  first.child.kill('SIGINT');
  expect((await first.ended).code).toBe(130);
  expect((await readNote()).supervisor).not.toBe(supervisor);
  release();
  const { code, err } = await second.ended;
  expect(code, err).toBe(0);
  expect(programs.some(isProcessRunning)).toBe(false);
  expect(existsSync(join(data, 'service.json'))).toBe(false);
});

test('a service whose terminal is closed is stopped, though nothing can be said there any more', async () => {
  const child = spawn('./wheelwright', ['up'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const { programs } = await readNote();
  await once(child.stdout, 'data');
  child.stdout.destroy();
  child.stderr.destroy();
  child.kill('SIGHUP');
  await once(child, 'exit');
  expect(programs.filter(isProcessRunning)).toEqual([]);
  expect(existsSync(join(data, 'service.json'))).toBe(false);
});

test('a command whose reader has seen enough ends the service that it started', async () => {
  const child = spawn('./wheelwright', ['build', 'quick==1.0'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const { programs } = await readNote();
  child.stdout.destroy();
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(programs.filter(isProcessRunning)).toEqual([]);
  expect(existsSync(join(data, 'service.json'))).toBe(false);
});
