import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { configuredIndexUrl, resolveUpstreamUrl } from '../../adapters/upstream/upstream-url.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wheelwright-pip-'));
  vi.stubEnv('PIP_CONFIG_FILE', join(folder, 'pip.conf'));
  vi.stubEnv('PIP_INDEX_URL', undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

test('an index that only a configuration file of pip names is used, for packages and for the tools of images', async () => {
  await writeFile(join(folder, 'pip.conf'), '[global]\nindex-url = https://user:secret@mirror.example/simple\n');
  expect(await configuredIndexUrl({})).toBe('https://user:secret@mirror.example/simple');
  expect(await resolveUpstreamUrl({})).toBe('https://user:secret@mirror.example/simple/');
});
