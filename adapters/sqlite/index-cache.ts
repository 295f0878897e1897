import { gunzipSync, gzipSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import type { ProjectPage } from '../../core/simple-index.js';
import type { PageValidators } from '../../core/upstream.js';

/** A page of an upstream as it was last seen. Times are milliseconds since the epoch. */
export interface CachedPage {
  page: ProjectPage;
  validators: PageValidators;
  fetchedAt: number;
  freshUntil: number;
}

/** A file of an upstream whose bytes were verified. */
export interface CachedFile {
  sha256: string;
  /** Normalised. */
  project: string;
  sizeBytes: number;
  metadata?: { sha256: string; sizeBytes: number };
}

/** What the index remembers of its upstreams. All of it can be fetched again: the database may be deleted at any time. */
export interface IndexCache {
  page(upstream: string, project: string): CachedPage | undefined;
  putPage(upstream: string, project: string, cached: CachedPage): void;
  removePage(upstream: string, project: string): void;
  /** Notes that a page is still what it was. */
  renewPage(upstream: string, project: string, times: Pick<CachedPage, 'fetchedAt' | 'freshUntil'>): void;
  /** The hash that each file name of a project first came with. */
  firstHashes(upstream: string, project: string): Map<string, string>;
  rememberHashes(upstream: string, project: string, hashes: ReadonlyMap<string, string>): void;
  /** Verified files among these hashes that are still held. */
  file(sha256: string): CachedFile | undefined;
  putFile(file: CachedFile, now: number): void;
  /** Marks a use, for the eviction's order. */
  touchFile(sha256: string, now: number): void;
  removeFile(sha256: string): void;
  /** Whether any file has this as its metadata. */
  usesMetadata(sha256: string): boolean;
  heldBytes(): number;
  /** The files used longest ago. */
  leastRecentlyUsed(limit: number): CachedFile[];
  close(): void;
}

const SCHEMA_VERSION = 4;
/** Of this form, too, but a page of it may be NULL: for a name that the upstream did not know. */
const WITH_UNKNOWN_NAMES = 3;
const SCHEMA = `
  CREATE TABLE pages (
    upstream TEXT NOT NULL, project TEXT NOT NULL, fetched_at INTEGER NOT NULL, fresh_until INTEGER NOT NULL, page BLOB,
    etag TEXT, last_modified TEXT,
    PRIMARY KEY (upstream, project)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE first_hashes (
    upstream TEXT NOT NULL, project TEXT NOT NULL, filename TEXT NOT NULL, sha256 TEXT NOT NULL,
    PRIMARY KEY (upstream, project, filename)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE files (
    sha256 TEXT PRIMARY KEY, project TEXT NOT NULL, size_bytes INTEGER NOT NULL, metadata_sha256 TEXT, metadata_bytes INTEGER, used_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX files_by_use ON files (used_at);
  CREATE INDEX files_by_metadata ON files (metadata_sha256);`;

/** @param path file, or `:memory:`. A cache of another version of this program is emptied. */
export function openIndexCache(path: string): IndexCache {
  const database = new Sqlite(path);
  try {
    prepareSchema(database);
    return cacheOf(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepareSchema(database: Sqlite.Database): void {
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = NORMAL');
  database.pragma('busy_timeout = 2000');
  const version = database.pragma('user_version', { simple: true });
  if (version === SCHEMA_VERSION) return;
  if (version === WITH_UNKNOWN_NAMES) {
    database.exec('DELETE FROM pages WHERE page IS NULL');
  } else {
    database.exec('DROP TABLE IF EXISTS pages; DROP TABLE IF EXISTS first_hashes; DROP TABLE IF EXISTS files;');
    database.exec(SCHEMA);
  }
  database.pragma(`user_version = ${SCHEMA_VERSION}`);
}

interface PageRow {
  fetchedAt: number;
  freshUntil: number;
  page: Buffer;
  etag: string | null;
  lastModified: string | null;
}

interface FileRow {
  sha256: string;
  project: string;
  sizeBytes: number;
  metadataSha256: string | null;
  metadataBytes: number | null;
}

function cacheOf(database: Sqlite.Database): IndexCache {
  const getPage = database.prepare<[string, string], PageRow>(
    `SELECT fetched_at AS fetchedAt, fresh_until AS freshUntil, page, etag, last_modified AS lastModified
     FROM pages WHERE upstream = ? AND project = ?`,
  );
  const removePage = database.prepare('DELETE FROM pages WHERE upstream = ? AND project = ?');
  const putPage = database.prepare(
    'INSERT OR REPLACE INTO pages (upstream, project, fetched_at, fresh_until, page, etag, last_modified) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const renewPage = database.prepare(
    'UPDATE pages SET fetched_at = ?, fresh_until = ? WHERE upstream = ? AND project = ?',
  );
  const getHashes = database.prepare<[string, string], { filename: string; sha256: string }>(
    'SELECT filename, sha256 FROM first_hashes WHERE upstream = ? AND project = ?',
  );
  const putHash = database.prepare(
    'INSERT OR IGNORE INTO first_hashes (upstream, project, filename, sha256) VALUES (?, ?, ?, ?)',
  );
  const columns =
    'sha256, project, size_bytes AS sizeBytes, metadata_sha256 AS metadataSha256, metadata_bytes AS metadataBytes';
  const getFile = database.prepare<[string], FileRow>(`SELECT ${columns} FROM files WHERE sha256 = ?`);
  const putFile = database.prepare(
    'INSERT OR REPLACE INTO files (sha256, project, size_bytes, metadata_sha256, metadata_bytes, used_at) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const touch = database.prepare('UPDATE files SET used_at = ? WHERE sha256 = ?');
  const remove = database.prepare('DELETE FROM files WHERE sha256 = ?');
  const total = database
    .prepare<[], number>('SELECT COALESCE(SUM(size_bytes + COALESCE(metadata_bytes, 0)), 0) FROM files')
    .pluck();
  const metadataUse = database
    .prepare<[string], number>('SELECT 1 FROM files WHERE metadata_sha256 = ? LIMIT 1')
    .pluck();
  const oldest = database.prepare<[number], FileRow>(`SELECT ${columns} FROM files ORDER BY used_at, sha256 LIMIT ?`);
  const rememberAll = database.transaction((upstream: string, project: string, hashes: ReadonlyMap<string, string>) => {
    for (const [filename, sha256] of hashes) putHash.run(upstream, project, filename, sha256);
  });
  return {
    page: (upstream, project) => {
      const row = getPage.get(upstream, project);
      if (row === undefined) return undefined;
      // Written by this program, in a database of its own: not an edge where it would have to be checked again.
      const page = JSON.parse(gunzipSync(row.page).toString()) as ProjectPage;
      const validators = {
        ...(row.etag === null ? {} : { etag: row.etag }),
        ...(row.lastModified === null ? {} : { lastModified: row.lastModified }),
      };
      return { page, validators, fetchedAt: row.fetchedAt, freshUntil: row.freshUntil };
    },
    putPage: (upstream, project, { page, validators, fetchedAt, freshUntil }) => {
      const packed = gzipSync(JSON.stringify(page), { level: 1 });
      const { etag = null, lastModified = null } = validators;
      putPage.run(upstream, project, fetchedAt, freshUntil, packed, etag, lastModified);
    },
    removePage: (upstream, project) => {
      removePage.run(upstream, project);
    },
    renewPage: (upstream, project, { fetchedAt, freshUntil }) => {
      renewPage.run(fetchedAt, freshUntil, upstream, project);
    },
    firstHashes: (upstream, project) =>
      new Map(getHashes.all(upstream, project).map((row) => [row.filename, row.sha256])),
    rememberHashes: (upstream, project, hashes) => rememberAll(upstream, project, hashes),
    file: (sha256) => {
      const row = getFile.get(sha256);
      return row === undefined ? undefined : cachedFile(row);
    },
    putFile: ({ sha256, project, sizeBytes, metadata }, now) => {
      putFile.run(sha256, project, sizeBytes, metadata?.sha256 ?? null, metadata?.sizeBytes ?? null, now);
    },
    touchFile: (sha256, now) => {
      touch.run(now, sha256);
    },
    removeFile: (sha256) => {
      remove.run(sha256);
    },
    usesMetadata: (sha256) => metadataUse.get(sha256) === 1,
    heldBytes: () => total.get() ?? 0,
    leastRecentlyUsed: (limit) => oldest.all(limit).map(cachedFile),
    close: () => database.close(),
  };
}

function cachedFile(row: FileRow): CachedFile {
  return {
    sha256: row.sha256,
    project: row.project,
    sizeBytes: row.sizeBytes,
    ...(row.metadataSha256 === null || row.metadataBytes === null
      ? {}
      : { metadata: { sha256: row.metadataSha256, sizeBytes: row.metadataBytes } }),
  };
}
