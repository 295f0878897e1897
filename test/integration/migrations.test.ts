import { resolve } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { migrate, readMigrations } from '../../adapters/sqlite/migrations.js';

const migrations = readMigrations(resolve('migrations'));

function schemaOf(sqlite: Sqlite.Database): string {
  const rows = sqlite
    .prepare<[], { sql: string }>('SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC, name')
    .all();
  return `${rows.map(({ sql }) => `${sql};`).join('\n\n')}\n`;
}

test('the migrated schema is the one on record', async () => {
  const sqlite = new Sqlite(':memory:');
  migrate(sqlite, migrations, 0);
  await expect(schemaOf(sqlite)).toMatchFileSnapshot('../fixtures/schema.sql');
});

test('a database that is up to date is left alone, one that is behind gets what it lacks', () => {
  const sqlite = new Sqlite(':memory:');
  migrate(sqlite, migrations.slice(0, 1), 1);
  migrate(sqlite, migrations, 2);
  migrate(sqlite, migrations, 3);
  const rows = sqlite.prepare<[], { number: number; at: number }>('SELECT number, at FROM migrations').all();
  expect(rows.map(({ number, at }) => [number, at])).toEqual(
    migrations.map(({ number }) => [number, number === 1 ? 1 : 2]),
  );
});

test('a database of a newer program is refused untouched', () => {
  const sqlite = new Sqlite(':memory:');
  migrate(sqlite, migrations, 0);
  expect(() => migrate(sqlite, migrations.slice(0, -1), 0)).toThrow(/schema \d+, this program knows/);
});

test('to remove a file, or look for trials, reads no table from end to end', () => {
  const sqlite = new Sqlite(':memory:');
  migrate(sqlite, migrations, 0);
  const planOf = (query: string) =>
    sqlite
      .prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${query}`)
      .all()
      .map(({ detail }) => detail)
      .join('\n');
  // With what its foreign keys ask for.
  expect(planOf("DELETE FROM files WHERE filename = 'a'")).not.toContain('SCAN');
  expect(planOf("DELETE FROM build_files WHERE filename = 'a'")).not.toContain('SCAN');
  const trials =
    "SELECT filename FROM files WHERE channel = 'trial' AND upload_time < 1 ORDER BY upload_time, filename";
  expect(planOf(trials)).not.toContain('SCAN');
});

test('a migration that fails leaves nothing of itself', () => {
  const sqlite = new Sqlite(':memory:');
  const good = { number: 1, name: '0001-a.sql', sql: 'CREATE TABLE a (x INTEGER) STRICT;' };
  const bad = {
    number: 2,
    name: '0002-b.sql',
    sql: 'CREATE TABLE b (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);',
  };
  expect(() => migrate(sqlite, [good, bad], 0)).toThrow('nowhere');
  const tables = sqlite.prepare<[], { name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  expect(tables.map(({ name }) => name).sort()).toEqual(['a', 'migrations']);
});
