import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const VENVS = resolve('.cache/python-clients');

/** Folder of the programs of a virtual environment with these packages, made on first use from what pip uses on this machine. */
export async function pythonClient(name: string, ...packages: string[]): Promise<string> {
  const home = join(VENVS, name);
  const ready = join(home, '.ready');
  if (!existsSync(ready)) {
    rmSync(home, { recursive: true, force: true });
    mkdirSync(VENVS, { recursive: true });
    await run('python3', ['-m', 'venv', home], { timeout: 120_000 });
    const install = ['install', '-q', '--disable-pip-version-check', '--only-binary', ':all:', ...packages];
    await run(join(home, 'bin/python'), ['-m', 'pip', ...install], { timeout: 300_000 });
    writeFileSync(ready, '');
  }
  return join(home, 'bin');
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
