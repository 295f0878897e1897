// The index beside nginx with the same pages on disk and beside this runtime's floor: interleaved rounds, medians. Processor time per request is given as
// well, since it bears a busy machine better than throughput does.
//   node bench/index/measure.mjs            needs dist/ (npm run build), nginx and wrk (apt-get install nginx-light wrk)
//   ROUNDS=3 SECONDS=5 FOLDER=/tmp/wheelwright-bench OUT=file.md
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fillDataFolder } from './corpus.mjs';
import { answers, PEER_PORTS, startPeers } from './peers.mjs';
import { cpuMs, nodeArguments, percentile, rssMb, stopProgram } from './programs.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 3);
const SECONDS = Number(process.env.SECONDS ?? 5);
const FOLDER = process.env.FOLDER ?? '/tmp/wheelwright-bench';
const MAIN = process.env.MAIN ?? fileURLToPath(new URL('../../dist/index-server/main.js', import.meta.url));
const JSON_TYPE = 'application/vnd.pypi.simple.v1+json';
const PORTS = { ours: 9301, ...PEER_PORTS };
const origin = (name) => `http://127.0.0.1:${PORTS[name]}`;
const running = [];
const pids = {};

function start(command, args, environment = {}) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...environment },
  });
  running.push(child);
  return child;
}

const startOurs = (data) =>
  start(process.execPath, [...nodeArguments('index-server'), MAIN], {
    WHEELWRIGHT_DATA: data,
    WHEELWRIGHT_INDEX_PORT: String(PORTS.ours),
    WHEELWRIGHT_LOG_LEVEL: 'error',
    // Nothing here is asked of an upstream: the projects are owned.
    WHEELWRIGHT_UPSTREAM: 'http://127.0.0.1:9/',
  });

async function stop(child) {
  running.splice(running.indexOf(child), 1);
  await stopProgram(child);
}

function firstByteMs(path) {
  const headers = { accept: JSON_TYPE, 'accept-encoding': 'gzip' };
  const asked = performance.now();
  return new Promise((resolve, reject) => {
    get(`${origin('ours')}${path}`, { headers, agent: false }, (response) => {
      resolve(performance.now() - asked);
      response.resume();
    }).on('error', reject);
  });
}

/** Requests a second, or MB a second for whole files. */
function wrk(url, headers, connections, unit) {
  const args = ['-t1', `-c${connections}`, `-d${SECONDS}s`, '--timeout', '20s', '--latency'];
  for (const [name, value] of Object.entries({ 'Accept-Encoding': 'gzip', ...headers }))
    args.push('-H', `${name}: ${value}`);
  const out = execFileSync('wrk', [...args, url], { encoding: 'utf8' });
  if (/Non-2xx or 3xx/.test(out)) throw new Error(`${url}: ${out}`);
  const requests = Number(/(\d+) requests in/.exec(out)[1]);
  if (unit === 'req/s') return { value: Number(/Requests\/sec:\s+([\d.]+)/.exec(out)[1]), requests };
  const [, size, scale] = /Transfer\/sec:\s+([\d.]+)(\w+)/.exec(out);
  return { value: (Number(size) * { KB: 1 << 10, MB: 1 << 20, GB: 1 << 30 }[scale]) / 1e6, requests };
}

const median = (values) => percentile(values, 0.5);
const page = (project, accept) => ({ path: `/simple/${project}`, headers: { Accept: accept } });

async function rowsOf() {
  const listing = await (
    await fetch(`${origin('ours')}/simple/bench-wide-600/`, { headers: { accept: JSON_TYPE } })
  ).json();
  const big = await (await fetch(`${origin('ours')}/simple/bench-big/`, { headers: { accept: JSON_TYPE } })).json();
  const pathOf = (project, url) => new URL(url, `${origin('ours')}/simple/${project}/`).pathname;
  return [
    { name: '600-file page, JSON', ...page('bench-wide-600/', JSON_TYPE), floor: true },
    { name: '600-file page, HTML', ...page('bench-wide-600/', 'text/html'), floor: true },
    { name: '2,000-file page, JSON', ...page('bench-wide-2000/', JSON_TYPE), floor: true },
    { name: '2,000-file page, HTML', ...page('bench-wide-2000/', 'text/html'), floor: true },
    { name: 'root page, JSON', ...page('', JSON_TYPE), floor: true },
    { name: '600-file page, 304', ...page('bench-wide-600/', JSON_TYPE), floor: true, conditional: true },
    {
      name: '.metadata',
      path: `${pathOf('bench-wide-600', listing.files[0].url)}.metadata`,
      headers: { Accept: '*/*' },
    },
    {
      name: '40 MB wheel',
      path: pathOf('bench-big', big.files[0].url),
      headers: { Accept: '*/*' },
      unit: 'MB/s',
      connections: 4,
    },
  ];
}

