import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { pino } from 'pino';
import { type Database, openDatabase } from '../../adapters/sqlite/database.js';
import { fileTable } from '../../adapters/sqlite/file-table.js';
import { readMigrations } from '../../adapters/sqlite/migrations.js';
import { type TokenStore, tokenStore } from '../../adapters/sqlite/tokens.js';
import { parseIndexPolicy } from '../../core/index-policy.js';
import { parseWheelFilename } from '../../core/wheel-name.js';
import { blobPath } from '../../index-server/blob-path.js';
import { type IndexServer, serveIndex } from '../../index-server/server.js';
import type { IndexSettings } from '../../index-server/settings.js';
import { wheelMetadata } from '../../index-server/wheel-metadata.js';
import type { TestWheel } from './wheel.js';

export interface PublishOptions {
  channel?: 'stable' | 'trial';
  owned?: boolean;
  yanked?: string;
  requiresPython?: string;
  provenance?: string;
  uploadTime?: number;
}

/** A data folder whose files are published by the api's own store, and index-servers on it. */
export interface IndexSite {
  folder: string;
  publish(wheel: TestWheel, options?: PublishOptions): Promise<void>;
  /** Runs SQL as the api might, and raises the serial of a project. */
  change(project: string, sql: string): void;
  reserve(name: string): void;
  tokens(): TokenStore;
  /** Starts another server on the same folder. Its upstream is nowhere unless one is given. */
  start(
    settings?: Partial<IndexSettings> & { rules?: unknown[]; upstreams?: unknown[]; clock?: () => number },
  ): Promise<IndexServer>;
  close(): Promise<void>;
}

/** Port 9 of this machine: nothing listens there. */
const NOWHERE = 'http://127.0.0.1:9/simple/';

export function openIndexSite(options: { database?: boolean } = {}): IndexSite {
  const folder = mkdtempSync(join(tmpdir(), 'wheelwright-index-'));
  const servers: IndexServer[] = [];
  const path = join(folder, 'wheelwright.db');
  let opened: Database | undefined;
  const store = () => {
    opened ??= openDatabase(path, readMigrations('migrations'), Date.now());
    return opened;
  };
  let sqlite: Sqlite.Database | undefined;
  const database = () => {
    store();
    sqlite ??= new Sqlite(path);
    return sqlite;
  };
  if (options.database !== false) store();
  const raise = () =>
    database().prepare('UPDATE index_serial SET value = value + 1 RETURNING value').pluck().get() as number;
  const keep = (bytes: Buffer) => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const path = blobPath(join(folder, 'blobs'), sha256);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
    return sha256;
  };
  return {
    folder,
    async publish(wheel, given = {}) {
      const { project, version } = parseWheelFilename(wheel.filename);
      const sha256 = keep(wheel.bytes);
      const metadata = await wheelMetadata(blobPath(join(folder, 'blobs'), sha256));
      await fileTable(store()).addFile(
        {
          filename: wheel.filename,
          project,
          version,
          channel: given.channel ?? 'stable',
          sha256,
          sizeBytes: wheel.bytes.length,
          ...(metadata === undefined ? {} : { metadataSha256: keep(metadata) }),
          ...(given.requiresPython === undefined ? {} : { requiresPython: given.requiresPython }),
          ...(given.yanked === undefined ? {} : { yanked: given.yanked }),
          ...(given.provenance === undefined ? {} : { provenanceSha256: keep(Buffer.from(given.provenance)) }),
          origin: 'upload',
          grafted: [],
          needs: [],
          ownsProject: given.owned ?? true,
        },
        given.uploadTime ?? Date.UTC(2026, 0, 1),
      );
    },
    change(project, sql) {
      database().transaction(() => {
        database().exec(sql);
        database().prepare('UPDATE projects SET serial = ? WHERE name = ?').run(raise(), project);
      })();
    },
    reserve(name) {
      database().transaction(() => {
        database().prepare('INSERT INTO reserved_names (name, created_at) VALUES (?, 0)').run(name);
        raise();
      })();
    },
    tokens: () => tokenStore(store()),
    async start({ rules = [], upstreams, clock = Date.now, ...settings } = {}) {
      const server = await serveIndex(
        {
          dataFolder: folder,
          host: '127.0.0.1',
          port: 0,
          policy: parseIndexPolicy({ rules, ...(upstreams === undefined ? {} : { upstreams }) }, 'test'),
          upstreamUrl: NOWHERE,
          tokenRequired: false,
          cacheBytes: 1e9,
          maxFileBytes: 1e9,
          drainMs: 2_000,
          ...settings,
        },
        pino({ level: process.env.TEST_LOG ?? 'silent' }, pino.destination(2)),
        clock,
      );
      servers.push(server);
      return server;
    },
    async close() {
      await Promise.all(servers.map((server) => server.close()));
      sqlite?.close();
      await opened?.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
