import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../adapters/sqlite/database.js';
import { readMigrations } from '../../adapters/sqlite/migrations.js';
import { nameSkeleton } from '../../core/look-alike.js';

let db: Database;
beforeAll(() => {
  db = openDatabase(':memory:', readMigrations('migrations'), 0);
});
afterAll(() => db.destroy());

test('the database sees the same look-alikes as the program', async () => {
  const name = fc.stringMatching(/^[a-z0-9]([a-z0-9vwrnil15o-]{0,12}[a-z0-9])?$/);
  await fc.assert(
    fc.asyncProperty(name, async (project) => {
      const values = { name: project, owned: 1, status: 'active', status_reason: null, serial: 0 } as const;
      await db
        .insertInto('projects')
        .values(values)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      const row = db.selectFrom('projects').select('skeleton').where('name', '=', project);
      expect((await row.executeTakeFirstOrThrow()).skeleton).toBe(nameSkeleton(project));
    }),
    { numRuns: 500 },
  );
});
