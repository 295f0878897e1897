import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Response, Router } from 'express';
import { WheelwrightError } from '../core/errors.js';
import { attemptEventStream, parsePosition } from './attempt-events.js';
import type { Guards } from './authentication.js';
import { connectionSignal } from './connection-signal.js';
import type { ApiContext } from './context.js';
import { lineNumber } from './parameters.js';

export function attemptRoutes(context: ApiContext, guards: Guards): Router {
  const { store, logs } = context;
  const router = Router();
  const known = async (id: string) => {
    if ((await store.attempt(id)) === undefined) {
      throw new WheelwrightError('not-found', `there is no attempt ${JSON.stringify(id)}`, {
        hint: 'A build lists its attempts with their ids.',
      });
    }
    return id;
  };

  router.get('/attempts/:id/log', guards.read, async (request, response) => {
    const from = lineNumber(request.query.from);
    const id = await known(String(request.params.id));
    // The log is what strangers' code printed: it must never be taken for a page.
    response.set({ 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' });
    await send(response, texts(logs.read(id, from)));
  });

  router.get('/attempts/:id/events', guards.read, async (request, response) => {
    const id = await known(String(request.params.id));
    response.set({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'X-Content-Type-Options': 'nosniff',
      // Proxies that buffer would hold the events back.
      'X-Accel-Buffering': 'no',
    });
    response.flushHeaders();
    const signal = connectionSignal(response, context.stopping);
    for await (const piece of attemptEventStream(context, id, parsePosition(request.get('last-event-id')), signal)) {
      // A reader that does not keep up holds back its own stream, and no memory.
      if (!response.write(piece) && !signal.aborted) await drained(response, signal);
    }
    response.end();
  });

  return router;
}

async function drained(response: Response, signal: AbortSignal): Promise<void> {
  await once(response, 'drain', { signal }).catch(() => undefined);
}

async function* texts(pieces: AsyncIterable<{ text: string }>): AsyncGenerator<string> {
  for await (const { text } of pieces) yield text;
}

async function send(response: Response, pieces: AsyncIterable<string>): Promise<void> {
  try {
    await pipeline(Readable.from(pieces, { objectMode: true, highWaterMark: 1 }), response);
  } catch (error) {
    // Whoever stops reading in the middle is no fault.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}
