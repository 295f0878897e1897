import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSpool, readSpooled, type Spool } from '../../worker/spool.js';

let spool: Spool;
const { signal } = new AbortController();
beforeEach(() => {
  spool = openSpool();
});
afterEach(() => spool.remove().catch(() => undefined));

test.each([0, 100, 256 << 10, (256 << 10) + 1, 3 << 20])('%d bytes pass through whole', async (sizeBytes) => {
  const bytes = randomBytes(sizeBytes);
  const pieces = Array.from({ length: Math.ceil(sizeBytes / 50_000) }, (_, at) =>
    bytes.subarray(at * 50_000, (at + 1) * 50_000),
  );
  const stored = await spool.take('file', Readable.from(pieces, { objectMode: false }), sizeBytes, signal);
  expect(stored).toMatchObject({ sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes });
  if (typeof stored.content === 'string') expect(readFileSync(stored.content).equals(bytes)).toBe(true);
  else expect(sizeBytes).toBeLessThanOrEqual(256 << 10);
  expect((await buffer(readSpooled(stored))).equals(bytes)).toBe(true);
});

test.each([100, 3 << 20])('one byte more than %d is too large, and its source is closed', async (maxBytes) => {
  const source = Readable.from([randomBytes(maxBytes), randomBytes(1)], { objectMode: false });
  await expect(spool.take('file', source, maxBytes, signal)).rejects.toMatchObject({ code: 'too-large' });
  expect(source.destroyed).toBe(true);
});

test('a source that says nothing more is given up when the attempt is, and one that breaks off is an error', async () => {
  const breaking = new AbortController();
  const silent = new PassThrough();
  const written = spool.take('silent', silent, 100, breaking.signal);
  silent.write('a');
  breaking.abort();
  await expect(written).rejects.toThrow('aborted');
  expect(silent.destroyed).toBe(true);
  const broken = new PassThrough();
  const failed = spool.take('broken', broken, 100, signal);
  broken.destroy(new Error('reset'));
  await expect(failed).rejects.toThrow('reset');
});

test('nothing of it is left', async () => {
  const large = async (name: string) => {
    const { content } = await spool.take(name, Readable.from([Buffer.alloc(1 << 20)]), 1 << 20, signal);
    return content as string;
  };
  const [one, other] = [await large('one'), await large('other')];
  expect(dirname(one)).toBe(dirname(other));
  await spool.remove();
  expect(existsSync(dirname(one))).toBe(false);
});