async function measureRow(row, name) {
  const url = origin(name) + row.path;
  const headers = { ...row.headers };
  if (row.conditional) {
    // A connection of its own: one kept from the row before may be closed by its server at this moment.
    const response = await fetch(url, {
      headers: { accept: row.headers.Accept, 'accept-encoding': 'gzip', connection: 'close' },
    });
    await response.arrayBuffer();
    headers['If-None-Match'] = response.headers.get('etag');
  }
  const before = cpuMs(pids[name]);
  const { value, requests } = wrk(url, headers, row.connections ?? 32, row.unit ?? 'req/s');
  return { value, cpuMicros: ((cpuMs(pids[name]) - before) * 1000) / requests };
}

async function main() {
  const data = join(FOLDER, 'data');
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  fillDataFolder(data);
  const results = new Map();
  const keep = (row, name, value) => {
    const byName = results.get(row) ?? new Map();
    byName.set(name, [...(byName.get(name) ?? []), value]);
    results.set(row, byName);
  };
  const firstPage = async () => {
    const began = performance.now();
    const child = startOurs(data);
    await answers(`${origin('ours')}/simple/bench-wide-2000/`);
    keep('start to the 2,000-file page, ms', 'ours', performance.now() - began);
    // What the client itself compiles at its first request is not the server's.
    await firstByteMs('/simple/bench-wide-2000/');
    await stop(child);
    const next = startOurs(data);
    await answers(`${origin('ours')}/healthz`);
    // Nobody asks as soon as the port is open; what was just done is faster than what rested.
    await setTimeout(1000);
    keep('its first rendering, ms to the first byte', 'ours', await firstByteMs('/simple/bench-wide-2000/'));
    pids.ours = next.pid;
    return next;
  };
  let ours = await firstPage();
  const projects = ['bench-wide-600', 'bench-wide-2000', 'bench-big'];
  const rows = await rowsOf();
  const specs = rows.filter(({ floor }) => floor).map(({ headers, path }) => `${headers.Accept}|${path}`);
  const { nginx, floor } = await startPeers(join(FOLDER, 'nginx'), origin('ours'), data, projects, specs);
  running.push(nginx, floor);
  Object.assign(pids, { nginx: nginx.pid, floor: floor.pid });
  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0) {
      await stop(ours);
      ours = await firstPage();
    }
    keep('memory after start, MB', 'ours', rssMb(ours.pid));
    // The others go on from the last round; hot is what has been asked for a while.
    if (round > 0) for (const row of rows) await measureRow(row, 'ours');
    for (const row of rows) {
      const names = ['ours', 'nginx', ...(row.floor ? ['floor'] : [])];
      for (const name of [...names.slice(round % names.length), ...names.slice(0, round % names.length)]) {
        const { value, cpuMicros } = await measureRow(row, name);
        keep(`${row.name}, ${row.unit ?? 'req/s'}`, name, value);
        keep(`${row.name}, µs of processor`, name, cpuMicros);
        console.error(
          `round ${round + 1}  ${row.name.padEnd(24)} ${name.padEnd(6)} ${value.toFixed(0)}  load ${loadavg()[0].toFixed(1)}`,
        );
      }
    }
    keep('memory after the round, MB', 'ours', rssMb(ours.pid));
  }
  report(results);
}

function report(results) {
  const lines = ['| | ours | nginx | floor | ours / nginx | ours / floor |', '|---|---:|---:|---:|---:|---:|'];
  const number = (value) => (value === undefined ? '' : Math.round(value).toLocaleString('en'));
  for (const [row, byName] of results) {
    const values = (name) => byName.get(name) ?? [];
    const ratio = (name) => {
      const ratios = values('ours')
        .map((value, at) => value / values(name)[at])
        .filter(Number.isFinite);
      return ratios.length === 0 ? '' : `${median(ratios).toFixed(2)}x`;
    };
    const cells = ['ours', 'nginx', 'floor'].map((name) => number(median(values(name))));
    lines.push(`| ${row} | ${cells.join(' | ')} | ${ratio('nginx')} | ${ratio('floor')} |`);
  }
  const text = `${ROUNDS} interleaved rounds of ${SECONDS} s, medians; ratios are medians of the rounds' ratios.\n\n${lines.join('\n')}\n`;
  if (process.env.OUT !== undefined) writeFileSync(process.env.OUT, text);
  console.log(text);
}

try {
  await main();
} finally {
  for (const child of running) child.kill('SIGTERM');
}
