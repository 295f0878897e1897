// A hot page while the service works: its p99 idle, and while a 300 MB wheel is uploaded and a 100 MB log is written and read; beside nginx and the bare floor, which
// have nothing to do with either and so show what the machine itself loses. Then 100 slow readers of one 40 MB wheel: memory before, at most, and after.
//   node bench/index/under-load.mjs         needs dist/ (npm run build) and nginx (apt-get install nginx-light)
//   ROUNDS=3 RATE=300 (requests a second) SECONDS=5 (idle) WHEEL_MB=300 LOG_MB=100
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fillDataFolder } from './corpus.mjs';
import { PEER_PORTS, startPeers } from './peers.mjs';
import { percentile, rssMb, startProgram, stopProgram } from './programs.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 3);
const RATE = Number(process.env.RATE ?? 300);
const SECONDS = Number(process.env.SECONDS ?? 5);
const JSON_TYPE = 'application/vnd.pypi.simple.v1+json';
const PAGE = '/simple/bench-wide-600/';
const READERS = 100;

/** Asks at a fixed pace until told to stop, whether answers come or not; milliseconds from when each request was due. */
async function paced(origin, stop) {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const headers = { accept: JSON_TYPE, 'accept-encoding': 'gzip' };
  const took = [];
  const open = new Set();
  const ask = (due) => {
    const answered = new Promise((resolve, reject) => {
      get(origin + PAGE, { agent, headers }, (response) => {
        response.resume().on('end', () => resolve(took.push(performance.now() - due)));
      }).on('error', reject);
    }).finally(() => open.delete(answered));
    open.add(answered);
  };
  let stopped = false;
  stop.finally(() => {
    stopped = true;
  });
  for (let due = performance.now(); !stopped; due += 1000 / RATE) {
    const early = due - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    ask(due);
  }
  await Promise.all(open);
  agent.destroy();
  return percentile(took, 0.99);
}

/** Prepares a load in a process of its own; `run` starts it and resolves to what it took. */
async function prepareLoad(api, token, lease, number) {
  const program = fileURLToPath(new URL('load.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, api, token, JSON.stringify(lease), String(number)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return {
    run: async () => {
      child.stdin.end('go\n');
      const [said] = await once(child.stdout, 'data');
      await once(child, 'exit');
      return String(said).trim();
    },
  };
}

async function slowReaders(index, path, pid) {
  const before = rssMb(pid);
  let most = before;
  const sockets = [];
  for (let at = 0; at < READERS; at++) {
    const socket = connect(Number(new URL(index).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`);
    socket.pause();
    sockets.push(socket);
  }
  // Each takes 64 KB ten times a second at most.
  for (let tick = 0; tick < 100; tick++) {
    for (const socket of sockets) socket.read(64 * 1024);
    await new Promise((resolve) => setTimeout(resolve, 100));
    most = Math.max(most, rssMb(pid));
  }
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  return `${before.toFixed(0)} MB before, ${most.toFixed(0)} at most, ${rssMb(pid).toFixed(0)} after`;
}

const folder = mkdtempSync(join(tmpdir(), 'wheelwright-under-load-'));
const running = [];
try {
  const data = join(folder, 'data');
  mkdirSync(data, { recursive: true });
  fillDataFolder(data);
  const { prepareLeases } = await import('./load.mjs');
  const leases = await prepareLeases(data, 3 * ROUNDS);
  const index = await startProgram('index-server', data);
  const api = await startProgram('api', data, { WHEELWRIGHT_LEASE_MS: String(24 * 3_600_000) });
  running.push(index.child, api.child);
  const token = readFileSync(join(data, 'admin-token'), 'utf8').trim();
  const projects = ['bench-wide-600', 'bench-big'];
  const { nginx, floor } = await startPeers(join(folder, 'nginx'), index.url, data, projects, [`${JSON_TYPE}|${PAGE}`]);
  running.push(nginx, floor);
  const origins = {
    ours: index.url,
    nginx: `http://127.0.0.1:${PEER_PORTS.nginx}`,
    floor: `http://127.0.0.1:${PEER_PORTS.floor}`,
  };
  const ratios = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, origin] of Object.entries(origins)) {
      const load = await prepareLoad(api.url, token, leases.shift(), `${round}.${Object.keys(origins).indexOf(name)}`);
      const idle = await paced(origin, new Promise((resolve) => setTimeout(resolve, SECONDS * 1000)));
      const work = load.run();
      const busy = await paced(origin, work);
      ratios[name] = [...(ratios[name] ?? []), busy / idle];
      console.log(
        `${name.padEnd(6)} p99 idle ${idle.toFixed(1)} ms, under load ${busy.toFixed(1)} ms: ${(busy / idle).toFixed(1)}x | ${await work} | load ${loadavg()[0].toFixed(1)}`,
      );
    }
  }
  for (const [name, all] of Object.entries(ratios))
    console.log(`${name.padEnd(6)} median ${percentile(all, 0.5).toFixed(1)}x`);

  const listing = await fetch(`${index.url}/simple/bench-big/`, { headers: { accept: JSON_TYPE } });
  const [{ url }] = (await listing.json()).files;
  const path = new URL(url, `${index.url}/simple/bench-big/`).pathname;
  console.log(`${READERS} slow readers of a 40 MB wheel: ${await slowReaders(index.url, path, index.child.pid)}`);
} finally {
  for (const child of running) await stopProgram(child);
  rmSync(folder, { recursive: true, force: true });
}
