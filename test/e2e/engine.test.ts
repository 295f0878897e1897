import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import Docker from 'dockerode';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openEngine } from '../../adapters/docker/engine.js';
import type { ContainerSpec, Engine } from '../../core/engine.js';
import { packFiles, readWorkspaceFile } from '../../worker/workspace-files.js';
import { openRealImages } from '../support/real-images.js';
import { leftBehind } from './attempt-bench.js';

const instance = `test-engine-${process.pid}`;
const { signal } = new AbortController();
const docker = new Docker();
let image: string;
let engine: Engine & { close(): Promise<void> };
let count = 0;

function open(through: Docker): Engine & { close(): Promise<void> } {
  const prepareImages = () => Promise.reject(new Error('not used here'));
  return openEngine({ docker: through, instance, fetchNetwork: 'host', prepareImages, now: Date.now });
}

function spec(workspace: string, script: string, change: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    image,
    command: ['/bin/sh', '-c', script],
    environment: {},
    network: 'none',
    workspace,
    mounts: { build: 'read-write' },
    limits: { cpus: 1, memoryBytes: 2 ** 28, processes: 50, timeoutMs: 60_000, diskBytes: 2 ** 30 },
    ...change,
  };
}

async function inWorkspace(use: (workspace: string) => Promise<void>): Promise<void> {
  count += 1;
  const workspace = await engine.createWorkspace(`${process.pid}-${count}`, image, signal);
  try {
    await engine.putTars(workspace, [{ folder: '/build', open: () => packFiles(['work/'], []) }], signal);
    await use(workspace);
  } finally {
    await engine.removeWorkspace(workspace);
  }
}

beforeAll(async () => {
  const { images, target } = await openRealImages(docker, instance);
  const made = await images.prepareImages(target, {}, () => undefined, signal);
  if ('kind' in made) throw new Error('there is no image to try with');
  image = made.builder;
  engine = open(docker);
});

afterAll(async () => {
  await engine.close();
  expect(await leftBehind(instance)).toEqual([]);
});

it('gives all of the output before the exit, and the exit code', async () => {
  await inWorkspace(async (workspace) => {
    let bytes = 0;
    let last = '';
    const exit = await engine.run(
      spec(workspace, 'seq 1 300000; echo end >&2; exit 7'),
      async (chunk) => {
        bytes += chunk.length;
        last = chunk.toString();
        return 'continue';
      },
      signal,
    );
    expect(exit).toEqual({ kind: 'exited', code: 7, oomKilled: false });
    expect(bytes).toBe(1_988_895 + 4);
    expect(last.endsWith('300000\n') || last.endsWith('end\n')).toBe(true);
  });
});

