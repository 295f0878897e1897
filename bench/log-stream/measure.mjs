// Live logs: 50 attempts that print 2,000 lines a second each, through the worker's own log sender, and a reader of each by server-sent events. A line's delay is from
// just before it is given to the sender until its reader has it; every reader must get every line once and in order.
//   node bench/log-stream/measure.mjs [seconds] [attempts] [lines a second]       needs dist/; default: 20 s, 50 attempts, 2,000 lines a second
// The api, the writers and the readers are a process each. Goal: p95 of the delay under 300 ms, the api under 400 MB resident.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMs, peakMegabytes, print, startApi, urlOf } from '../processes.mjs';
import { WORKER } from '../worker.mjs';

const root = new URL('../../', import.meta.url).pathname;
const [seconds = 20, attempts = 50, rate = 2_000] = process.argv.slice(2).map(Number);
const { openClient } = await import(join(root, 'dist/client/client.js'));
const { openWorkerApi } = await import(join(root, 'dist/client/worker-api.js'));

const upstream = createServer((request, response) => {
  const name = request.url.split('/')[2];
  const files = [{ filename: `${name}-1.0.tar.gz`, url: 'file.tar.gz', hashes: { sha256: 'a'.repeat(64) } }];
  response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
  response.end(JSON.stringify({ meta: { 'api-version': '1.1' }, name, files }));
});
await once(upstream.listen(0, '127.0.0.1'), 'listening');
const folder = await mkdtemp(join(process.cwd(), 'bench-log-stream-'));
const api = await startApi({
  WHEELWRIGHT_DATA: folder,
  WHEELWRIGHT_API_PORT: '0',
  WHEELWRIGHT_UPSTREAM: `http://127.0.0.1:${upstream.address().port}/simple/`,
});
const start = (name) => fork(join(root, 'bench/log-stream', name));
const [readers, writers] = [start('readers.mjs'), start('writers.mjs')];
try {
  const url = await urlOf(api);
  const token = (await readFile(join(folder, 'admin-token'), 'utf8')).trim();
  const leases = await takeLeases(url, token);
  readers.send({ url, attemptIds: leases.map(({ attemptId }) => attemptId) });
  await sleep(1_000);
  const before = cpuMs(api.pid);
  writers.send({ url, token, leases, seconds, rate });
  const [{ lines: written }] = await once(writers, 'message');
  const [result] = await once(readers, 'message');
  print('machine', `${cpus().length} cores, load ${loadavg()[0].toFixed(1)}`);
  print('lines written', `${written}, ${Math.round(written / seconds)} a second`);
  print('lines read', `${result.lines}${result.faults === 0 ? '' : `, ${result.faults} not in order`}`);
  print(
    'delay p50, p95, p99, longest',
    `${[0.5, 0.95, 0.99, 1].map((share) => percentile(result.delays, share)).join(', ')} ms`,
  );
  print('processor time of the api', `${((cpuMs(api.pid) - before) / seconds / 10).toFixed(0)} % of a core`);
  print('memory of the api at most', `${peakMegabytes(api.pid)} MB resident`);
  if (result.lines !== written || result.faults > 0) process.exitCode = 1;
} finally {
  for (const child of [readers, writers, api]) child.kill('SIGKILL');
  upstream.close();
  upstream.closeAllConnections();
  await rm(folder, { recursive: true });
}

async function takeLeases(url, token) {
  const client = openClient({ url, token });
  const worker = openWorkerApi({ url, token });
  const leases = [];
  await worker.register(WORKER, AbortSignal.timeout(10_000));
  for (let number = 0; number < attempts; number++) {
    await client.requestBuilds({ requirement: `p${number}==1.0` });
    leases.push(await worker.claim(WORKER, 5_000, AbortSignal.timeout(10_000)));
  }
  await Promise.all([client.close(), worker.close()]);
  return leases;
}

/** @param delays how many lines had a delay of that many milliseconds */
function percentile(delays, share) {
  const total = delays.reduce((sum, count) => sum + (count ?? 0), 0);
  let seen = 0;
  for (const [delay, count] of delays.entries()) {
    seen += count ?? 0;
    if (seen >= total * share) return delay;
  }
  return delays.length - 1;
}
