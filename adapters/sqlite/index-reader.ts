import { existsSync, statSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import type { Channel } from '../../core/build.js';
import type { IndexFile, ProjectStatus } from '../../core/simple-index.js';
import { secretHash } from './tokens.js';

/** A file as the index shows it; `url` is empty, since it is known to whoever renders it. */
export interface HostedFile extends IndexFile {
  project: string;
  version: string;
  channel: Channel;
  sha256: string;
  sizeBytes: number;
  metadataSha256?: string;
  provenanceSha256?: string;
}

export interface HostedProject {
  name: string;
  owned: boolean;
  status: ProjectStatus;
  statusReason?: string;
}

/** Read-only view of what the service holds. Every method reads the database at that moment. */
export interface IndexReader {
  /** Rises with every change of what the index shows. */
  serial(): number;
  /** Normalised names of the projects changed after a serial. */
  projectsChangedSince(serial: number): string[];
  project(name: string): HostedProject | undefined;
  /**
   * Trial files only where the channel is `trial`; in the order in which they were added.
   * @param known files read before, by name: those that have not changed are given again as they are, so that whoever rendered them knows it
   */
  files(project: string, channel: Channel, known?: ReadonlyMap<string, HostedFile>): HostedFile[];
  file(filename: string): HostedFile | undefined;
  /** What the build of a file took, in milliseconds; undefined for one that was not built here. */
  buildMs(filename: string): number | undefined;
  reservedNames(): string[];
  /** An owned project of another name that has this skeleton (core/look-alike.ts). */
  ownedLookAlike(skeleton: string, not: string): string | undefined;
  /** Whether the project has a file in the channel. */
  hasFiles(project: string, channel: Channel): boolean;
  /** Names of projects with a file in the channel, sorted, from `from` (inclusive) to before `to`. */
  projectNames(channel: Channel, from: string, to: string | undefined, limit: number): string[];
  /** Whether a token with that secret exists and is not revoked. */
  hasToken(secret: string): boolean;
  /** False when another database has been put in its place, e.g. by a restore. */
  isCurrent(): boolean;
  close(): void;
}

/** Without what is the same in all rows: a page may be thousands of files, and what SQLite hands over costs by its texts. */
const FILE_COLUMNS =
  "filename, version, channel = 'trial', sha256, size_bytes, metadata_sha256, requires_python, upload_time, yanked, yanked_reason, provenance_sha256";

/** As {@link FILE_COLUMNS}: arrays, since objects take twice as long to make. */
type FileRow = [
  filename: string,
  version: string,
  isTrial: 0 | 1,
  sha256: string,
  sizeBytes: number,
  metadataSha256: string | null,
  requiresPython: string | null,
  uploadTime: number,
  yanked: 0 | 1,
  yankedReason: string | null,
  provenanceSha256: string | null,
];

/** Opens the service's database without a right to write; undefined while the service has not made it yet. */
export function openIndexReader(path: string): IndexReader | undefined {
  if (!existsSync(path)) return undefined;
  const inode = statSync(path).ino;
  const database = new Sqlite(path, { readonly: true, timeout: 1000 });
  try {
    return readerOf(database, () => statSync(path, { throwIfNoEntry: false })?.ino === inode);
  } catch (error) {
    database.close();
    // The service is about to create its tables.
    if (error instanceof Sqlite.SqliteError && /no such table/.test(error.message)) return undefined;
    throw error;
  }
}

function readerOf(database: Sqlite.Database, isCurrent: () => boolean): IndexReader {
  const serial = database.prepare<[], number>('SELECT value FROM index_serial').pluck();
  const changed = database.prepare<[number], string>('SELECT name FROM projects WHERE serial > ?').pluck();
  const project = database.prepare<
    [string],
    { name: string; owned: 0 | 1; status: ProjectStatus; statusReason: string | null }
  >('SELECT name, owned, status, status_reason AS statusReason FROM projects WHERE name = ?');
  const files = {
    stable: database
      .prepare<[string], FileRow>(
        `SELECT ${FILE_COLUMNS} FROM files WHERE project = ? AND channel = 'stable' ORDER BY upload_time, filename`,
      )
      .raw(),
    trial: database
      .prepare<[string], FileRow>(`SELECT ${FILE_COLUMNS} FROM files WHERE project = ? ORDER BY upload_time, filename`)
      .raw(),
  };
  const file = database
    .prepare<[string], [...FileRow, project: string]>(`SELECT ${FILE_COLUMNS}, project FROM files WHERE filename = ?`)
    .raw();
  const buildMs = database
    .prepare<[string], number>(
      'SELECT finished_at - started_at FROM files JOIN attempts ON attempts.id = files.attempt_id WHERE filename = ?',
    )
    .pluck();
  const reserved = database.prepare<[], string>('SELECT name FROM reserved_names ORDER BY name').pluck();
  const alike = database
    .prepare<[string, string], string>(
      'SELECT name FROM projects WHERE skeleton = ? AND owned = 1 AND name <> ? ORDER BY name LIMIT 1',
    )
    .pluck();
  const inChannel = (channel: Channel) =>
    `EXISTS (SELECT 1 FROM files WHERE project = name${channel === 'stable' ? " AND channel = 'stable'" : ''})`;
  const has = {
    stable: database
      .prepare<[string], number>(`SELECT 1 FROM projects WHERE name = ? AND ${inChannel('stable')}`)
      .pluck(),
    trial: database
      .prepare<[string], number>(`SELECT 1 FROM projects WHERE name = ? AND ${inChannel('trial')}`)
      .pluck(),
  };
  const names = (channel: Channel) =>
    database
      .prepare<[string, string | null, string | null, number], string>(
        `SELECT name FROM projects WHERE name >= ? AND (? IS NULL OR name < ?) AND ${inChannel(channel)} ORDER BY name LIMIT ?`,
      )
      .pluck();
  const namesOf = { stable: names('stable'), trial: names('trial') };
  const token = database
    .prepare<[string], number>('SELECT 1 FROM tokens WHERE secret_hash = ? AND revoked_at IS NULL')
    .pluck();
  return {
    serial: () => serial.get() ?? 0,
    projectsChangedSince: (since) => changed.all(since),
    project: (name) => {
      const row = project.get(name);
      if (row === undefined) return undefined;
      const { statusReason, ...rest } = row;
      return { ...rest, owned: row.owned === 1, ...(statusReason === null ? {} : { statusReason }) };
    },
    files: (name, channel, known) =>
      files[channel].all(name).map((row) => unchanged(known?.get(row[0]), row) ?? new FileOfRow(name, row)),
    file: (filename) => {
      const row = file.get(filename);
      return row === undefined ? undefined : new FileOfRow(row[11], row.slice(0, 11) as FileRow);
    },
    buildMs: (filename) => buildMs.get(filename),
    reservedNames: () => reserved.all(),
    ownedLookAlike: (skeleton, not) => alike.get(skeleton, not),
    hasFiles: (name, channel) => has[channel].get(name) === 1,
    projectNames: (channel, from, to, limit) => namesOf[channel].all(from, to ?? null, to ?? null, limit),
    hasToken: (secret) => token.get(secretHash(secret)) === 1,
    isCurrent,
    close: () => database.close(),
  };
}

function unchanged(known: HostedFile | undefined, row: FileRow): HostedFile | undefined {
  return known instanceof FileOfRow && known.isOf(row) ? known : undefined;
}

/** Reads the row by position: taking it apart by names costs a process that has just started, whose first page may be thousands of files, four times as much. */
class FileOfRow implements HostedFile {
  readonly #row: FileRow;
  readonly filename: string;
  readonly url = '';
  readonly project: string;
  readonly version: string;
  readonly channel: Channel;
  readonly sha256: string;
  readonly hashes: { sha256: string };
  readonly sizeBytes: number;
  readonly uploadTime: string;
  declare readonly requiresPython?: string;
  declare readonly yanked?: true | string;
  declare readonly metadataSha256?: string;
  declare readonly coreMetadata?: { sha256: string };
  declare readonly provenanceSha256?: string;

  constructor(project: string, row: FileRow) {
    this.#row = row;
    this.filename = row[0];
    this.project = project;
    this.version = row[1];
    this.channel = row[2] === 1 ? 'trial' : 'stable';
    this.sha256 = row[3];
    this.hashes = { sha256: row[3] };
    this.sizeBytes = row[4];
    this.uploadTime = new Date(row[7]).toISOString();
    if (row[6] !== null) this.requiresPython = row[6];
    if (row[8] === 1) this.yanked = row[9] || true;
    if (row[5] !== null) {
      this.metadataSha256 = row[5];
      this.coreMetadata = { sha256: row[5] };
    }
    if (row[10] !== null) this.provenanceSha256 = row[10];
  }

  isOf(row: FileRow): boolean {
    return this.#row.every((value, at) => value === row[at]);
  }
}
