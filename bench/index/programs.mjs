// The service's programs as `wheelwright up` starts them, each on a data folder of the benchmark's own.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
export const { nodeArguments, nodeEnvironment } = await import(`${dist}cli/service/node-arguments.js`);

/** Starts a program on a free port. @returns its process, its URL, and the milliseconds until it listened */
export async function startProgram(name, data, environment = {}) {
  const began = performance.now();
  const child = spawn(
    process.execPath,
    [
      ...(process.env.PROFILE === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env.PROFILE}`]),
      ...nodeArguments(name),
      `${dist}${name}/main.js`,
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        ...nodeEnvironment(name),
        WHEELWRIGHT_DATA: data,
        WHEELWRIGHT_API_PORT: '0',
        WHEELWRIGHT_INDEX_PORT: '0',
        // Nothing here is asked of an upstream: the projects are owned.
        WHEELWRIGHT_UPSTREAM: 'http://127.0.0.1:9/',
        ...environment,
      },
    },
  );
  const url = await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        const said = line.startsWith('{') ? JSON.parse(line) : {};
        if (said.url !== undefined) resolve(new URL(said.url).origin);
        else if (said.level === undefined || said.level >= 40) console.error(line);
      });
    }
    child.once('exit', (code) => reject(new Error(`the ${name} ended with ${code}`)));
  });
  return { child, url, startMs: performance.now() - began };
}

export async function stopProgram(child) {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

/** Resident memory in MB. */
export function rssMb(pid) {
  return (Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024) / 1e6;
}

/** Processor time of a process and its children so far, in milliseconds; a tick is 10 ms. */
export function cpuMs(pid) {
  const fields = (of) => readFileSync(`/proc/${of}/stat`, 'utf8').split(') ')[1].split(' ');
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return [pid, ...children].reduce((sum, of) => sum + (Number(fields(of)[11]) + Number(fields(of)[12])) * 10, 0);
}

export function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
