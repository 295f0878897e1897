import { sql } from 'kysely';
import type { BuildStore } from '../../core/store.js';
import { attemptEndings } from './attempt-endings.js';
import { attemptTable } from './attempt-table.js';
import { buildTable } from './build-table.js';
import { claiming } from './claim.js';
import type { Database } from './database.js';
import { fileTable } from './file-table.js';
import { waiting } from './waiting.js';

export interface BuildStoreOptions {
  /** Simple index named in every order, for build and test requirements; absolute, ends in `/simple/`. */
  indexUrl: string;
  /** Milliseconds since the epoch. */
  clock: () => number;
}

/** The {@link BuildStore} on an open database; closing the store closes the database. */
export function createBuildStore(db: Database, { indexUrl, clock }: BuildStoreOptions): BuildStore {
  const builds = buildTable(db, clock);
  return {
    ...builds,
    ...claiming(db, indexUrl),
    ...attemptTable(db),
    ...attemptEndings(db, builds.build),
    ...waiting(db),
    ...fileTable(db),
    async ping() {
      await sql`SELECT 1`.execute(db);
    },
    close: () => db.destroy(),
  };
}
