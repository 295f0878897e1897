// Publishing: wheels a second with 8 clients, beside the least that a server of this runtime could do: read the body, write it to a file, sync, answer.
//   node bench/index/publish.mjs            needs dist/ (npm run build)
//   WHEELS=3500 CLIENTS=8 ROUNDS=1 FLOOR=1
// Processor time per wheel bears a busy machine better than the rate does.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuMs, percentile, rssMb, startProgram, stopProgram } from './programs.mjs';
import { makeWheel, upload, uploadForm } from './wheels.mjs';

const WHEELS = Number(process.env.WHEELS ?? 3500);
const CLIENTS = Number(process.env.CLIENTS ?? 8);
const ROUNDS = Number(process.env.ROUNDS ?? 1);

const bodies = Array.from({ length: WHEELS }, (_, at) =>
  uploadForm(makeWheel(`bench-pub-${at % 40}`, `1.${Math.floor(at / 40)}.0`)),
);

async function publishAll(url, token, pid) {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
  const ends = [];
  const took = [];
  const cpuBefore = cpuMs(pid);
  const began = performance.now();
  let next = 0;
  const client = async () => {
    while (next < bodies.length) {
      const sent = performance.now();
      await upload(url, token, bodies[next++], agent);
      took.push(performance.now() - sent);
      ends.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const cpuPerWheel = (cpuMs(pid) - cpuBefore) / WHEELS;
  agent.destroy();
  const fifth = Math.floor(WHEELS / 5);
  const first = (fifth / ends[fifth - 1]) * 1000;
  const last = (fifth / (ends.at(-1) - ends[WHEELS - 1 - fifth])) * 1000;
  return [
    `${((WHEELS / ends.at(-1)) * 1000).toFixed(0)} wheels/s`,
    `first fifth ${first.toFixed(0)}, last ${last.toFixed(0)} (${(last / first).toFixed(2)}x)`,
    `p50 ${percentile(took, 0.5).toFixed(1)} ms, p99 ${percentile(took, 0.99).toFixed(1)} ms`,
    `${cpuPerWheel.toFixed(2)} ms of processor a wheel`,
    `${rssMb(pid).toFixed(0)} MB`,
    `load ${loadavg()[0].toFixed(1)}`,
  ].join(' | ');
}

for (let round = 0; round < ROUNDS; round++) {
  const folder = mkdtempSync(join(tmpdir(), 'wheelwright-publish-'));
  try {
    const api = await startProgram('api', join(folder, 'data'), { WHEELWRIGHT_LOG_LEVEL: 'info' });
    try {
      const token = readFileSync(join(folder, 'data', 'admin-token'), 'utf8').trim();
      console.log('ours ', await publishAll(`${api.url}/legacy/`, token, api.child.pid));
    } finally {
      await stopProgram(api.child);
    }
    if (process.env.FLOOR !== '0') {
      const floor = spawn(
        process.execPath,
        [fileURLToPath(new URL('publish-floor.mjs', import.meta.url)), join(folder, 'floor')],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const url = String(await new Promise((resolve) => floor.stdout.once('data', resolve)));
      try {
        console.log('floor', await publishAll(url, '', floor.pid));
      } finally {
        await stopProgram(floor);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
