import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type Sqlite from 'better-sqlite3';
import { WheelwrightError } from '../../core/errors.js';

export interface Migration {
  /** The number that its file name begins with. */
  number: number;
  /** The file's name. */
  name: string;
  sql: string;
}

/** The migrations in a folder, in order. @throws WheelwrightError `internal` when numbers are missing or doubled. */
export function readMigrations(folder: string): Migration[] {
  const names = readdirSync(folder)
    .filter((name) => /^\d{4}-.+\.sql$/.test(name))
    .sort();
  return names.map((name, index) => {
    const number = Number(name.slice(0, 4));
    if (number !== index + 1) {
      throw new WheelwrightError('internal', `migration ${name} is out of order: number ${index + 1} was expected`, {
        hint: 'Migrations are numbered without gaps from 0001; give the newest one the next free number.',
      });
    }
    return { number, name, sql: readFileSync(join(folder, name), 'utf8') };
  });
}

/**
 * Runs the migrations that the database does not have yet, each in one transaction together with its record.
 * @throws WheelwrightError `conflict` when the database has one that is not in the list
 */
export function migrate(sqlite: Sqlite.Database, migrations: readonly Migration[], now: number): void {
  sqlite.exec(
    'CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, at INTEGER NOT NULL) STRICT',
  );
  const newest = sqlite.prepare<[], { number: number | null }>('SELECT max(number) AS number FROM migrations').get();
  const present = newest?.number ?? 0;
  if (present > migrations.length) {
    throw new WheelwrightError(
      'conflict',
      `the database has schema ${present}, this program knows ${migrations.length}`,
      {
        hint: 'A newer Wheelwright has used this data folder. Run that version, or restore a backup made before the upgrade.',
      },
    );
  }
  const record = sqlite.prepare('INSERT INTO migrations (number, name, at) VALUES (?, ?, ?)');
  for (const migration of migrations.slice(present)) {
    sqlite
      .transaction(() => {
        sqlite.exec(migration.sql);
        record.run(migration.number, migration.name, now);
      })
      .immediate();
  }
}
