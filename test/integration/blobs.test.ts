import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openBlobStore } from '../../adapters/disk/blobs.js';
import type { BlobStore } from '../../core/store.js';

let folder: string;
let blobs: BlobStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wheelwright-blobs-'));
  blobs = await openBlobStore(folder);
});
afterEach(() => rm(folder, { recursive: true }));

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

const SHA256 = createHash('sha256').update('hello world').digest('hex');
const limit = { maxBytes: 100 };

test('bytes are found under their hash, in folders that do not grow without end', async () => {
  expect(await blobs.has(SHA256)).toBe(false);
  expect(await blobs.put(pieces('hello ', 'world'), limit)).toEqual({ sha256: SHA256, sizeBytes: 11 });
  expect(await blobs.has(SHA256)).toBe(true);
  expect(await readFile(blobs.path(SHA256), 'utf8')).toBe('hello world');
  expect(relative(folder, blobs.path(SHA256))).toBe(`sha256/${SHA256.slice(0, 2)}/${SHA256.slice(2, 4)}/${SHA256}`);
});

test('nothing at all is a blob too', async () => {
  const { sha256, sizeBytes } = await blobs.put(pieces(), limit);
  expect(sizeBytes).toBe(0);
  expect(await blobs.has(sha256)).toBe(true);
});

test('the same bytes stored at the same time are one whole blob', async () => {
  await Promise.all([1, 2, 3, 4].map(() => blobs.put(pieces('hello ', 'world'), { ...limit, sha256: SHA256 })));
  expect(await readFile(blobs.path(SHA256), 'utf8')).toBe('hello world');
  expect(await readdir(join(folder, 'incoming'))).toEqual([]);
});

test.each([
  ['another hash than expected', () => pieces('hello moon'), { maxBytes: 100, sha256: SHA256 }, 'invalid'],
  ['more than allowed', () => pieces('hello ', 'world'), { maxBytes: 10 }, 'too-large'],
] as const)('%s leaves nothing behind', async (_what, bytes, expected, code) => {
  await expect(blobs.put(bytes(), expected)).rejects.toMatchObject({ code });
  expect(await readdir(folder)).toEqual(['incoming']);
  expect(await readdir(join(folder, 'incoming'))).toEqual([]);
});

test('a source that breaks off leaves nothing behind', async () => {
  async function* broken() {
    yield Buffer.from('hello');
    throw new Error('connection lost');
  }
  await expect(blobs.put(broken(), limit)).rejects.toThrow('connection lost');
  expect(await blobs.has(SHA256)).toBe(false);
  expect(await readdir(join(folder, 'incoming'))).toEqual([]);
});

test('what a killed process was writing is gone after the next start', async () => {
  await mkdir(join(folder, 'incoming'), { recursive: true });
  await writeFile(join(folder, 'incoming', 'half'), 'hel');
  await openBlobStore(folder);
  expect(await readdir(join(folder, 'incoming'))).toEqual([]);
});

test.each(['', '../../etc/passwd', SHA256.toUpperCase(), `${SHA256}0`])('%j is no name of a blob', (name) => {
  expect(() => blobs.path(name)).toThrow('is not a sha256');
});

test('a check sees the whole file and can keep it out', async () => {
  const seen: unknown[] = [];
  const check = async (file: { path: string; sha256: string; sizeBytes: number }) => {
    seen.push([await readFile(file.path, 'utf8'), file.sha256, file.sizeBytes]);
  };
  await blobs.put(pieces('hello ', 'world'), { ...limit, check });
  expect(seen).toEqual([['hello world', SHA256, 11]]);

  const refusing = blobs.put(pieces('hello moon'), { ...limit, check: () => Promise.reject(new Error('no')) });
  await expect(refusing).rejects.toThrow('no');
  expect(await readdir(join(folder, 'incoming'))).toEqual([]);
  expect(await readdir(join(folder, 'sha256'))).toHaveLength(1);
});

test('a small file is handed to its check in memory, a large one is not kept there', async () => {
  const seen: (string | undefined)[] = [];
  const check = async ({ bytes }: { bytes?: Uint8Array }) => void seen.push(bytes && Buffer.from(bytes).toString());
  await blobs.put(pieces('hello ', 'world'), { ...limit, check });
  const large = Array.from({ length: 40 }, (_, n) => String(n % 10).repeat(10_000));
  const { sha256 } = await blobs.put(pieces(...large), { maxBytes: 1 << 20, check });
  expect(seen).toEqual(['hello world', undefined]);
  expect(await readFile(blobs.path(sha256), 'utf8')).toBe(large.join(''));
});
