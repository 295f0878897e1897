// A service whose index takes a token from everybody: its own worker is let in, and the token gets into nothing that is kept.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSdistFolder, type SdistFolder } from '../fixtures/sdists/sdist.js';
import { serveSdists } from '../support/sdist-index.js';
import { startTestService, type TestService } from '../support/service.js';

const run = promisify(execFile);

const TOOL = `
def build(folder, write_wheel):
    return write_wheel(folder, {"tool.py": b"value = 42"})
`;
const USER = `
def build(folder, write_wheel):
    import tool
    return write_wheel(folder, {"sample.py": f"value = {tool.value}".encode()})
`;

let sdists: SdistFolder;
let upstream: Server;
let service: TestService;
beforeAll(async () => {
  sdists = await openSdistFolder();
  upstream = await serveSdists([
    await sdists.make({ project: 'tool', hooks: TOOL }),
    await sdists.make({ project: 'sample', hooks: USER, requires: ['tool'], dependencies: ['tool'] }),
  ]);
  service = await startTestService({
    WHEELWRIGHT_INDEX_TOKEN_REQUIRED: '1',
    WHEELWRIGHT_READ_TOKEN_REQUIRED: '1',
    WHEELWRIGHT_INSTANCE: `test-closed-${process.pid}`,
    WHEELWRIGHT_UPSTREAM: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/simple/`,
  });
});
afterAll(async () => {
  await service.close();
  upstream.close();
  await sdists.remove();
});

test('a build takes what was built before from the closed index, to build and to be tested', async () => {
  const { code, out, err } = await service.wheelwright('build', 'sample', '--python', 'cp313');
  expect(code, out + err).toBe(0);
  expect((await fetch(`${service.indexUrl}/simple/sample/`)).status).toBe(401);

  const token = (await readFile(join(service.data, 'admin-token'), 'utf8')).trim();
  const closed = service.indexUrl.replace('://', `://__token__:${token}@`);
  const target = join(service.data, 'installed');
  await run('python3', [
    '-m',
    'pip',
    'install',
    '-q',
    '--index-url',
    `${closed}/simple/`,
    '--target',
    target,
    'sample',
  ]);
  expect(await readFile(join(target, 'sample.py'), 'utf8')).toBe('value = 42');
  expect(await readdir(target)).toContain('tool.py');
});

test('neither the logs nor what the builds took in show a token', async () => {
  const logs = join(service.data, 'logs');
  for (const name of await readdir(logs)) {
    expect(await readFile(join(logs, name), 'utf8')).not.toMatch(/__token__:|INDEX_TOKEN/);
  }
  const { out } = await service.wheelwright('list', '--json');
  const { builds } = JSON.parse(out) as { builds: { id: string }[] };
  expect(builds).toHaveLength(2);
  const token = (await readFile(join(service.data, 'admin-token'), 'utf8')).trim();
  for (const { id } of builds) {
    const shown = await service.wheelwright('show', id, '--json');
    expect(shown.code).toBe(0);
    expect(shown.out).not.toContain(token);
  }
});
