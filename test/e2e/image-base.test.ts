import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { bootstrapBase, pullBase } from '../../adapters/docker/image-base.js';
import { startImageRegistry } from '../support/image-registry.js';

const script = resolve('images/families/debian/bootstrap');
const base = { repo: 'wheelwright-test', tag: `base-${process.pid}`, labels: {} };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wheelwright-test-'));
  vi.stubEnv('TMPDIR', folder);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

it('leaves nothing on the host when it is aborted in the middle', async () => {
  const abort = new AbortController();
  const what = { script, suite: 'bookworm', mirror: undefined };
  const bootstrapping = bootstrapBase(new Docker(), what, base, abort.signal);
  await vi.waitUntil(async () => {
    const [made] = await readdir(folder);
    return made !== undefined && (await readdir(join(folder, made))).includes('usr');
  }, 120_000);
  abort.abort(new Error('stopped'));
  await expect(bootstrapping).rejects.toThrow('stopped');
  expect(await readdir(folder)).toEqual([]);
});

it('imports what was made, under its name and labels', async () => {
  const tools = await mkdtemp(join(folder, 'tools-'));
  const small = join(tools, 'bootstrap');
  await writeFile(small, '#!/bin/sh\nmkdir "$2/etc" && echo "$1" > "$2/etc/suite"\n', { mode: 0o755 });
  const labels = { 'wheelwright.digest': 'd'.repeat(64) };
  const docker = new Docker();
  const what = { script: small, suite: 'small', mirror: undefined };
  await bootstrapBase(docker, what, { ...base, labels }, new AbortController().signal);
  const image = docker.getImage(`${base.repo}:${base.tag}`);
  expect((await image.inspect()).Config.Labels).toEqual(labels);
  await image.remove();
  await rm(tools, { recursive: true });
});

it('says in the words of debootstrap why a suite cannot be had', async () => {
  const what = { script, suite: 'no-such-suite', mirror: undefined };
  const bootstrapping = bootstrapBase(new Docker(), what, base, new AbortController().signal);
  await expect(bootstrapping).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('no-such-suite'),
  });
  expect(await readdir(folder)).toEqual([]);
});

it('pulls one by its digest, labels it, and lets apt take packages from a suite that is past its support', async () => {
  const registry = await startImageRegistry({ 'etc/suite': 'old\n' });
  const labels = { 'wheelwright.digest': 'e'.repeat(64) };
  const pulled = { ...base, tag: `${base.tag}-pulled`, labels };
  const docker = new Docker();
  const { signal } = new AbortController();
  await pullBase(docker, { reference: registry.reference, apt: true }, pulled, signal);
  const name = `${pulled.repo}:${pulled.tag}`;
  expect((await docker.getImage(name).inspect()).Config.Labels).toEqual(labels);
  const container = await docker.createContainer({ Image: name, Cmd: ['none'] });
  const read = async (path: string) => text(await container.getArchive({ path }));
  expect(await read('/etc/suite')).toContain('old');
  expect(await read('/etc/apt/apt.conf.d/90wheelwright')).toContain('Acquire::Check-Valid-Until "false"');
  await container.remove();
  await docker.getImage(name).remove();
  await docker.getImage(registry.reference).remove();
  await registry.close();
  const away = pullBase(docker, { reference: registry.reference, apt: true }, pulled, signal);
  await expect(away).rejects.toMatchObject({ code: 'unavailable', hint: expect.stringContaining('debootstrap') });
});
