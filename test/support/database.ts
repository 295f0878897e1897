import { resolve } from 'node:path';
import { type Database, openDatabase } from '../../adapters/sqlite/database.js';
import { readMigrations } from '../../adapters/sqlite/migrations.js';

export function openTestDatabase(path = ':memory:'): Database {
  return openDatabase(path, readMigrations(resolve('migrations')), 0);
}
