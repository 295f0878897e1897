import Sqlite from 'better-sqlite3';

/**
 * Takes a lock among processes of this machine, by a file that SQLite locks: the system lets go of it when its holder ends, however that happens.
 * @returns what releases it; undefined while another process holds it
 */
export function tryLock(path: string): (() => void) | undefined {
  const database = new Sqlite(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { code?: string }).code === 'SQLITE_BUSY') return undefined;
    throw error;
  }
  return () => database.close();
}
