import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { bootstrapBase } from '../../adapters/docker/image-base.js';

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
