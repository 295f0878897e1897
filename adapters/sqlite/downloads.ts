import { existsSync } from 'node:fs';
import Sqlite from 'better-sqlite3';

/** Downloads of wheels that were built here, and the milliseconds that building each of them anew would have taken. */
export interface DownloadTotals {
  downloads: number;
  savedMs: number;
}

const BUSY_MS = 1_000;

/**
 * Adds to the totals. They have a file of their own beside the service's database, which the index only reads; it is made where there is none, and a lost one only
 * begins the count anew.
 * @throws the error of SQLite when it cannot be written
 */
export function addDownloads(path: string, { downloads, savedMs }: DownloadTotals): void {
  const database = new Sqlite(path, { timeout: BUSY_MS });
  try {
    database.exec(
      'CREATE TABLE IF NOT EXISTS totals (one INTEGER PRIMARY KEY CHECK (one = 1), downloads INTEGER NOT NULL, saved_ms INTEGER NOT NULL) STRICT',
    );
    database
      .prepare(
        `INSERT INTO totals VALUES (1, ?, ?)
        ON CONFLICT (one) DO UPDATE SET downloads = downloads + excluded.downloads, saved_ms = saved_ms + excluded.saved_ms`,
      )
      .run(downloads, savedMs);
  } finally {
    database.close();
  }
}

/** @throws the error of SQLite when there are totals and they cannot be read */
export function downloadTotals(path: string): DownloadTotals {
  if (!existsSync(path)) return { downloads: 0, savedMs: 0 };
  const database = new Sqlite(path, { readonly: true, timeout: BUSY_MS });
  try {
    const row = database.prepare<[], DownloadTotals>('SELECT downloads, saved_ms AS savedMs FROM totals').get();
    return row ?? { downloads: 0, savedMs: 0 };
  } finally {
    database.close();
  }
}
