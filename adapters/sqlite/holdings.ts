// The whole of a service's database as backup, restore and fsck look at it: read-only, beside the service that writes it.
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import Sqlite from 'better-sqlite3';
import { WheelwrightError } from '../../core/errors.js';
import { parseEffectiveRecipe, parseFailure, parseSdist, parseStrings } from './columns.js';

export interface HeldFile {
  filename: string;
  project: string;
  version: string;
  sha256: string;
  sizeBytes: number;
  metadataSha256: string | null;
  provenanceSha256: string | null;
}

/** Lines and bytes that a row claims of an attempt's log. */
export interface HeldChunk {
  firstLine: number;
  lineCount: number;
  byteOffset: number;
  byteCount: number;
}

export interface Holdings {
  /** Number of the newest migration it has. */
  schema(): number;
  files(): HeldFile[];
  /** Attempts with a log, in order. */
  attemptsWithLogs(): string[];
  logChunks(attemptId: string): HeldChunk[];
  /** What SQLite finds wrong with the file and its references. */
  damage(): string[];
  /** Rows that say what cannot be true together, or hold JSON of another form; each said in a sentence. */
  contradictions(): string[];
  close(): void;
}

/** Opens a database without a right to write. @throws WheelwrightError `not-found` when there is none, `invalid` when the file is not one of Wheelwright's */
export function openHoldings(path: string): Holdings {
  if (!existsSync(path)) {
    throw new WheelwrightError('not-found', `there is no database ${path}`, {
      hint: 'The data folder is named by WHEELWRIGHT_DATA; the first start of the api makes its database.',
    });
  }
  const database = new Sqlite(path, { readonly: true, timeout: 5_000 });
  try {
    return holdingsOf(database);
  } catch (error) {
    database.close();
    throw new WheelwrightError('invalid', `${path} is not a database of Wheelwright: ${(error as Error).message}`, {
      hint: 'It is damaged, or something else of that name. `wheelwright restore` brings a backup back into an empty folder.',
      cause: error,
    });
  }
}

/**
 * Copies a database while it is being written to, as it was at one moment.
 * @param to a path at which nothing is
 */
export async function copyDatabase(from: string, to: string): Promise<void> {
  const database = new Sqlite(from, { readonly: true, timeout: 5_000 });
  try {
    // All pages in one step: between steps a writer would make the copy begin again, and under load it might never end.
    await database.backup(to, { progress: () => 2 ** 31 - 1 });
  } finally {
    database.close();
  }
  const copy = new Sqlite(to);
  try {
    // A database in WAL mode cannot be opened on a disk that is only readable, where backups may lie.
    copy.pragma('journal_mode = DELETE');
  } finally {
    copy.close();
  }
  const handle = await open(to, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function holdingsOf(database: Sqlite.Database): Holdings {
  const schema = database.prepare<[], number | null>('SELECT max(number) FROM migrations').pluck();
  const files = database.prepare<[], HeldFile>(
    `SELECT filename, project, version, sha256, size_bytes AS sizeBytes, metadata_sha256 AS metadataSha256, provenance_sha256 AS provenanceSha256
     FROM files ORDER BY filename`,
  );
  const attempts = database
    .prepare<[], string>('SELECT DISTINCT attempt_id FROM log_chunks ORDER BY attempt_id')
    .pluck();
  const chunks = database.prepare<[string], HeldChunk>(
    `SELECT first_line AS firstLine, line_count AS lineCount, byte_offset AS byteOffset, byte_count AS byteCount
     FROM log_chunks WHERE attempt_id = ? ORDER BY first_line`,
  );
  return {
    schema: () => schema.get() ?? 0,
    files: () => files.all(),
    attemptsWithLogs: () => attempts.all(),
    logChunks: (attemptId) => chunks.all(attemptId),
    damage: () => damageOf(database),
    contradictions: () => [...contradictionsOf(database), ...wrongJson(database)],
    close: () => database.close(),
  };
}

function damageOf(database: Sqlite.Database): string[] {
  const pages = database.pragma('integrity_check') as { integrity_check: string }[];
  const references = database.pragma('foreign_key_check') as { table: string; rowid: number | null; parent: string }[];
  return [
    ...pages.map((row) => row.integrity_check).filter((line) => line !== 'ok'),
    ...references.map(
      ({ table, rowid, parent }) => `row ${rowid ?? '?'} of ${table} names a row of ${parent} that is not there`,
    ),
  ];
}

/** Each query gives one sentence per row. */
const CONTRADICTIONS = [
  `SELECT 'project ' || name || ' has serial ' || serial || ', above the index''s own: a change of it would go unnoticed'
   FROM projects WHERE serial > (SELECT value FROM index_serial)`,
  `SELECT filename || ' is on the index although it was deleted' FROM files WHERE filename IN (SELECT filename FROM deleted_files)`,
  `SELECT 'build ' || id || ' succeeded without a file' FROM builds
   WHERE status = 'succeeded' AND NOT EXISTS (SELECT 1 FROM build_files WHERE build_id = id)`,
  `SELECT 'build ' || id || ' is running without an attempt that is' FROM builds
   WHERE status = 'running' AND NOT EXISTS (SELECT 1 FROM attempts WHERE build_id = builds.id AND status IN ('leased', 'running'))`,
  `SELECT 'build ' || id || ' waits for nothing' FROM builds
   WHERE status = 'waiting' AND NOT EXISTS (SELECT 1 FROM build_needs WHERE build_id = builds.id)`,
];

function contradictionsOf(database: Sqlite.Database): string[] {
  return CONTRADICTIONS.flatMap((query) => database.prepare<[], string>(query).pluck().all());
}

const JSON_COLUMNS = [
  { table: 'builds', key: 'id', column: 'sdist_json', parse: parseSdist },
  { table: 'builds', key: 'id', column: 'recipe_json', parse: parseEffectiveRecipe },
  { table: 'attempts', key: 'id', column: 'failure_json', parse: parseFailure },
  { table: 'files', key: 'filename', column: 'grafted_json', parse: parseStrings },
  { table: 'files', key: 'filename', column: 'needs_json', parse: parseStrings },
] as const;

function wrongJson(database: Sqlite.Database): string[] {
  return JSON_COLUMNS.flatMap(({ table, key, column, parse }) => {
    const rows = database
      .prepare<[], { key: string; json: string }>(
        `SELECT ${key} AS key, ${column} AS json FROM ${table} WHERE ${column} IS NOT NULL`,
      )
      .iterate();
    const wrong: string[] = [];
    for (const { key: row, json } of rows) {
      try {
        parse(json);
      } catch (error) {
        wrong.push(`${column} of ${table} ${row}: ${(error as Error).message.replaceAll(/\s+/g, ' ')}`);
      }
    }
    return wrong;
  });
}
