import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { pino } from 'pino';
import { openBlobStore } from '../../adapters/disk/blobs.js';
import { createBuildStore } from '../../adapters/sqlite/build-store.js';
import { type Database, openDatabase } from '../../adapters/sqlite/database.js';
import { readMigrations } from '../../adapters/sqlite/migrations.js';
import { projectStandings } from '../../adapters/sqlite/project-standings.js';
import { legacyUpload } from '../../api/legacy.js';
import { problemHandler } from '../../api/problem.js';
import type { BlobStore, BuildStore } from '../../core/store.js';

export const NOW = Date.UTC(2026, 0, 2);
const MAX_BYTES = 1 << 20;
const TOKENS: Record<string, { name: string; scopes: string[] }> = {
  'upload-secret': { name: 'ci', scopes: ['upload'] },
  'admin-secret': { name: 'root', scopes: ['admin'] },
  'build-secret': { name: 'builder', scopes: ['build'] },
};

export interface Upload {
  filename: string;
  bytes: Buffer;
  fields?: Record<string, string | undefined>;
  secret?: string;
  user?: string;
  fileFirst?: boolean;
}

export interface UploadAnswer {
  status: number;
  reason: string;
  text: string;
  headers: Headers;
}

/** The upload path alone, on a real store: takes files up to 1 MiB with the password `upload-secret`. */
export interface UploadService {
  folder: string;
  db: Database;
  store: BuildStore;
  blobs: BlobStore;
  server: Server;
  url: string;
  /** Sends a form as twine does, with the changes asked for. */
  upload(file: Upload): Promise<UploadAnswer>;
  close(): Promise<void>;
}

export async function startUploadService(): Promise<UploadService> {
  const folder = await mkdtemp(join(tmpdir(), 'upload-test-'));
  const db = openDatabase(join(folder, 'test.db'), readMigrations('migrations'), NOW);
  const store = createBuildStore(db, { indexUrl: 'http://index.example/simple/', clock: () => NOW });
  const blobs = await openBlobStore(join(folder, 'blobs'));
  const log = pino({ level: 'silent' });
  const app = express();
  const deps = { store, standings: projectStandings(db), blobs, maxBytes: MAX_BYTES, clock: () => NOW, log };
  app.post('/legacy/', legacyUpload({ ...deps, authenticate: async (secret) => TOKENS[secret] }));
  app.use(problemHandler(log));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/legacy/`;
  return {
    folder,
    db,
    store,
    blobs,
    server,
    url,
    upload: (file) => sendUpload(url, file),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Sends a form as twine does, with the changes asked for. */
export async function sendUpload(
  url: string,
  { filename, bytes, fields = {}, secret = 'upload-secret', user = '__token__', fileFirst }: Upload,
): Promise<UploadAnswer> {
  const [name, version] = filename.split('-') as [string, string];
  const form = new FormData();
  const add = () => form.append('content', new Blob([new Uint8Array(bytes)]), filename);
  if (fileFirst) add();
  const all: Record<string, string | undefined> = {
    ':action': 'file_upload',
    protocol_version: '1',
    filetype: filename.endsWith('.whl') ? 'bdist_wheel' : 'sdist',
    name,
    version: version.replace(/\.tar\.gz$/, ''),
    sha256_digest: createHash('sha256').update(bytes).digest('hex'),
    description: 'x'.repeat(200_000),
    ...fields,
  };
  for (const [field, value] of Object.entries(all)) if (value !== undefined) form.append(field, value);
  if (!fileFirst) add();
  const response = await fetch(url, {
    method: 'POST',
    body: form,
    headers: { authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}` },
  });
  return {
    status: response.status,
    reason: response.statusText,
    text: await response.text(),
    headers: response.headers,
  };
}
