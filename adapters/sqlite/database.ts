import Sqlite from 'better-sqlite3';
import { Kysely, type SqliteDatabase, SqliteDialect } from 'kysely';
import { type Migration, migrate } from './migrations.js';
import type { Tables } from './schema.js';

export type Database = Kysely<Tables>;

const MAX_KEPT_STATEMENTS = 500;

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
    // other bytes could come back under its name (invariant 1). It costs one fsync per commit.
    sqlite.pragma('synchronous = FULL');
    sqlite.pragma('busy_timeout = 5000');
    sqlite.pragma('foreign_keys = ON');
    migrate(sqlite, migrations, now);
  } catch (error) {
    sqlite.close();
    throw error;
  }
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database: withKeptStatements(sqlite) }) });
}

/** Kysely prepares a statement for each query. That costs more than most queries, and there are few different ones. */
function withKeptStatements(sqlite: Sqlite.Database): SqliteDatabase {
  const kept = new Map<string, Sqlite.Statement<unknown[]>>();
  return {
    close: () => sqlite.close(),
    prepare(sql) {
      const present = kept.get(sql);
      if (present !== undefined) return present;
      // Lists of values make texts without end.
      if (kept.size >= MAX_KEPT_STATEMENTS) kept.clear();
      const statement = sqlite.prepare<unknown[]>(sql);
      kept.set(sql, statement);
      return statement;
    },
  };
}