it('tells a workspace that is gone from a file that is not there', async () => {
  await inWorkspace(async (workspace) => {
    await engine.removeWorkspace(workspace);
    await expect(engine.getTar(workspace, '/build/work', signal)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

it('speaks of an abort and not of a bad archive when one is broken off', async () => {
  await inWorkspace(async (workspace) => {
    const breaking = new AbortController();
    const stopped = new Error('the worker stops');
    await engine.run(
      spec(workspace, 'head -c 200000000 /dev/zero > /build/work/zeros'),
      async () => 'continue',
      signal,
    );
    const archive = await engine.getTar(workspace, '/build/work/zeros', breaking.signal);
    breaking.abort(stopped);
    await expect(buffer(archive)).rejects.toBe(stopped);
  });
});

it('holds a container back whose output is not taken', async () => {
  await inWorkspace(async (workspace) => {
    const script = 'yes | head -c 50000000; echo done > /build/work/done';
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    let bytes = 0;
    const running = engine.run(
      spec(workspace, script),
      async (chunk) => {
        bytes += chunk.length;
        await gate;
        return 'continue';
      },
      signal,
    );
    await expect.poll(() => bytes, { timeout: 30_000 }).toBeGreaterThan(0);
    await expect(engine.getTar(workspace, '/build/work/done', signal)).rejects.toMatchObject({ code: 'not-found' });
    open();
    expect(await running).toMatchObject({ kind: 'exited', code: 0 });
    expect(bytes).toBe(50_000_000);
  });
});

it('carries files in, owned by the build user, and out', async () => {
  await inWorkspace(async (workspace) => {
    const files = [
      { name: 'note.txt', text: 'hello' },
      { name: 'empty', text: '' },
    ];
    await engine.putTars(workspace, [{ folder: '/build/deep/folder', open: () => packFiles([], files) }], signal);
    let output = '';
    await engine.run(
      spec(workspace, 'stat -c "%u %n" /build/deep /build/deep/folder/*; echo more >> /build/deep/folder/note.txt'),
      async (chunk) => {
        output += chunk.toString();
        return 'continue';
      },
      signal,
    );
    expect(output).toBe('1000 /build/deep\n1000 /build/deep/folder/empty\n1000 /build/deep/folder/note.txt\n');
    const read: Buffer[] = [];
    for await (const chunk of readWorkspaceFile(engine, workspace, '/build/deep/folder/note.txt', 100, signal)) {
      read.push(chunk);
    }
    expect(Buffer.concat(read).toString()).toBe('hellomore\n');
  });
});

it('says that the engine is gone when it dies in the middle', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wheelwright-engine-'));
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const upstream = connect('/var/run/docker.sock');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
    }
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((listening) => proxy.listen(join(folder, 'docker.sock'), listening));
  const fragile = open(new Docker({ socketPath: join(folder, 'docker.sock') }));
  await inWorkspace(async (workspace) => {
    const running = fragile.run(
      spec(workspace, 'echo started; sleep 20'),
      async () => {
        proxy.close();
        for (const socket of sockets) socket.destroy();
        return 'continue';
      },
      signal,
    );
    await expect(running).rejects.toMatchObject({ code: 'unavailable' });
    await fragile.close();
    await engine.removeOrphans(new Set(), signal);
  });
  await rm(folder, { recursive: true });
});

it('tells a container that somebody killed from one whose processes killed each other', async () => {
  await inWorkspace(async (workspace) => {
    const byItself = await engine.run(spec(workspace, 'kill -KILL $$'), async () => 'continue', signal);
    expect(byItself).toEqual({ kind: 'exited', code: 137, oomKilled: false });
    const filters = { label: [`wheelwright.instance=${instance}`], status: ['running'] };
    const killed = engine.run(spec(workspace, 'sleep 20'), async () => 'continue', signal);
    killed.catch(() => undefined);
    const running = () => docker.listContainers({ filters });
    await expect.poll(async () => (await running()).length, { timeout: 15_000 }).toBe(1);
    for (const { Id } of await running()) await docker.getContainer(Id).kill();
    await expect(killed).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('killed by somebody else'),
    });
  });
});

it('removes what a killed worker left behind, and nothing of a living one', async () => {
  const labels = (owner: string) => ({
    'wheelwright.instance': instance,
    'wheelwright.owner': owner,
    'wheelwright.attempt': owner,
    'wheelwright.deadline': String(Date.now() + 60_000),
  });
  const { hostname } = await import('node:os');
  const dead = `${hostname()}:999999999`;
  const living = `${hostname()}:1`;
  for (const [name, owner] of [
    ['dead', dead],
    ['living', living],
  ] as const) {
    await docker.createVolume({ Name: `${instance}-${name}-build`, Labels: labels(owner) });
    await docker.createContainer({ name: `${instance}-${name}`, Image: image, Cmd: ['true'], Labels: labels(owner) });
  }
  const removed = await engine.removeOrphans(new Set(), signal);
  expect(removed.sort()).toEqual([`${instance}-dead`, `${instance}-dead-build`]);
  expect(await leftBehind(instance)).toHaveLength(2);
  await docker.getContainer(`${instance}-living`).remove();
  await docker.getVolume(`${instance}-living-build`).remove();
});

it('breaks off when the archive that it carries in breaks off, with the fault of the archive', async () => {
  await inWorkspace(async (workspace) => {
    const whole = await buffer(packFiles(['work/'], [{ name: 'half', text: 'x'.repeat(2 ** 20) }]));
    const broken = Readable.from(
      (async function* () {
        yield whole.subarray(0, 2 ** 19);
        throw new Error('the disk of the worker is gone');
      })(),
    );
    await expect(engine.putTars(workspace, [{ folder: '/build', open: () => broken }], signal)).rejects.toThrow(
      'the disk of the worker is gone',
    );
  });
});
