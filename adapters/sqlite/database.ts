import Sqlite from 'better-sqlite3';
import { Kysely } from 'kysely';
import { groupCommitDialect } from './group-commit.js';
import { type Migration, migrate } from './migrations.js';
import type { Tables } from './schema.js';

export type Database = Kysely<Tables>;

/**
 * Opens the service's database for its one writer, makes it where it is missing, and brings its schema up to date.
 * @param path file, or `:memory:`
 * @throws WheelwrightError `conflict` when the schema is newer than this program
 */
export function openDatabase(path: string, migrations: readonly Migration[], now: number): Database {
  const sqlite = new Sqlite(path);
  try {
    sqlite.pragma('journal_mode = WAL');
    // FULL, since NORMAL may forget the last commits in a power cut: a wheel that pip has already installed would be gone from the index, and
    // other bytes could come back under its name (invariant 1). It costs one fsync per commit, which many transactions share.
    sqlite.pragma('synchronous = FULL');
    sqlite.pragma('busy_timeout = 5000');
    sqlite.pragma('foreign_keys = ON');
    migrate(sqlite, migrations, now);
  } catch (error) {
    sqlite.close();
    throw error;
  }
  return new Kysely<Tables>({ dialect: groupCommitDialect(sqlite, sqlite.memory ? undefined : openReader(path)) });
}

function openReader(path: string): Sqlite.Database {
  const sqlite = new Sqlite(path, { readonly: true });
  sqlite.pragma('busy_timeout = 5000');
  return sqlite;
}
