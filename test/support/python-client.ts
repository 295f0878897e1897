import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { tryLock } from '../../adapters/sqlite/exclusive-lock.js';

const run = promisify(execFile);
const VENVS = resolve('.cache/python-clients');

/** Folder of the programs of a virtual environment with these packages, made on first use from what pip uses on this machine. */
export async function pythonClient(name: string, ...packages: string[]): Promise<string> {
  const home = join(VENVS, name);
  mkdirSync(VENVS, { recursive: true });
  // Several test files may want it at once.
  let release = tryLock(`${home}.lock`);
  for (; release === undefined; release = tryLock(`${home}.lock`)) await sleep(200);
  try {
    if (!existsSync(join(home, '.ready'))) await makeClient(home, packages);
  } finally {
    release();
  }
  return join(home, 'bin');
}

async function makeClient(home: string, packages: readonly string[]): Promise<void> {
  rmSync(home, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', home], { timeout: 120_000 });
  const install = ['install', '-q', '--disable-pip-version-check', '--only-binary', ':all:', ...packages];
  await run(join(home, 'bin/python'), ['-m', 'pip', ...install], { timeout: 300_000 });
  writeFileSync(join(home, '.ready'), '');
}

export interface ClientRun {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a client without any setting of this machine's, with nothing in its caches. */
export async function runClient(
  command: string,
  args: readonly string[],
  cwd: string,
  environment: Record<string, string> = {},
): Promise<ClientRun> {
  const inherited = Object.entries(process.env).filter(([key]) => !/^(PIP_|UV_|POETRY_|PYTHON|VIRTUAL_ENV)/.test(key));
  const env = {
    ...Object.fromEntries(inherited),
    HOME: cwd,
    PIP_CONFIG_FILE: '/dev/null',
    PIP_NO_CACHE_DIR: '1',
    UV_NO_CACHE: '1',
    UV_NO_CONFIG: '1',
    NO_COLOR: '1',
    ...environment,
  };
  try {
    const { stdout, stderr } = await run(command, [...args], { cwd, env, timeout: 180_000, maxBuffer: 64 * 2 ** 20 });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: number; stdout?: string; stderr?: string };
    return { code: typeof code === 'number' ? code : -1, stdout, stderr };
  }
}
