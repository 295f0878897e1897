import { mkdtemp, readdir, rm } from 'node:fs/promises';
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

it('says in the words of debootstrap why a suite cannot be had', async () => {
  const what = { script, suite: 'no-such-suite', mirror: undefined };
  const bootstrapping = bootstrapBase(new Docker(), what, base, new AbortController().signal);
  await expect(bootstrapping).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('no-such-suite'),
  });
  expect(await readdir(folder)).toEqual([]);
});
