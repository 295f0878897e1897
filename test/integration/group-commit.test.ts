// Many transactions with one sync of the disk, and each of them still all or nothing.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Kysely, sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { groupCommitDialect } from '../../adapters/sqlite/group-commit.js';

interface Tables {
  notes: { id: number; text: string };
}

let folder: string;
let writer: Sqlite.Database;
let reader: Sqlite.Database;
let db: Kysely<Tables>;
let commits: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wheelwright-group-'));
  writer = new Sqlite(join(folder, 'test.db'));
  writer.pragma('journal_mode = WAL');
  writer.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT');
  commits = 0;
  const prepare = writer.prepare.bind(writer);
  writer.prepare = ((source: string) => {
    const statement = prepare(source);
    if (source !== 'COMMIT') return statement;
    const run = statement.run.bind(statement);
    statement.run = () => {
      commits += 1;
      return run();
    };
    return statement;
  }) as typeof writer.prepare;
  reader = new Sqlite(join(folder, 'test.db'), { readonly: true });
  db = new Kysely<Tables>({ dialect: groupCommitDialect(writer, reader) });
});
afterEach(async () => {
  await db.destroy();
  rmSync(folder, { recursive: true });
});

const add = (on: Kysely<Tables>, id: number, text = '') => on.insertInto('notes').values({ id, text }).execute();
const ids = async () => (await db.selectFrom('notes').select('id').orderBy('id').execute()).map(({ id }) => id);

test('what is asked at the same time is committed together', async () => {
  const numbers = Array.from({ length: 200 }, (_, index) => index);
  await Promise.all(
    numbers.map((id) => (id % 2 === 0 ? add(db, id) : db.transaction().execute((trx) => add(trx, id)))),
  );
  expect(await ids()).toEqual(numbers);
  expect(commits).toBeLessThan(5);
});

test('one that fails is undone alone, with all that it did', async () => {
  const results = await Promise.allSettled([
    add(db, 1),
    db.transaction().execute(async (trx) => {
      await add(trx, 2);
      await add(trx, 1);
    }),
    db.transaction().execute(async (trx) => {
      await add(trx, 3);
      throw new Error('thought better of it');
    }),
    add(db, 1),
    db.transaction().execute((trx) => add(trx, 4)),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected', 'fulfilled']);
  expect(await ids()).toEqual([1, 4]);
});

test('transactions see each other in their order, and readers only what is committed', async () => {
  await add(db, 1, 'old');
  const seen: unknown[] = [];
  const texts = (on: Kysely<Tables>) => on.selectFrom('notes').select('text').execute();
  const first = db.transaction().execute(async (trx) => {
    await trx.updateTable('notes').set({ text: 'new' }).execute();
    seen.push(await texts(trx), await texts(db));
  });
  const second = db.transaction().execute(async (trx) => {
    seen.push(await texts(trx));
  });
  await Promise.all([first, second]);
  expect(seen).toEqual([[{ text: 'new' }], [{ text: 'old' }], [{ text: 'new' }]]);
  expect(await texts(db)).toEqual([{ text: 'new' }]);
});

test('a full disk fails all whose changes are lost by it, and nobody afterwards', async () => {
  const pages = writer.pragma('page_count', { simple: true }) as number;
  writer.pragma(`max_page_count = ${pages + 2}`);
  const large = 'x'.repeat(100_000);
  const results = await Promise.allSettled([add(db, 1), add(db, 2, large), add(db, 3)]);
  const kept = await ids();
  for (const [index, { status }] of results.entries()) {
    expect(kept.includes(index + 1), `note ${index + 1}, ${status}`).toBe(status === 'fulfilled');
  }
  expect(results[1]?.status).toBe('rejected');
  writer.pragma('max_page_count = 100000');
  await add(db, 4, large);
  expect(await ids()).toContain(4);
});

test('who was to be committed with what SQLite undid is told so, even where the error was swallowed', async () => {
  const results = await Promise.allSettled([
    add(db, 1),
    db.transaction().execute(async (trx) => {
      await add(trx, 2);
      // As SQLite does by itself at some errors.
      writer.exec('ROLLBACK');
    }),
    add(db, 3),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  expect(await ids()).toEqual([3]);
});

test('nothing stays open: neither after a failure alone nor after a transaction that changed nothing', async () => {
  await expect(db.transaction().execute(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await db.transaction().execute((trx) => trx.selectFrom('notes').selectAll().execute());
  await expect(sql`INSERT INTO nowhere VALUES (1)`.execute(db)).rejects.toThrow('no such table');
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(writer.inTransaction).toBe(false);
});

test('what was asked before the end is committed at the end', async () => {
  let begun: () => void = () => undefined;
  const running = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const added = db.transaction().execute(async (trx) => {
    begun();
    await new Promise((resolve) => setImmediate(resolve));
    await add(trx, 1);
  });
  await running;
  await db.destroy();
  await added;
  await expect(add(db, 2)).rejects.toThrow('destroyed');
  const after = new Sqlite(join(folder, 'test.db'));
  expect(after.prepare('SELECT count(*) FROM notes').pluck().get()).toBe(1);
  after.close();
  db = new Kysely<Tables>({ dialect: groupCommitDialect(new Sqlite(':memory:'), undefined) });
});
