// What the benchmarks look at in processes of the service.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = new URL('../', import.meta.url).pathname;
const TICK_MS = 10;

/** Starts the api as `./wheelwright up` does. It ends with this process, however that is killed. */
export async function startApi(environment) {
  const { nodeArguments, nodeEnvironment } = await import(join(ROOT, 'dist/cli/service/node-arguments.js'));
  const command = [process.execPath, ...nodeArguments('api'), join(ROOT, 'dist/api/main.js')];
  return spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
    env: { ...process.env, ...nodeEnvironment('api'), ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Processor time of a process so far, in milliseconds. */
export function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** The most memory that a process has had resident, in megabytes. */
export function peakMegabytes(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round((Number(/VmHWM:\s+(\d+)/.exec(status)[1]) * 1024) / 1e6);
}

/** The URL that a program says it listens on. What it prints is read on, since a program stands still when nobody takes its log. */
export function urlOf(program) {
  let text = '';
  return new Promise((resolve, reject) => {
    program.stdout.on('data', (chunk) => {
      if (text === undefined) return;
      text += chunk;
      const url = /"url":"([^"]+)"/.exec(text)?.[1];
      if (url === undefined) return;
      text = undefined;
      resolve(url);
    });
    program.stdout.on('end', () => reject(new Error(`it did not start: ${text}`)));
  });
}

export function print(what, value) {
  console.log(`${what.padEnd(36)} ${value}`);
}
