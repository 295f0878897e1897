import { afterEach, beforeEach, expect, it } from 'vitest';
import { createBuildStore } from '../../adapters/sqlite/build-store.js';
import { type Database, openDatabase } from '../../adapters/sqlite/database.js';
import { readMigrations } from '../../adapters/sqlite/migrations.js';
import type { BuildStore, NewFile } from '../../core/store.js';

let db: Database;
let store: BuildStore;
beforeEach(() => {
  db = openDatabase(':memory:', readMigrations('migrations'), 0);
  store = createBuildStore(db, { indexUrl: 'http://index.example/simple/', clock: () => 0 });
});
afterEach(() => store.close());

const file = (n: number, change: Partial<NewFile> = {}): NewFile => ({
  filename: `spam-${n}-py3-none-any.whl`,
  project: 'spam',
  version: String(n),
  channel: 'stable',
  sha256: String(n).repeat(64).slice(0, 64),
  sizeBytes: 1,
  origin: 'upload',
  grafted: [],
  needs: [],
  ownsProject: true,
  ...change,
});

it('files that come at the same time each get their own answer', async () => {
  const answers = await Promise.allSettled([
    store.addFile(file(1), 0),
    store.addFile(file(2), 0),
    store.addFile(file(1), 0),
    store.addFile(file(2, { sha256: 'f'.repeat(64) }), 0),
    store.addFile(file(3), 0),
  ]);
  expect(answers).toEqual([
    { status: 'fulfilled', value: 'added' },
    { status: 'fulfilled', value: 'added' },
    { status: 'fulfilled', value: 'present' },
    { status: 'rejected', reason: expect.objectContaining({ code: 'conflict' }) },
    { status: 'fulfilled', value: 'added' },
  ]);
  expect((await store.filesOfProject('spam')).map(({ version }) => version)).toEqual(['1', '2', '3']);
});

it('one that breaks the transaction does not take the others with it', async () => {
  const answers = await Promise.allSettled([
    store.addFile(file(1), 0),
    store.addFile(file(2, { attemptId: 'no such attempt' }), 0),
    store.addFile(file(3), 0),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect((await store.filesOfProject('spam')).map(({ version }) => version)).toEqual(['1', '3']);
});

it('every file raises the serial that the index watches', async () => {
  await Promise.all([store.addFile(file(1), 0), store.addFile(file(2, { project: 'ham' }), 0)]);
  const projects = await db.selectFrom('projects').select(['name', 'serial']).orderBy('serial').execute();
  expect(projects).toEqual([
    { name: 'spam', serial: 1 },
    { name: 'ham', serial: 2 },
  ]);
});
