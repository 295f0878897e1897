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

test('to remove a file, or look for trials, old logs or the use of an image, reads no table from end to end', () => {
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
  const oldLogs = `SELECT id, finished_at FROM attempts WHERE finished_at < 9 AND (finished_at, id) > (1, 'a') AND log_removed = 0
    AND EXISTS (SELECT at FROM log_chunks WHERE attempt_id = attempts.id) ORDER BY finished_at, id LIMIT 9`;
  expect(planOf(oldLogs)).not.toMatch(/SCAN|TEMP B-TREE/);
  const use =
    "SELECT COUNT(*), MIN(created_at), MAX(created_at) FROM builds WHERE builder_digest IN ('a', 'b') GROUP BY builder_digest";
  expect(planOf(use)).toContain('USING COVERING INDEX builds_by_builder');
});

test('a log that a note replaced before that was recorded is known for one', () => {
  const sqlite = new Sqlite(':memory:');
  migrate(sqlite, migrations.slice(0, 10), 0);
  sqlite.pragma('foreign_keys = OFF');
  const attempt = sqlite.prepare(
    "INSERT INTO attempts (id, build_id, number, status, worker, lease_token, lease_expires_at, started_at, finished_at) VALUES (?, 'b', ?, 'failed', 'w', 't', 0, 0, ?)",
  );
  const chunk = sqlite.prepare('INSERT INTO log_chunks VALUES (?, 1, 1, 0, 1, ?)');
  for (const [number, [id, endedAt, loggedAt]] of [['kept', 9, 8] as const, ['noted', 9, 99] as const].entries()) {
    attempt.run(id, number, endedAt);
    chunk.run(id, loggedAt);
  }
  attempt.run('silent', 2, 9);
  attempt.run('running', 3, null);
  migrate(sqlite, migrations, 0);
  expect(sqlite.prepare('SELECT id FROM attempts WHERE log_removed = 1').pluck().all()).toEqual(['noted']);
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
