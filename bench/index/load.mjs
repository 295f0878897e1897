// The load of under-load.mjs: one large upload and one long log, at the same time. Prepared first, started by a line on stdin.
//   load.mjs API TOKEN LEASE NUMBER
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WORKER } from '../worker.mjs';
import { makeWheel, upload, uploadForm } from './wheels.mjs';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const WHEEL_BYTES = Number(process.env.WHEEL_MB ?? 300) * 1e6;
const LOG_BYTES = Number(process.env.LOG_MB ?? 100) * 1e6;
const CHUNK_LINES = 2_000;
const LINE = `${'gcc -c -O2 -fPIC spam.c -o build/spam.o '.repeat(3).slice(0, 99)}\n`;

/** Attempts whose logs can be written, made before the api starts. */
export async function prepareLeases(data, count) {
  const { createBuildStore } = await import(`${dist}adapters/sqlite/build-store.js`);
  const { openDatabase } = await import(`${dist}adapters/sqlite/database.js`);
  const { readMigrations } = await import(`${dist}adapters/sqlite/migrations.js`);
  const { workerStore } = await import(`${dist}adapters/sqlite/worker-table.js`);
  const migrations = readMigrations(fileURLToPath(new URL('../../migrations', import.meta.url)));
  const db = openDatabase(join(data, 'wheelwright.db'), migrations, Date.now());
  const store = createBuildStore(db, { indexUrl: 'http://index.example/simple/', clock: Date.now });
  await workerStore(db, 24 * 3_600_000).register(WORKER, Date.now());
  const target = { policy: 'manylinux_2_31', arch: 'x86_64', python: 'cp313', image: 'debian-11', builderDigest: 'b' };
  await store.addRecipeRevision({ digest: 'r', project: 'spam', yaml: '', origin: 'none', approved: true });
  const leases = [];
  for (let number = 0; number < count; number++) {
    await store.addBuild({
      key: `k${number}`,
      project: 'spam',
      version: `1.${number}`,
      requirement: 'spam',
      sdist: { filename: 's.tar.gz', url: 'https://upstream.example/s.tar.gz', sha256: `s${number}` },
      recipeDigest: 'r',
      recipe: {},
      target,
      channel: 'stable',
      priority: 100,
    });
    const { attemptId, token } = await store.claim(WORKER, 24 * 3_600_000, Date.now());
    leases.push({ attemptId, token });
  }
  await store.close();
  return leases;
}

/** Writes the log in pieces, as a worker does, and reads it all from the beginning when it is written. */
async function streamLog(api, token, lease) {
  const { openWorkerApi } = await import(`${dist}client/worker-api.js`);
  const worker = openWorkerApi({ url: api, token });
  const chunk = LINE.repeat(CHUNK_LINES);
  let next = 1;
  for (let sent = 0; sent < LOG_BYTES; sent += chunk.length) next = await worker.appendLog(lease, next, chunk);
  const response = await fetch(`${api}/api/v1/attempts/${lease.attemptId}/log`);
  for await (const _ of response.body);
  await worker.close();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , api, token, lease, number] = process.argv;
  const body = uploadForm(makeWheel('bench-large', `1.${number}`, WHEEL_BYTES));
  process.stdout.write('ready\n');
  await once(process.stdin, 'data');
  const began = performance.now();
  const seconds = async (work) => {
    await work;
    return ((performance.now() - began) / 1000).toFixed(1);
  };
  const [wheel, log] = await Promise.all([
    seconds(upload(`${api}/legacy/`, token, body)),
    seconds(streamLog(api, token, JSON.parse(lease))),
  ]);
  process.stdout.write(`wheel ${wheel} s, log ${log} s\n`);
  process.stdin.destroy();
}
