import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { reasonOf, WheelwrightError } from '../../core/errors.js';
import { PROGRAMS } from '../cli.js';
import { readableLogLine } from './log-line.js';
import { nodeArguments, nodeEnvironment, type ProgramName } from './node-arguments.js';

/** One of the service's programs, running as a child process. */
export interface Child {
  readonly name: ProgramName;
  readonly pid: number;
  /** Resolves when it has ended, whatever the reason. */
  readonly ended: Promise<void>;
  /** How it ended, in words; undefined while it runs. */
  readonly ending: string | undefined;
  /** What it said last, for the message when it did not start. */
  readonly lastLines: readonly string[];
  /** Asks it to stop, and ends it after the grace. */
  stop(graceMs: number): Promise<void>;
  /** Lets it run on when this process ends. */
  release(): void;
}

const KEPT_LINES = 15;

/**
 * Starts a program in a process group of its own, so that Ctrl-C reaches only this process, which then stops the programs in order.
 * @param onLine gets what the program writes, made readable
 */
export function startChild(
  name: ProgramName,
  environment: Readonly<Record<string, string | undefined>>,
  onLine: (line: string) => void,
): Child {
  const main = path.join(PROGRAMS, name, 'main.js');
  const child = spawn(process.execPath, [...nodeArguments(name), main], {
    env: { ...nodeEnvironment(name), ...environment },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lastLines: string[] = [];
  let ending: string | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    readLines(stream, (line) => {
      const readable = readableLogLine(line);
      lastLines.push(readable);
      if (lastLines.length > KEPT_LINES) lastLines.shift();
      onLine(readable);
    });
  }
  const ended = waitForEnd(child).then((how) => {
    ending = how;
  });
  return {
    name,
    get pid() {
      return child.pid ?? 0;
    },
    ended,
    get ending() {
      return ending;
    },
    lastLines,
    async stop(graceMs) {
      if (ending !== undefined) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await ended;
      clearTimeout(timer);
    },
    release() {
      child.stdout.destroy();
      child.stderr.destroy();
      child.unref();
    },
  };
}

/** The error for a program that ended before it was asked to. */
export function endedUnasked(child: Child): WheelwrightError {
  const said = child.lastLines.length === 0 ? 'It wrote nothing.' : `It wrote:\n  ${child.lastLines.join('\n  ')}`;
  return new WheelwrightError('unavailable', `the ${child.name} ${child.ending ?? 'ended'}`, { hint: said });
}

async function waitForEnd(child: ChildProcess): Promise<string> {
  try {
    // `close` comes after the last line was read, `exit` may come before.
    const [code, signal] = await once(child, 'close');
    return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
  } catch (error) {
    return `could not be started: ${reasonOf(error)}`;
  }
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', onLine);
}
