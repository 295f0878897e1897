import { type ErrorCode, WheelwrightError } from '../core/errors.js';
import type { Terminal } from './terminal.js';

/** What scripts rely on: done, the thing asked for failed, wrong usage, service or engine not reached. */
export const EXIT = { done: 0, failed: 1, usage: 2, unreachable: 3, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const EXIT_OF: Record<ErrorCode, ExitCode> = {
  invalid: EXIT.usage,
  unavailable: EXIT.unreachable,
  unauthorized: EXIT.failed,
  forbidden: EXIT.failed,
  'not-found': EXIT.failed,
  conflict: EXIT.failed,
  'too-large': EXIT.failed,
  internal: EXIT.failed,
};

/** Whether what was asked for cannot be had, and the service itself is well: one of several is no reason to give up the others. */
export function isRefusal(error: unknown): error is WheelwrightError {
  return error instanceof WheelwrightError && error.code !== 'unavailable' && error.code !== 'unauthorized';
}

/** Says on stderr what went wrong and what to do, and gives the exit code for it. */
export function reportError(error: unknown, terminal: Terminal, debug: boolean): ExitCode {
  if (!(error instanceof WheelwrightError)) {
    terminal.note(
      `${terminal.style('red', 'error:')} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
    terminal.note('This is a fault of Wheelwright itself: please report it with the lines above.');
    return EXIT.failed;
  }
  terminal.note(`${terminal.style('red', 'error:')} ${error.message}`);
  for (const fault of error.faults) {
    const place =
      fault.line === undefined
        ? (fault.path ?? '')
        : `line ${fault.line}${fault.column === undefined ? '' : `, column ${fault.column}`}`;
    terminal.note(`  ${place === '' ? '' : `${place}: `}${fault.message}`);
  }
  if (error.hint !== undefined) terminal.note(error.hint);
  if (debug && error.cause !== undefined) terminal.note(String((error.cause as Error).stack ?? error.cause));
  return EXIT_OF[error.code];
}
