import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isProcessRunning } from '../../adapters/host/process.js';
import { runFrontDoor, startTestService, type TestService } from '../support/service.js';

interface Note {
  supervisor: number;
  programs: number[];
}

let service: TestService;
beforeEach(async () => {
  service = await startTestService();
});
afterEach(() => service.close());

async function readNote(): Promise<Note> {
  return JSON.parse(await readFile(path.join(service.data, 'service.json'), 'utf8'));
}

async function ended(pids: readonly number[]): Promise<void> {
  while (pids.some(isProcessRunning)) await new Promise((resolve) => setTimeout(resolve, 50));
}

test('clean says what it would remove, of the data and of the engine, and removes nothing of the worker that runs', async () => {
  const { code, out, err } = await service.wheelwright('clean', '--dry-run', '--json');
  expect(code, err).toBe(0);
  expect(JSON.parse(out)).toEqual({
    data: { trials: [], logs: 0, strayLogs: 0, blobs: 0, blobBytes: 0 },
    engine: { images: [], orphans: [] },
  });
  const without = { ...service.environment, DOCKER_HOST: 'tcp://127.0.0.1:1' };
  const done = await runFrontDoor(without, 'clean');
  expect(done.err).toContain('engine was left as it is');
  expect(done).toMatchObject({ code: 0, out: 'removed 0 trial wheels, 0 logs, 0 blobs (0 B)\n' });
});

describe('up', () => {
  test('runs api and index-server, which other commands find on whatever ports they got', async () => {
    expect((await fetch(`${service.apiUrl}/healthz`)).status).toBe(200);
    expect((await fetch(`${service.indexUrl}/simple/`)).status).toBe(200);
    const { code, out } = await service.wheelwright('list', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ builds: [] });
    const { out: explained } = await service.wheelwright('index', 'explain', 'no-such-project-at-all');
    expect(explained).toContain('nobody knows it');
  });

  test('a second one on the same data is refused, and says where the first is', async () => {
    const { code, err } = await service.wheelwright('up');
    expect(err).toContain(`runs already at ${service.apiUrl}`);
    expect(code).toBe(1);
  });

  test('when a program dies it stops the others, says which, and exits 3', async () => {
    const { supervisor, programs } = await readNote();
    const environment = { ...service.environment };
    const [, indexServer = 0] = programs.toReversed();
    process.kill(indexServer, 'SIGKILL');
    await ended([supervisor, ...programs]);
    const again = spawn('./wheelwright', ['up'], { env: environment, stdio: ['ignore', 'pipe', 'ignore'] });
    await once(again.stdout, 'data');
    const exit = once(again, 'exit');
    again.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
    expect(await service.close()).toBe(3);
  });

  test('what a killed one left running is replaced by the next', async () => {
    const { supervisor, programs } = await readNote();
    process.kill(supervisor, 'SIGKILL');
    await ended([supervisor]);
    expect(programs.every(isProcessRunning)).toBe(true);
    const next = spawn('./wheelwright', ['up'], { env: service.environment, stdio: ['ignore', 'pipe', 'ignore'] });
    await once(next.stdout, 'data');
    expect(programs.some(isProcessRunning)).toBe(false);
    const exit = once(next, 'exit');
    next.kill('SIGTERM');
    await exit;
  });
});

test('ports that are taken are replaced by free ones', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const other = await startTestService({ WHEELWRIGHT_API_PORT: String(port) });
  try {
    expect(other.apiUrl).not.toContain(`:${port}`);
    expect((await fetch(`${other.apiUrl}/healthz`)).status).toBe(200);
  } finally {
    await other.close();
    taken.close();
  }
});

test('an engine that is not there exits 3 and says what to do', async () => {
  const environment = { ...service.environment, DOCKER_HOST: 'tcp://127.0.0.1:1' };
  const { code, err } = await runFrontDoor(environment, 'image', 'list');
  expect(err).toMatch(/error: .*engine/);
  expect(err).toContain('DOCKER_HOST');
  expect(code).toBe(3);
});
