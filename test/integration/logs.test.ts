import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLogStore } from '../../adapters/disk/logs.js';
import { createBuildStore } from '../../adapters/sqlite/build-store.js';
import { logRows } from '../../adapters/sqlite/log-rows.js';
import { workerStore } from '../../adapters/sqlite/worker-table.js';
import type { Lease } from '../../core/attempt.js';
import type { BuildStore, LogStore } from '../../core/store.js';
import { plannedBuild } from '../suites/build-store.js';
import { openTestDatabase } from '../support/database.js';
import { workerFacts } from '../support/worker.js';

let folder: string;
let store: BuildStore;
let logs: LogStore;
let lease: Lease;

async function newLease(key: string): Promise<Lease> {
  await store.addBuild(plannedBuild(key));
  return (await store.claim(workerFacts(), 30_000, Date.now())) as Lease;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wheelwright-logs-'));
  const db = openTestDatabase();
  await workerStore(db, 30_000).register(workerFacts(), Date.now());
  store = createBuildStore(db, { indexUrl: 'http://index.example/simple/', clock: Date.now });
  logs = await openLogStore(folder, logRows(db));
  await store.addRecipeRevision({
    digest: 'r'.repeat(64),
    project: 'spam',
    yaml: '',
    origin: 'none',
    approved: true,
  });
  lease = await newLease('k');
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

async function text(fromLine = 1, { attemptId } = lease): Promise<string> {
  let read = '';
  for await (const piece of logs.read(attemptId, fromLine)) read += piece.text;
  return read;
}

const file = () => join(folder, `${lease.attemptId}.log`);

test('lines are read as they were appended, from any line on', async () => {
  expect(await logs.append(lease, 1, 'one\ntwo\n', 10)).toBe(3);
  expect(await logs.append(lease, 3, 'three\n\n', 20)).toBe(5);
  expect(await text()).toBe('one\ntwo\nthree\n\n');
  expect(await text(2)).toBe('two\nthree\n\n');
  expect(await text(4)).toBe('\n');
  expect(await text(5)).toBe('');
  expect(await logs.lineCount(lease.attemptId)).toBe(4);
  const pieces = [];
  for await (const piece of logs.read(lease.attemptId, 2)) pieces.push(piece);
  expect(pieces).toEqual([
    { firstLine: 2, text: 'two\n', at: 10 },
    { firstLine: 3, text: 'three\n\n', at: 20 },
  ]);
});

test('a repeated piece is a no-op, and of one that overlaps only the new lines count', async () => {
  await logs.append(lease, 1, 'one\ntwo\n', 0);
  expect(await logs.append(lease, 1, 'one\ntwo\n', 0)).toBe(3);
  expect(await logs.append(lease, 1, 'one\n', 0)).toBe(3);
  expect(await logs.append(lease, 2, 'two\nthree\n', 0)).toBe(4);
  expect(await text()).toBe('one\ntwo\nthree\n');
});

test('a gap is refused and says where to go on', async () => {
  await logs.append(lease, 1, 'one\n', 0);
  await expect(logs.append(lease, 3, 'three\n', 0)).rejects.toMatchObject({
    code: 'conflict',
    hint: expect.stringContaining('from line 2'),
  });
});

test('half a line is refused', async () => {
  await expect(logs.append(lease, 1, 'one\ntw', 0)).rejects.toMatchObject({ code: 'invalid' });
  expect(await text()).toBe('');
});

test('what a crash tore is never shown and is overwritten by the next append', async () => {
  await logs.append(lease, 1, 'one\n', 0);
  await writeFile(file(), 'two and th', { flag: 'a' });
  expect(await text()).toBe('one\n');
  expect(await logs.append(lease, 2, 'zwei\n', 0)).toBe(3);
  expect(await text()).toBe('one\nzwei\n');
  expect((await readFile(file(), 'utf8')).startsWith('one\nzwei\n')).toBe(true);
});

test('a stale lease writes nothing', async () => {
  await logs.append(lease, 1, 'one\n', 0);
  await store.finish(lease, { kind: 'cancelled' }, undefined, 0);
  await expect(logs.append(lease, 2, 'two\n', 0)).rejects.toMatchObject({ code: 'conflict' });
  await expect(logs.append({ ...lease, token: 'x' }, 2, 'two\n', 0)).rejects.toMatchObject({ code: 'conflict' });
  expect(await readFile(file(), 'utf8')).toBe('one\n');
});

test('pieces sent at the same time become whole lines in one order', async () => {
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => logs.append(lease, 1, 'one\ntwo\n', 0)));
  expect(results.every(({ status }) => status === 'fulfilled')).toBe(true);
  expect(await text()).toBe('one\ntwo\n');
});

test('bytes and lines agree whatever is appended, however it is cut and repeated', async () => {
  let run = 0;
  const line = fc.string({ unit: fc.constantFrom('a', 'ü', '\u2028', '\r', '💥', '\u0000', ' '), maxLength: 8 });
  const lines = fc.array(line, { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(lines, fc.infiniteStream(fc.nat(4)), async (all, choices) => {
      const own = await newLease(`property-${run++}`);
      let next = 1;
      while (next <= all.length) {
        const from = Math.max(1, next - (choices.next().value ?? 0));
        const to = Math.min(all.length, next + (choices.next().value ?? 0));
        const piece = all.slice(from - 1, to).map((each) => `${each}\n`);
        next = await logs.append(own, from, piece.join(''), 0);
        expect(next).toBe(to + 1);
      }
      for (const from of [1, Math.ceil(all.length / 2), all.length]) {
        expect(await text(from, own)).toBe(
          all
            .slice(from - 1)
            .map((each) => `${each}\n`)
            .join(''),
        );
      }
    }),
    { numRuns: 40 },
  );
});
