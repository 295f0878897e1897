import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase } from '../../adapters/sqlite/database.js';
import { type IndexReader, openIndexReader } from '../../adapters/sqlite/index-reader.js';
import { readMigrations } from '../../adapters/sqlite/migrations.js';
import type { IndexFile } from '../../core/simple-index.js';
import { escapedIn, pageLine } from '../../core/simple-index-render.js';

const folder = mkdtempSync(join(tmpdir(), 'wheelwright-lines-'));
const path = join(folder, 'wheelwright.db');
let database: Sqlite.Database;
let reader: IndexReader;

beforeAll(async () => {
  await openDatabase(path, readMigrations('migrations'), Date.now()).destroy();
  database = new Sqlite(path);
  database.exec("INSERT INTO projects (name, owned, status, serial) VALUES ('demo', 1, 'active', 1)");
  reader = openIndexReader(path) as IndexReader;
});
afterAll(() => {
  reader.close();
  database.close();
  rmSync(folder, { recursive: true });
});

const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/);
// What a person may write, and what tries to get out of an attribute or a text. SQLite ends a text at a NUL, which no METADATA or command can bring.
const text = fc
  .oneof(fc.string({ minLength: 1, unit: 'grapheme' }), fc.constantFrom('">', "'&<script>", '&amp;', '\\"\n\t\u2028'))
  .filter((value) => !value.includes('\0'));
const row = fc.record({
  filename: fc.stringMatching(/^demo-([0-9]{1,2}!)?[0-9]{1,3}(\.[0-9]{1,3})?(\+[a-z]{1,3})?-py3-none-any\.whl$/),
  version: fc.stringMatching(/^[0-9]{1,3}(\+[a-z]{1,3})?$/),
  sha256,
  size_bytes: fc.nat(),
  metadata_sha256: fc.option(sha256),
  requires_python: fc.option(text),
  upload_time: fc.integer({ min: 0, max: Date.UTC(2100, 0) }),
  yanked: fc.constantFrom(0, 1),
  yanked_reason: fc.option(text),
  provenance_sha256: fc.option(sha256),
});

test.each(['json', 'html'] as const)('SQLite writes the lines that any other file would have: %s', (format) => {
  const insert = database.prepare(
    `INSERT INTO files (filename, project, version, channel, sha256, size_bytes, metadata_sha256, requires_python, upload_time, yanked, yanked_reason, origin, provenance_sha256)
     VALUES (@filename, 'demo', @version, 'stable', @sha256, @size_bytes, @metadata_sha256, @requires_python, @upload_time, @yanked, @yanked_reason, 'upload', @provenance_sha256)`,
  );
  const integrity = 'https://wheels.example/a&b/integrity/demo/';
  fc.assert(
    fc.property(row, (given) => {
      database.exec('DELETE FROM files');
      insert.run(given);
      const encoded = encodeURIComponent(given.filename);
      const file: IndexFile = {
        filename: given.filename,
        url: '',
        hashes: { sha256: given.sha256 },
        sizeBytes: given.size_bytes,
        uploadTime: new Date(given.upload_time).toISOString(),
        ...(given.requires_python === null ? {} : { requiresPython: given.requires_python }),
        ...(given.yanked === 1 ? { yanked: given.yanked_reason ?? (true as const) } : {}),
        ...(given.metadata_sha256 === null ? {} : { coreMetadata: { sha256: given.metadata_sha256 } }),
      };
      const links = {
        url: `../../files/demo/${given.sha256}/${encoded}`,
        ...(given.provenance_sha256 === null
          ? {}
          : { provenanceUrl: `${integrity}${given.version}/${encoded}/provenance` }),
      };
      expect(String(reader.pageLines([given.filename], format, escapedIn(format, integrity), '|'))).toBe(
        `|${pageLine(format, file, links)}`,
      );
    }),
  );
});

test('the lines are those of the files that are asked for, in that order; one that is gone is left out', () => {
  database.exec('DELETE FROM files');
  const insert = database.prepare(
    "INSERT INTO files (filename, project, version, channel, sha256, size_bytes, upload_time, origin) VALUES (?, 'demo', '1', 'stable', '', 1, 0, 'upload')",
  );
  const names = Array.from({ length: 600 }, (_, at) => `demo-${at}-py3-none-any.whl`);
  for (const name of names) insert.run(name);
  const asked = names.filter((_, at) => at % 3 > 0).reverse();
  const read = JSON.parse(`[${reader.pageLines(['demo-x.whl', ...asked, 'gone.whl'], 'json', '', '')}]`);
  expect(read.map((file: { filename: string }) => file.filename)).toEqual(asked);
  expect(reader.pageLines(['gone.whl'], 'json', '', '')).toBeUndefined();
});
