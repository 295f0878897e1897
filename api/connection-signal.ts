import type { Response } from 'express';

/** One for all: without a reason given, each abort makes an error with its stack. */
const GONE = new Error('the client has gone, or its answer is complete');

/**
 * Aborts when the client has gone, the answer is complete, or the program stops. Lets go of the program's signal then, which outlives a great many requests
 * (AbortSignal.any on Node 20 does not).
 */
export function connectionSignal(response: Response, stopping: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const abort = () => {
    stopping.removeEventListener('abort', abort);
    controller.abort(GONE);
  };
  stopping.addEventListener('abort', abort);
  response.once('close', abort);
  if (stopping.aborted || response.destroyed) abort();
  return controller.signal;
}
