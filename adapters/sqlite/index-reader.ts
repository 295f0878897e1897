import { existsSync, statSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import type { Selectable } from 'kysely';
import type { Channel } from '../../core/build.js';
import { WheelwrightError } from '../../core/errors.js';
import type { HeldFile } from '../../core/index-assembly.js';
import type { ProjectStatus } from '../../core/simple-index.js';
import type { PageFormat } from '../../core/simple-index-negotiation.js';
import { LINE_SEPARATOR } from '../../core/simple-index-render.js';
import { type HostedFile, hostedFileOf } from './hosted-file.js';
import { PAGE_LINE } from './page-lines.js';
import type { FilesTable } from './schema.js';
import { secretHash } from './tokens.js';

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
  /** Trial files only where the channel is `trial`; in the order in which they were added. */
  files(project: string, channel: Channel): HeldFile[];
  /**
   * The lines of these files, in this order, as a page of the format lists them (core/simple-index-render.ts), in UTF-8; undefined when none of them is held any more.
   * @param integrityUrl of their project, with a slash at its end, escaped as the format wants it: below it is the provenance of its files
   * @param before what stands before the first line
   */
  pageLines(filenames: readonly string[], format: PageFormat, integrityUrl: string, before: string): Buffer | undefined;
  file(filename: string): HostedFile | undefined;
  /** The project's yanked files, with a reason, or true where none was given. */
  yanked(project: string): ReadonlyMap<string, true | string>;
  /** Names of the project's files that the channel had and that were deleted, with the reason. */
  deleted(project: string, channel: Channel): ReadonlyMap<string, string>;
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

/**
 * Opens the service's database without a right to write; undefined while the service has not made it yet.
 * @throws WheelwrightError `unavailable` when it lacks what a later version added.
 */
export function openIndexReader(path: string): IndexReader | undefined {
  if (!existsSync(path)) return undefined;
  const inode = statSync(path).ino;
  const database = new Sqlite(path, { readonly: true, timeout: 1000 });
  try {
    return readerOf(database, () => statSync(path, { throwIfNoEntry: false })?.ino === inode);
  } catch (error) {
    database.close();
    const said = error instanceof Sqlite.SqliteError ? error.message : '';
    // The service is about to create its tables.
    if (/no such table/.test(said)) return undefined;
    if (/no such column/.test(said)) {
      throw new WheelwrightError('unavailable', "the service's database is that of an earlier version", {
        hint: 'Start the api of this version: it brings the database up to date before it listens.',
        cause: error,
      });
    }
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
  // Two values for all: what goes from SQLite to JavaScript one by one costs as much again. Only count, min and max let SQLite forget the order of what they are over.
  const filesWhere = (condition: string) =>
    database
      .prepare<[string], [filenames: string, versions: string]>(
        `SELECT json_group_array(filename), json_group_array(version)
           FROM (SELECT filename, version FROM files WHERE ${condition} ORDER BY upload_time, filename)`,
      )
      .raw();
  const files = {
    stable: filesWhere("project = ? AND channel = 'stable'"),
    trial: filesWhere('project = ?'),
  };
  // One value for all, and no string: as bytes it is compressed.
  const lines = (format: PageFormat) =>
    database
      .prepare<{ filenames: string; integrity: string; before: string }, Buffer | null>(
        `SELECT CAST(@before || group_concat(${PAGE_LINE[format]}, '${LINE_SEPARATOR[format]}') AS BLOB) FROM json_each(@filenames) CROSS JOIN files ON filename = value`,
      )
      .pluck();
  const linesIn = { json: lines('json'), html: lines('html') };
  const file = database.prepare<[string], Selectable<FilesTable>>('SELECT * FROM files WHERE filename = ?');
  const yanked = database
    .prepare<[string], [filename: string, reason: string | null]>(
      'SELECT filename, yanked_reason FROM files WHERE project = ? AND yanked = 1',
    )
    .raw();
  const deletedWhere = (condition: string) =>
    database
      .prepare<[string], [filename: string, reason: string]>(
        `SELECT filename, reason FROM deleted_files WHERE ${condition} ORDER BY filename`,
      )
      .raw();
  const deleted = {
    stable: deletedWhere("project = ? AND channel = 'stable'"),
    trial: deletedWhere('project = ?'),
  };
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
    files: (name, channel) => {
      const [filenames, versions] = files[channel].get(name) as [string, string];
      const versionOf = JSON.parse(versions) as string[];
      return (JSON.parse(filenames) as string[]).map((filename, at) => ({
        filename,
        version: versionOf[at] as string,
      }));
    },
    pageLines: (filenames, format, integrity, before) =>
      linesIn[format].get({ filenames: JSON.stringify(filenames), integrity, before }) ?? undefined,
    file: (filename) => {
      const row = file.get(filename);
      return row === undefined ? undefined : hostedFileOf(row);
    },
    yanked: (name) => new Map(yanked.all(name).map(([filename, reason]) => [filename, reason || true])),
    deleted: (name, channel) => new Map(deleted[channel].all(name)),
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
