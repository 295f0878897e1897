// What is asked of a container engine, by one that only listens.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { afterEach, expect, test } from 'vitest';
import { watchDisk } from '../../adapters/docker/disk-watch.js';
import { openEngine } from '../../adapters/docker/engine.js';
import type { ContainerSpec } from '../../core/engine.js';

const { signal } = new AbortController();
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Refuses to make containers and knows nothing else; returns what containers it was asked for, and what it was to remove. */
async function listeningEngine(answers: Record<string, () => Promise<object>> = {}) {
  const asked: { Env: string[]; HostConfig: { CpusetCpus: string } }[] = [];
  const removed: string[] = [];
  const answer: RequestListener = async (request, response) => {
    const body = await text(request);
    const path = request.url?.split('?')[0] ?? '';
    if (path === '/containers/create') asked.push(JSON.parse(body));
    if (request.method === 'DELETE') removed.push(path);
    const known = answers[path];
    response.writeHead(known === undefined ? 500 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(known === undefined ? { message: 'refused' } : await known()));
  };
  const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  const docker = new Docker({ protocol: 'http', host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  return { docker, asked, removed };
}

function open(docker: Docker) {
  return openEngine({
    docker,
    instance: 'test',
    fetchNetwork: 'none',
    prepareImages: async () => ({ builder: '', clean: '', compilerCache: false, inputs: [] }),
    now: Date.now,
  });
}

const SPEC: ContainerSpec = {
  image: 'builder-with-libraries',
  command: ['true'],
  environment: {},
  network: 'none',
  workspace: 'w',
  mounts: { build: 'read-write' },
  limits: { cpus: 1, memoryBytes: 2 ** 30, processes: 100, timeoutMs: 60_000, diskBytes: 2 ** 30 },
};

test('what looks at the disk as root runs no program and no library of a recipe', async () => {
  const { docker, asked } = await listeningEngine();
  await expect(
    watchDisk(docker, SPEC, { labels: {}, cache: undefined, keptLabels: {} }, () => undefined, signal),
  ).rejects.toThrow();
  expect(asked[0]?.Env).toEqual(['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LD_LIBRARY_PATH=']);
});

test('what is too much to be measured is past any limit, and a watch that ends by itself is no watch', async () => {
  const frame = (said: string) => {
    const header = Buffer.alloc(8);
    header.writeUInt32BE(said.length, 4);
    return Buffer.concat([header, Buffer.from(said)]);
  };
  const container = {
    attach: async () => Readable.from([frame('2\ttotal\nend 1\n'), frame('Killed\nend 137\n')]),
    start: async () => undefined,
    remove: async () => undefined,
  };
  const docker = { createContainer: async () => container } as unknown as Docker;
  const sizes: number[] = [];
  await expect(
    watchDisk(docker, SPEC, { labels: {}, cache: undefined, keptLabels: {} }, (size) => sizes.push(size), signal),
  ).rejects.toThrow('the container that looks at it ended');
  expect(sizes).toEqual([2048, Number.POSITIVE_INFINITY]);
});

test('two first containers at a time have different processors', async () => {
  let waiting = 0;
  let both: () => void = () => undefined;
  const together = new Promise<void>((resolve) => {
    both = resolve;
  });
  const { docker, asked } = await listeningEngine({
    '/info': async () => {
      waiting += 1;
      if (waiting === 2) both();
      await together;
      return { NCPU: 2, MemTotal: 2 ** 30, Architecture: 'x86_64', ServerVersion: '1', Labels: [], DockerRootDir: '/' };
    },
  });
  const engine = open(docker);
  const run = () => engine.run(SPEC, async () => 'continue', signal);
  await Promise.allSettled([run(), run()]);
  expect(asked.map(({ HostConfig }) => HostConfig.CpusetCpus).sort()).toEqual(['0', '1']);
});

test('a workspace of which only a part could be made is cleared away', async () => {
  const { docker, removed } = await listeningEngine({
    '/volumes/create': async () => ({ Name: 'v' }),
    '/containers/wheelwright-test-a1': async () => ({}),
  });
  const engine = open(docker);
  await expect(engine.createWorkspace('a1', 'builder', signal)).rejects.toThrow('making the volumes of an attempt');
  const parts = ['inputs', 'build', 'test', 'libraries'].map((name) => `/volumes/wheelwright-test-a1-${name}`);
  expect(removed).toEqual(['/containers/wheelwright-test-a1', ...parts]);
});

test('an orphan that cannot be removed is told, and keeps no other', async () => {
  const orphan = (Id: string) => ({
    Id,
    Names: [`/${Id}`],
    Labels: { 'wheelwright.instance': 'test', 'wheelwright.deadline': '0' },
  });
  const { docker, removed } = await listeningEngine({
    '/containers/json': async () => [orphan('stuck'), orphan('other')],
    '/containers/other': async () => ({}),
    '/volumes': async () => ({ Volumes: [] }),
  });
  await expect(open(docker).removeOrphans(new Set(), signal)).rejects.toThrow(/stuck: .*refused; removed: other/);
  expect(removed).toEqual(['/containers/stuck', '/containers/other']);
});
