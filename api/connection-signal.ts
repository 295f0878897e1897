import type { Response } from 'express';

/**
 * Aborts when the client has gone, the answer is complete, or the program stops. Lets go of the program's signal then, which outlives a great many requests
 * (AbortSignal.any on Node 20 does not).
 */
export function connectionSignal(response: Response, stopping: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const abort = () => {
    stopping.removeEventListener('abort', abort);
    controller.abort();
  };
  stopping.addEventListener('abort', abort);
  response.once('close', abort);
  if (stopping.aborted || response.destroyed) abort();
  return controller.signal;
}
