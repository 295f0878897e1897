import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const FRONT_DOOR = path.resolve('wheelwright');

export interface CommandResult {
  code: number;
  out: string;
  err: string;
}

/** The whole service, started by `./wheelwright up` on free ports and a data folder of its own. */
export interface TestService {
  apiUrl: string;
  indexUrl: string;
  data: string;
  environment: NodeJS.ProcessEnv;
  /** Runs a command of the front door against it. */
  wheelwright(...args: string[]): Promise<CommandResult>;
  /** Stops it as Ctrl-C does; gives its exit code. May be called again. */
  close(): Promise<number | null>;
}

export async function startTestService(more: NodeJS.ProcessEnv = {}): Promise<TestService> {
  const data = await mkdtemp(path.join(tmpdir(), 'wheelwright-e2e-'));
  const environment = {
    ...process.env,
    WHEELWRIGHT_DATA: data,
    WHEELWRIGHT_API_PORT: '0',
    WHEELWRIGHT_INDEX_PORT: '0',
    WHEELWRIGHT_INSTANCE: `test-${process.pid}`,
    WHEELWRIGHT_COMPILER_CACHE_BYTES: '0',
    WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES: '0',
    ...more,
  };
  const up = spawn(FRONT_DOOR, ['up'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(up, 'exit');
  let err = '';
  up.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const out = await outputUntil(up, 'Ctrl-C', () => err);
  const urlOf = (name: string) => new RegExp(`^${name} +(http://\\S+?)(/simple/)?$`, 'm').exec(out)?.[1] ?? '';
  return {
    apiUrl: urlOf('api'),
    indexUrl: urlOf('index'),
    data,
    environment,
    wheelwright: (...args) => runFrontDoor(environment, ...args),
    async close() {
      up.kill('SIGINT');
      const [code] = await exited;
      await rm(data, { recursive: true, force: true });
      return code;
    },
  };
}

export async function runFrontDoor(environment: NodeJS.ProcessEnv, ...args: string[]): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(FRONT_DOOR, args, { env: environment, maxBuffer: 2 ** 26 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

function outputUntil(child: ChildProcess, end: string, err: () => string): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.includes(end)) resolve(out);
    });
    child.once('exit', (code) => reject(new Error(`the service ended with ${code} before it was ready:\n${err()}`)));
  });
}
