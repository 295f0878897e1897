import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WheelwrightError } from '../../core/errors.js';
import type { Settings } from '../../core/settings.js';
import {
  answers,
  removeServiceNote,
  runsWheelwright,
  type ServiceAddress,
  type ServiceNote,
  settledNote,
  writeServiceNote,
} from './address.js';
import { type Child, endedUnasked, startChild } from './child.js';
import type { ProgramName } from './node-arguments.js';

/** Programs of the service, started by this process. */
export interface Service extends ServiceAddress {
  /** Rejects when a program ends without being asked to; never resolves. */
  readonly broken: Promise<never>;
  /** Stops them in the reverse order of their start, so that the worker can hand its work back. */
  stop(): Promise<void>;
  /** Lets them run on when this process ends. */
  release(): void;
}

export interface StartOptions {
  settings: Settings;
  /** In the order of their start. */
  programs: readonly ProgramName[];
  environment: Readonly<Record<string, string | undefined>>;
  onLine: (program: ProgramName, line: string) => void;
  /** Whether the last command that uses it ends it. */
  temporary: boolean;
  signal: AbortSignal;
}

const START_MS = 60_000;
/** Beyond the worker's own grace. */
const STOP_MS = 10_000;

/**
 * Starts programs of the service and waits until they are ready. Ports that are taken are replaced by free ones.
 * @throws WheelwrightError `conflict` when a service of this data folder runs already, `unavailable` when a program does not start
 */
export async function startService(options: StartOptions): Promise<Service> {
  const { settings, signal } = options;
  await replaceEarlier(settings, (line) => options.onLine('api', line));
  const portFor = async (program: ProgramName, wanted: number) => {
    const port = await freePort(settings.WHEELWRIGHT_HOST, wanted);
    if (wanted !== 0 && port !== wanted) options.onLine(program, `port ${wanted} is taken; it gets ${port}`);
    return port;
  };
  const api = await portFor('api', settings.WHEELWRIGHT_API_PORT);
  const index = await portFor('index-server', settings.WHEELWRIGHT_INDEX_PORT);
  const host = reachableHost(settings.WHEELWRIGHT_HOST);
  const address: ServiceAddress = {
    apiUrl: `http://${host}:${api}`,
    indexUrl: settings.WHEELWRIGHT_INDEX_URL ?? `http://${host}:${index}`,
  };
  const environment = {
    ...options.environment,
    WHEELWRIGHT_DATA: settings.WHEELWRIGHT_DATA,
    WHEELWRIGHT_API_PORT: String(api),
    WHEELWRIGHT_INDEX_PORT: String(index),
    WHEELWRIGHT_API_URL: address.apiUrl,
    WHEELWRIGHT_INDEX_URL: address.indexUrl,
  };
  const children: Child[] = [];
  const start = (name: ProgramName) => {
    const child = startChild(name, environment, (line) => options.onLine(name, line));
    children.unshift(child);
    return child;
  };
  const stop = async () => {
    for (const child of children) await child.stop(settings.WHEELWRIGHT_WORKER_GRACE_MS + STOP_MS);
    if (options.programs.includes('worker')) await removeServiceNote(settings);
  };
  try {
    for (const name of options.programs) {
      const child = start(name);
      const url = name === 'api' ? address.apiUrl : name === 'index-server' ? `http://${host}:${index}` : undefined;
      if (url !== undefined) await whenReady(child, url, signal);
    }
    // Without a worker it serves a command that only looks, and others must not count on it.
    if (options.programs.includes('worker')) {
      const programs = children.map(({ pid }) => pid);
      await writeServiceNote(settings, {
        ...address,
        supervisor: process.pid,
        programs,
        temporary: options.temporary,
        ending: false,
      });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const broken = Promise.race(children.map((child) => child.ended.then(() => Promise.reject(endedUnasked(child)))));
  // Whoever stops in time never looks at it.
  broken.catch(() => undefined);
  const release = () => {
    for (const child of children) child.release();
  };
  return { ...address, temporary: options.temporary, broken, stop, release };
}

/** One service per data folder; what a killed one left running is ended. */
async function replaceEarlier(settings: Settings, say: (line: string) => void): Promise<void> {
  const note = await settledNote(settings);
  if (note === undefined) return;
  if (await runsWheelwright(note.supervisor)) {
    throw new WheelwrightError('conflict', `a service of ${settings.WHEELWRIGHT_DATA} runs already at ${note.apiUrl}`, {
      hint: `Its process is ${note.supervisor}. Use it as it is, stop it first, or give this one a data folder of its own (WHEELWRIGHT_DATA).`,
    });
  }
  for (const pid of note.programs) {
    if (!(await runsWheelwright(pid))) continue;
    say(`process ${pid} was left by a service that was killed; ending it`);
    await endProgram(pid, STOP_MS);
  }
}

/** Ends a service that another process started and handed on to this one, in the order in which its note names the programs. */
export async function endService(settings: Settings, note: ServiceNote): Promise<void> {
  for (const pid of note.programs) await endProgram(pid, settings.WHEELWRIGHT_WORKER_GRACE_MS + STOP_MS);
  await removeServiceNote(settings);
}

async function endProgram(pid: number, graceMs: number): Promise<void> {
  if (!(await runsWheelwright(pid))) return;
  process.kill(pid, 'SIGTERM');
  const deadline = performance.now() + graceMs;
  while (await runsWheelwright(pid)) {
    if (performance.now() > deadline) process.kill(pid, 'SIGKILL');
    await sleep(100);
  }
}

/** One process at a time looks for the service and starts it where there is none: two that are asked at the same moment get one service. */
export async function whileStarting<T>(settings: Settings, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
  await makeDataFolder(settings.WHEELWRIGHT_DATA);
  const { tryLock } = await import('../../adapters/sqlite/exclusive-lock.js');
  const lock = path.join(settings.WHEELWRIGHT_DATA, 'service.lock');
  let release = tryLock(lock);
  for (; release === undefined; release = tryLock(lock)) await sleep(100, undefined, { signal });
  try {
    return await task();
  } finally {
    release();
  }
}

async function makeDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new WheelwrightError(
      'invalid',
      `the data folder ${folder} cannot be made (${(error as NodeJS.ErrnoException).code})`,
      {
        hint: 'It must be a folder that this user can write. Another one can be named by WHEELWRIGHT_DATA.',
        cause: error,
      },
    );
  }
}

async function whenReady(child: Child, url: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (!(await answers(url))) {
    if (child.ending !== undefined) throw endedUnasked(child);
    if (performance.now() > deadline) {
      throw new WheelwrightError(
        'unavailable',
        `the ${child.name} does not answer at ${url} after ${START_MS / 1000} s`,
        {
          hint: child.lastLines.length === 0 ? 'It wrote nothing.' : `It wrote:\n  ${child.lastLines.join('\n  ')}`,
        },
      );
    }
    await sleep(50, undefined, { signal });
  }
}

/** The port asked for when it is free, else a free one. */
async function freePort(host: string, wanted: number): Promise<number> {
  return (await tryPort(host, wanted)) ?? (await tryPort(host, 0)) ?? wanted;
}

async function tryPort(host: string, port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    return await new Promise<number>((resolve, reject) => {
      server.once('error', reject).listen(port, host, () => resolve((server.address() as { port: number }).port));
    });
  } catch {
    return undefined;
  } finally {
    server.close();
  }
}

/** An address to connect to, for one to listen on. */
function reachableHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
