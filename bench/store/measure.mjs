// The store and the api on one machine: how fast builds are asked for, taken and listed, and how fast a built key is answered again.
//   node bench/store/measure.mjs [builds [projects]]        needs dist/; default: 10,000 builds of 100 projects
// Uses a fresh data folder in the working directory's file system, with real fsyncs. Goals: 10,000 builds queued in under 20 s, taking one under 10 ms at p99, a page of
// the list under 20 ms; a built key asked again under 100 ms at the api, and 300 attempts a second end to end in the store.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { WORKER } from '../worker.mjs';

const root = new URL('../../', import.meta.url).pathname;
const count = Number(process.argv[2] ?? 10_000);
const load = (path) => import(join(root, 'dist', path));
const [
  { createBuildStore },
  { workerStore },
  { openDatabase },
  { readMigrations },
  { startApi },
  { parseSettings },
  { pino },
] = await Promise.all([
  load('adapters/sqlite/build-store.js'),
  load('adapters/sqlite/worker-table.js'),
  load('adapters/sqlite/database.js'),
  load('adapters/sqlite/migrations.js'),
  load('api/start.js'),
  load('core/settings.js'),
  import('pino'),
]);

const folder = await mkdtemp(join(process.cwd(), 'bench-store-'));
try {
  await measureStore(join(folder, 'store.db'));
  await measureApi(join(folder, 'data'));
} finally {
  await rm(folder, { recursive: true });
}

async function measureStore(path) {
  const db = openDatabase(path, readMigrations(join(root, 'migrations')), 0);
  const store = createBuildStore(db, { indexUrl: 'http://index.example/simple/', clock: Date.now });
  await workerStore(db, 30_000).register(WORKER, Date.now());
  const projects = Number(process.argv[3] ?? 100);
  const target = { policy: 'manylinux_2_31', arch: 'x86_64', python: 'cp313', image: 'debian-11', builderDigest: 'b' };
  for (let project = 0; project < projects; project++) {
    const revision = { project: `p${project}`, yaml: '', origin: 'none', approved: true };
    await store.addRecipeRevision({ digest: `r${project}`, ...revision });
  }
  const planned = (number) => ({
    key: `k${number}`,
    project: `p${number % projects}`,
    version: `1.${number}`,
    requirement: `p${number % projects}`,
    sdist: { filename: 's.tar.gz', url: 'https://upstream.example/s.tar.gz', sha256: `s${number}` },
    recipeDigest: `r${number % projects}`,
    recipe: {},
    target,
    channel: 'stable',
    priority: 100,
  });
  const enqueueMs = await timed(async () => {
    for (let number = 0; number < count; number++) await store.addBuild(planned(number));
  });
  print(`${count} builds queued`, `${(enqueueMs / 1000).toFixed(1)} s`);

  const pages = [];
  for (let page = 0; page < 50; page++) pages.push(await timed(() => store.builds({ limit: 50 })));
  print('a page of 50 builds', `${percentile(pages, 0.5).toFixed(1)} ms, p99 ${percentile(pages, 0.99).toFixed(1)} ms`);

  const claims = [];
  const attempts = Math.min(count, 2_000);
  const attemptsMs = await timed(async () => {
    for (let number = 0; number < attempts; number++) {
      let lease;
      claims.push(
        await timed(async () => {
          lease = await store.claim(WORKER, 30_000, Date.now());
        }),
      );
      await store.startPhase(lease, 'build', Date.now());
      await store.heartbeat(lease, 30_000, Date.now());
      const { project, version, channel } = lease.order;
      const filename = `${project}-${version}-cp313-cp313-manylinux_2_31_x86_64.whl`;
      const wheel = { filename, sha256: `w${number}`, sizeBytes: 1, grafted: [], needs: [] };
      const file = { ...wheel, project, version, channel, origin: 'build', ownsProject: false };
      await store.finish(lease, { kind: 'succeeded', wheel }, file, Date.now());
    }
  });
  print('taking one', `${percentile(claims, 0.5).toFixed(1)} ms, p99 ${percentile(claims, 0.99).toFixed(1)} ms`);
  print('attempts, claim to published row', `${Math.round((attempts / attemptsMs) * 1000)} a second`);
  await store.close();
}

async function measureApi(data) {
  const upstream = createServer((_request, response) => {
    const file = { filename: 'spam-1.0.tar.gz', url: '/spam-1.0.tar.gz', hashes: { sha256: 'a'.repeat(64) } };
    response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' });
    response.end(JSON.stringify({ meta: { 'api-version': '1.1' }, name: 'spam', files: [file] }));
  });
  await new Promise((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const settings = parseSettings({
    WHEELWRIGHT_DATA: data,
    WHEELWRIGHT_API_PORT: '0',
    WHEELWRIGHT_UPSTREAM: `http://127.0.0.1:${upstream.address().port}/simple/`,
  });
  const api = await startApi(settings, { root, log: pino({ level: 'silent' }) });
  const token = (await readFile(join(data, 'admin-token'), 'utf8')).trim();
  const ask = async () => {
    const response = await fetch(`${api.url}/api/v1/builds`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ requirement: 'spam==1.0' }),
    });
    await response.json();
  };
  await ask();
  const again = [];
  for (let time = 0; time < 200; time++) again.push(await timed(ask));
  print(
    'a key asked again, over HTTP',
    `${percentile(again, 0.5).toFixed(1)} ms, p99 ${percentile(again, 0.99).toFixed(1)} ms`,
  );
  await api.close();
  upstream.close();
  upstream.closeAllConnections();
}

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function percentile(values, share) {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
}

function print(what, value) {
  console.log(`${what.padEnd(36)} ${value}`);
}
