// 200 workers on one api with SQLite: the real worker and the real api over HTTP, with an engine that answers at once, so that what is measured is everything between
// a queued build and a published, signed wheel but the containers themselves. Afterwards the database is looked through: each build has one attempt, one file and all
// of its log, so no attempt was lost or made twice.
//   node bench/workers/measure.mjs [builds] [workers] [processes]       needs dist/; default: 6,000 builds, 200 workers in as many processes as there are processors
// Uses a fresh data folder in the working directory's file system, with real fsyncs. Goal: 300 attempts a second, end to end. On a machine that others use too, the
// processor time for each attempt says more than the rate.
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { cpuMs, peakMegabytes, print, startApi, urlOf } from '../processes.mjs';

const root = new URL('../../', import.meta.url).pathname;
const [builds = 6_000, workers = 200, processes = cpus().length] = process.argv.slice(2).map(Number);
const AT_ONCE = 16;
const POLL_MS = 100;
// One process stands for dozens of workers, each of which would collect its own garbage without copying what the others hold.
const YOUNG = ['--max-semi-space-size=64'];

const upstream = createServer((request, response) => {
  const name = request.url.split('/')[2];
  const filename = `${name}-1.0.tar.gz`;
  const hashes = { sha256: createHash('sha256').update(filename).digest('hex') };
  response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
  response.end(JSON.stringify({ meta: { 'api-version': '1.1' }, name, files: [{ filename, url: filename, hashes }] }));
});
await once(upstream.listen(0, '127.0.0.1'), 'listening');
const folder = await mkdtemp(join(process.cwd(), 'bench-workers-'));
const data = join(folder, 'data');
const api = await startApi({
  WHEELWRIGHT_DATA: data,
  WHEELWRIGHT_API_PORT: '0',
  WHEELWRIGHT_UPSTREAM: `http://127.0.0.1:${upstream.address().port}/simple/`,
  WHEELWRIGHT_INDEX_URL: 'http://index.example',
});
const children = [];
try {
  const url = await urlOf(api);
  const token = (await readFile(join(data, 'admin-token'), 'utf8')).trim();
  const enqueueMs = await timed(() => enqueue(url, token));
  print(`${builds} builds asked for over HTTP`, `${(enqueueMs / 1000).toFixed(1)} s`);

  const db = new Sqlite(join(data, 'wheelwright.db'), { readonly: true });
  const ended = db.prepare('SELECT count(*) FROM attempts WHERE finished_at IS NOT NULL').pluck();
  for (let number = 0; number < processes; number++) {
    const each = Math.ceil(workers / processes);
    children.push(
      fork(join(root, 'bench/workers/workers.mjs'), [url, token, String(each), String(number)], { execArgv: YOUNG }),
    );
  }
  await Promise.all(children.map((child) => once(child, 'message')));
  const mark = () => ({
    count: ended.get(),
    at: performance.now(),
    api: cpuMs(api.pid),
    workers: children.reduce((sum, { pid }) => sum + cpuMs(pid), 0),
  });
  const begun = mark();
  for (const child of children) child.send('start');
  let half;
  let now = begun;
  while (now.count < builds) {
    if (api.exitCode !== null) throw new Error(`the api ended with ${api.exitCode}`);
    await sleep(POLL_MS);
    now = mark();
    if (now.count >= builds / 2) half ??= now;
  }
  print('machine', `${cpus().length} cores, load ${loadavg()[0].toFixed(1)}`);
  tell('attempts, end to end', begun, now);
  tell('the second half, with warm code', half, now);
  print('memory of the api at most', `${peakMegabytes(api.pid)} MB resident`);
  const faults = await look(db);
  print('lost or doubled', faults.length === 0 ? 'nothing' : faults.join('; '));
  db.close();
  if (faults.length > 0) process.exitCode = 1;
} finally {
  for (const child of children) child.kill('SIGKILL');
  api.kill('SIGTERM');
  await once(api, 'exit');
  upstream.close();
  upstream.closeAllConnections();
  await rm(folder, { recursive: true });
}

async function enqueue(url, token) {
  let next = 0;
  const ask = async () => {
    for (let number = next++; number < builds; number = next++) {
      const response = await fetch(`${url}/api/v1/builds`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ requirement: `p${number}==1.0` }),
      });
      if (response.status !== 202) throw new Error(await response.text());
      await response.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
}

function tell(what, from, to) {
  const count = to.count - from.count;
  const each = (ms) => (ms / count).toFixed(2);
  const rate = Math.round((count / (to.at - from.at)) * 1000);
  const cost = `${each(to.api - from.api)} ms of processor in the api, ${each(to.workers - from.workers)} in the workers`;
  print(what, `${rate} a second; for each ${cost}`);
}

/** Everything that is not as it must be, by what the database and the folder of logs say. */
async function look(db) {
  const count = (sql) => db.prepare(sql).pluck().get();
  const faults = [];
  const expect = (what, found, wanted) => found === wanted || faults.push(`${found} ${what}, not ${wanted}`);
  expect('builds that succeeded', count("SELECT count(*) FROM builds WHERE status = 'succeeded'"), builds);
  expect('attempts', count('SELECT count(*) FROM attempts'), builds);
  expect('attempts that succeeded', count("SELECT count(*) FROM attempts WHERE status = 'succeeded'"), builds);
  expect('files', count('SELECT count(DISTINCT attempt_id) FROM files'), builds);
  expect('phases', count('SELECT count(*) FROM attempt_phases'), builds * 5);
  for (const { id, status, failure_json } of db.prepare("SELECT * FROM attempts WHERE status <> 'succeeded'").all()) {
    faults.push(`${id} ${status}: ${failure_json}`);
  }
  const attempts = db.prepare("SELECT id FROM attempts WHERE status = 'succeeded'").pluck().all();
  for (const id of attempts) {
    const log = await readFile(join(data, 'logs', `${id}.log`), 'utf8');
    if (!/^(.*\n)+\[wheelwright\] publish: .*\n$/.test(log)) faults.push(`the log of ${id} ends early`);
  }
  return faults;
}

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
