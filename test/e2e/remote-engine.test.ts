// A worker whose engine is on another machine: nothing is shared with it but its API.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Docker from 'dockerode';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { loadImages } from '../../adapters/disk/image-definitions.js';
import { openHostEngine } from '../../adapters/docker/host-engine.js';
import { configuredIndexUrl } from '../../adapters/upstream/upstream-url.js';
import { startApi } from '../../api/start.js';
import { openClient } from '../../client/client.js';
import { targetsOf } from '../../core/image.js';
import { parseSettings } from '../../core/settings.js';
import { openSdistFolder } from '../fixtures/sdists/sdist.js';
import { serveSdists } from '../support/sdist-index.js';
import { startSecondEngine } from '../support/second-engine.js';

const HOOKS = `
import subprocess, sysconfig
SOURCE = """
#include <Python.h>
static struct PyModuleDef module = { PyModuleDef_HEAD_INIT, "sample", NULL, -1, NULL };
PyMODINIT_FUNC PyInit_sample(void) { return PyModule_Create(&module); }
"""
def build(folder, write_wheel):
    open("sample.c", "w").write(SOURCE)
    include = sysconfig.get_path("include")
    subprocess.run(["gcc", "-shared", "-fPIC", "-I", include, "-o", "sample.so", "sample.c"], check=True)
    name = "sample" + sysconfig.get_config_var("EXT_SUFFIX")
    return write_wheel(folder, {name: open("sample.so", "rb").read()}, tag="cp313-cp313-linux_x86_64")
`;

const { signal } = new AbortController();
const instance = `test-remote-${process.pid}`;

/** Builder and clean twin, made on this machine's engine where they are missing. */
async function imagesHere(): Promise<string[]> {
  const definitions = await loadImages('images');
  const { images } = openHostEngine(
    parseSettings({}),
    await configuredIndexUrl(process.env),
    resolve('.'),
    definitions,
  );
  const target = definitions
    .flatMap(targetsOf)
    .find(({ image, python }) => image === 'debian-11' && python === 'cp313');
  if (target === undefined) throw new Error('images/ has no debian-11 with cp313');
  const { builder, clean } = await images.buildImage(target, () => undefined, signal);
  return [builder, clean];
}

it('carries sources, images and wheels by the API alone, and leaves nothing there', async (context) => {
  if (process.getuid?.() !== 0) return context.skip();
  const here = new Docker();
  const remote = await startSecondEngine();
  onTestFinished(() => remote.close());
  await remote.copyImages(here, await imagesHere());

  const data = await mkdtemp(join(tmpdir(), 'wheelwright-remote-'));
  const sdists = await openSdistFolder();
  const upstream = await serveSdists([await sdists.make({ hooks: HOOKS })]);
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const environment: Record<string, string> = {
    WHEELWRIGHT_DATA: data,
    WHEELWRIGHT_API_PORT: '0',
    WHEELWRIGHT_UPSTREAM: `${url}/simple/`,
    WHEELWRIGHT_INDEX_URL: url,
    WHEELWRIGHT_INSTANCE: instance,
    WHEELWRIGHT_COMPILER_CACHE_BYTES: '0',
    WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES: '0',
  };
  const api = await startApi(parseSettings(environment), { log: pino({ level: 'silent' }), root: resolve('.') });
  const token = (await readFile(join(data, 'admin-token'), 'utf8')).trim();
  const client = openClient({ url: api.url, token });
  const worker = startWorker({ ...environment, WHEELWRIGHT_API_URL: api.url, DOCKER_HOST: remote.host });
  try {
    const { builds } = await client.requestBuilds({ requirement: 'sample==1.0' });
    const id = builds[0]?.id ?? '';
    await expect.poll(async () => (await client.build(id)).finishedAt, { timeout: 300_000 }).toBeDefined();
    const build = await client.build(id);
    expect(build.attempts.map(({ status, failure }) => failure ?? status)).toEqual(['succeeded']);
    expect(build.files).toHaveLength(1);
    expect(build.files[0]?.filename).toMatch(/^sample-1\.0-cp313-cp313-manylinux_.*_x86_64\.whl$/);
    const filters = { label: [`wheelwright.instance=${instance}`] };
    const left = async (docker: Docker) => [
      ...(await docker.listContainers({ all: true, filters })),
      ...((await docker.listVolumes({ filters: JSON.stringify(filters) as never })).Volumes ?? []),
    ];
    await expect.poll(() => left(remote.docker)).toEqual([]);
    expect(await left(here)).toEqual([]);
  } finally {
    const stopped = once(worker, 'exit');
    worker.kill('SIGTERM');
    await stopped;
    await client.close();
    await api.close();
    upstream.close();
    await sdists.remove();
    await rm(data, { recursive: true });
  }
});

function startWorker(environment: Record<string, string>): ChildProcess {
  return spawn(process.execPath, ['dist/worker/main.js'], {
    env: { ...process.env, ...environment },
    stdio: process.env.SHOW_LOG ? 'inherit' : 'ignore',
  });
}
