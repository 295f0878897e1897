import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSpool, readSpooled, type Spool, writeFile } from '../../worker/spool.js';

let spool: Spool;
const { signal } = new AbortController();
beforeEach(async () => {
  spool = await openSpool();
});
afterEach(() => spool.remove().catch(() => undefined));

test.each([0, 100, 256 << 10, (256 << 10) + 1, 3 << 20])('%d bytes pass through whole', async (sizeBytes) => {
  const bytes = randomBytes(sizeBytes);
  const pieces = Array.from({ length: Math.ceil(sizeBytes / 50_000) }, (_, at) =>
    bytes.subarray(at * 50_000, (at + 1) * 50_000),
  );
  const path = spool.path('file');
  const stored = await writeFile(Readable.from(pieces, { objectMode: false }), path, sizeBytes, signal);
  expect(stored).toEqual({ sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes });
  expect(readFileSync(path).equals(bytes)).toBe(true);
  expect((await buffer(readSpooled(path, sizeBytes))).equals(bytes)).toBe(true);
});

test.each([100, 3 << 20])('one byte more than %d is too large, and its source is closed', async (maxBytes) => {
  const source = Readable.from([randomBytes(maxBytes), randomBytes(1)], { objectMode: false });
  await expect(writeFile(source, spool.path('file'), maxBytes, signal)).rejects.toMatchObject({ code: 'too-large' });
  expect(source.destroyed).toBe(true);
});

test('a source that says nothing more is given up when the attempt is, and one that breaks off is an error', async () => {
  const breaking = new AbortController();
  const silent = new PassThrough();
  const written = writeFile(silent, spool.path('silent'), 100, breaking.signal);
  silent.write('a');
  breaking.abort();
  await expect(written).rejects.toThrow('aborted');
  expect(silent.destroyed).toBe(true);
  const broken = new PassThrough();
  const failed = writeFile(broken, spool.path('broken'), 100, signal);
  broken.destroy(new Error('reset'));
  await expect(failed).rejects.toThrow('reset');
});

test('nothing of it is left', async () => {
  const folder = dirname(spool.path('a'));
  for (const name of ['a', 'b']) await writeFile(Readable.from([Buffer.from(name)]), spool.path(name), 10, signal);
  await spool.remove();
  expect(existsSync(folder)).toBe(false);
});
