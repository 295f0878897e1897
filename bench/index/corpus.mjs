// A data folder with an index in it, and the same pages as files for nginx. Every byte is the same on every run.
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';

const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));
const { migrate, readMigrations } = await import(
  fileURLToPath(new URL('../../dist/adapters/sqlite/migrations.js', import.meta.url))
);
const PLATFORMS = ['manylinux_2_17_x86_64', 'manylinux_2_28_aarch64', 'musllinux_1_2_x86_64', 'macosx_11_0_arm64'];
const UPLOADED = Date.UTC(2026, 0, 1);

/** [project, versions, interpreters]: 600 files, 2,000 files, 5,000 files. */
const WIDE = [
  ['bench-wide-600', 50, ['cp310', 'cp311', 'cp312']],
  ['bench-wide-2000', 100, ['cp39', 'cp310', 'cp311', 'cp312', 'cp313']],
  ['bench-wide-5000', 250, ['cp39', 'cp310', 'cp311', 'cp312', 'cp313']],
];
const BIG_BYTES = 40_000_000;

/** Fills a new data folder. The files are no archives: the index never looks inside what the api has checked. */
export function fillDataFolder(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const database = openMigrated(join(folder, 'wheelwright.db'));
  const add = inserter(database, folder);
  database.transaction(() => {
    for (const [project, versions, pythons] of WIDE) {
      for (let at = 0; at < versions; at++) {
        const version = `${1 + Math.floor(at / 20)}.${at % 20}.0`;
        for (const python of pythons) {
          for (const platform of PLATFORMS) add(project, version, `${python}-${python}-${platform}`);
        }
      }
    }
    for (let at = 0; at < 300; at++) {
      for (const version of ['1.0.0', '1.1.0', '2.0.0'])
        add(`bench-p${String(at).padStart(3, '0')}`, version, 'py3-none-any');
    }
    add('bench-big', '1.0.0', 'py3-none-any', BIG_BYTES);
  })();
  database.close();
}

/** Projects without blobs, for the growth rows: `projects` of them with `filesEach` files, every third with one more. */
export function fillMany(folder, projects, filesEach) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const database = openMigrated(join(folder, 'wheelwright.db'));
  database.pragma('synchronous = OFF');
  const add = inserter(database, undefined);
  database.transaction(() => {
    for (let at = 0; at < projects; at++) {
      for (let file = 0; file < filesEach + (at % 3 === 0 ? 1 : 0); file++)
        add(`grown-${at.toString(36).padStart(5, '0')}`, `1.${file}`, 'py3-none-any');
    }
    for (let at = 0; at < 1250; at++) {
      for (const platform of PLATFORMS) add('grown-wide', `1.${at}`, `cp313-cp313-${platform}`);
    }
  })();
  database.close();
}

/** Made, or brought up to date. */
export function openMigrated(path) {
  const database = new Sqlite(path);
  database.pragma('journal_mode = WAL');
  migrate(database, readMigrations(MIGRATIONS), UPLOADED);
  return database;
}

/** Adds one published file, as the service does: the row, the project's serial and the index's. */
export function inserter(database, blobs) {
  const serial = database.prepare('UPDATE index_serial SET value = value + 1 RETURNING value').pluck();
  const project = database.prepare(
    'INSERT INTO projects (name, owned, serial) VALUES (?, 1, ?) ON CONFLICT (name) DO UPDATE SET serial = excluded.serial',
  );
  const file = database.prepare(
    `INSERT INTO files (filename, project, version, channel, sha256, size_bytes, metadata_sha256, requires_python, upload_time, origin)
     VALUES (?, ?, ?, 'stable', ?, ?, ?, '>=3.8', ?, 'upload')`,
  );
  return (name, version, tag, sizeBytes = 2000) => {
    const filename = `${name.replaceAll('-', '_')}-${version}-${tag}.whl`;
    const wheel = blobs === undefined ? undefined : bytes(filename, sizeBytes);
    const metadata = Buffer.from(
      `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\nSummary: ${filename}\nRequires-Python: >=3.8\n\n${'text '.repeat(80)}\n`,
    );
    const sha256 = wheel === undefined ? digest(Buffer.from(filename)) : keep(blobs, wheel);
    const metadataSha256 = blobs === undefined ? digest(metadata) : keep(blobs, metadata);
    project.run(name, serial.get());
    file.run(filename, name, version, sha256, sizeBytes, metadataSha256, UPLOADED);
    return { filename, sha256 };
  };
}

function keep(folder, content) {
  const sha256 = digest(content);
  const path = join(folder, 'blobs', 'sha256', sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return sha256;
}

function digest(content) {
  return createHash('sha256').update(content).digest('hex');
}

/** Bytes that do not compress and depend on nothing but the name. */
function bytes(seed, length) {
  return createHash('shake256', { outputLength: length }).update(seed).digest();
}
