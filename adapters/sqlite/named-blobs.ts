// Which blobs files name, in little memory and without holding up the process: there may be millions.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { NamedBlobs } from '../../core/retention.js';
import type { Database } from './database.js';

const FILES_PER_QUERY = 5_000;
/** Hex digits of a hash that are a whole number which a double holds exactly. */
const KEPT_DIGITS = 13;

export async function namedBlobs(db: Database): Promise<NamedBlobs> {
  let seen = await serialOf(db);
  const known = await allNamed(db);
  const added = new Set<string>();
  return {
    has: (sha256) => added.has(sha256) || includes(known, keptOf(sha256)),

    async update() {
      const serial = await serialOf(db);
      if (serial === seen) return;
      const rows = await blobColumns(db)
        .where('project', 'in', (projects) => projects.selectFrom('projects').select('name').where('serial', '>', seen))
        .execute();
      for (const blob of rows.flatMap(blobsOf)) added.add(blob);
      seen = serial;
    },
  };
}

/** Sorted. */
async function allNamed(db: Database): Promise<Float64Array> {
  const pages: Float64Array[] = [];
  for (let after = ''; ; ) {
    const rows = await blobColumns(db)
      .where('filename', '>', after)
      .orderBy('filename')
      .limit(FILES_PER_QUERY)
      .execute();
    pages.push(Float64Array.from(rows.flatMap(blobsOf), keptOf));
    after = rows.at(-1)?.filename ?? after;
    if (rows.length < FILES_PER_QUERY) break;
    await nextTurn();
  }
  const all = new Float64Array(pages.reduce((count, { length }) => count + length, 0));
  let at = 0;
  for (const page of pages) {
    all.set(page, at);
    at += page.length;
  }
  return all.sort();
}

function blobColumns(db: Database) {
  return db.selectFrom('files').select(['filename', 'sha256', 'metadata_sha256', 'provenance_sha256']);
}

function blobsOf(row: { sha256: string; metadata_sha256: string | null; provenance_sha256: string | null }): string[] {
  return [row.sha256, row.metadata_sha256, row.provenance_sha256].filter((blob) => blob !== null);
}

/** Raised with every file that is added, and given to its project. */
async function serialOf(db: Database): Promise<number> {
  const row = await db.selectFrom('index_serial').select('value').executeTakeFirstOrThrow();
  return row.value;
}

function keptOf(sha256: string): number {
  return Number.parseInt(sha256.slice(0, KEPT_DIGITS), 16);
}

function includes(sorted: Float64Array, wanted: number): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === wanted;
}
