import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openDatabase } from '../../adapters/sqlite/database.js';
import { prepared } from '../../adapters/sqlite/prepared.js';

test('a prepared query is put together once, and run with the values of each call, wherever they stand in it', async () => {
  const db = openDatabase(':memory:', [], 0);
  let built = 0;
  const between = prepared<{ low: number; high: number }, { found: number }>((database, value) => {
    built += 1;
    return sql<{ found: number }>`
      SELECT value AS found FROM json_each('[1,2,3,4]') WHERE value BETWEEN ${value('low')} AND ${value('high')} OR value = ${4} AND ${value('low')} = 2`.compile(
      database,
    );
  });
  const found = async (low: number, high: number) => (await between(db, { high, low })).rows.map((row) => row.found);
  expect(await found(1, 2)).toEqual([1, 2]);
  expect(await found(2, 3)).toEqual([2, 3, 4]);
  expect(await db.transaction().execute(async (trx) => (await between(trx, { low: 3, high: 3 })).rows)).toEqual([
    { found: 3 },
  ]);
  expect(built).toBe(1);
  await db.destroy();
});
