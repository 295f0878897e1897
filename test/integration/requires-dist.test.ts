import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readWheelMetadata } from '../../adapters/archive/wheel-metadata.js';
import { type ClosableUpstream, openSimpleUpstream } from '../../adapters/upstream/simple-upstream.js';
import { createRequiresDist } from '../../api/requires-dist.js';
import type { CheckResult } from '../../core/check.js';
import type { IndexFile } from '../../core/simple-index.js';
import { makeWheel } from '../support/wheel.js';

const FILENAME = 'spam-1.0-py3-none-any.whl';
const wheel = makeWheel(FILENAME, 'value = 1\n', ['Requires-Dist: eggs<2', 'Requires-Dist: bacon; extra == "full"']);
const bodies = new Map<string, Buffer>();
let requests: string[];
let server: Server;
let origin: string;
let upstream: ClosableUpstream;
beforeEach(async () => {
  requests = [];
  bodies.clear();
  server = createServer((request, response) => {
    requests.push(request.url ?? '');
    const body = bodies.get(request.url ?? '');
    if (body === undefined) response.writeHead(404).end();
    else response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  upstream = openSimpleUpstream({ url: `${origin}/simple/` });
});
afterEach(async () => {
  await upstream.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function requires(more: Partial<IndexFile> = {}, reader = createReader()) {
  const upstreamFile = { filename: FILENAME, url: `${origin}/files/${FILENAME}`, hashes: {}, ...more };
  const result: CheckResult = {
    name: 'spam',
    version: '1.0',
    state: 'wheel-upstream',
    filename: FILENAME,
    reason: '',
    upstreamFile,
  };
  return reader(result, new AbortController().signal);
}
function createReader() {
  return createRequiresDist({
    store: { file: async () => undefined },
    blobs: { path: () => '/nowhere' },
    upstream,
    readWheelMetadata,
  });
}
const EXPECTED = ['eggs<2', 'bacon; extra == "full"'];

test('the metadata beside the wheel is enough where the upstream offers it', async () => {
  bodies.set(
    `/files/${FILENAME}.metadata`,
    Buffer.from('Metadata-Version: 2.1\nName: spam\nVersion: 1.0\nRequires-Dist: eggs<2\n'),
  );
  expect(await requires({ coreMetadata: true })).toEqual(['eggs<2']);
  expect(requests).toEqual([`/files/${FILENAME}.metadata`]);
});

test('else the wheel itself is looked into, once', async () => {
  bodies.set(`/files/${FILENAME}`, wheel.bytes);
  const reader = createReader();
  expect(await requires({}, reader)).toEqual(EXPECTED);
  expect(await requires({}, reader)).toEqual(EXPECTED);
  expect(requests).toEqual([`/files/${FILENAME}`]);
});

test('a large wheel is not fetched for that', async () => {
  expect(await requires({ sizeBytes: 500 * 2 ** 20 })).toBeUndefined();
  expect(requests).toEqual([]);
});

test('a wheel that is gone or broken leaves it unknown', async () => {
  expect(await requires()).toBeUndefined();
  bodies.set(`/files/${FILENAME}`, Buffer.from('no archive'));
  expect(await requires()).toBeUndefined();
});
