// Server-sent events of an attempt: https://html.spec.whatwg.org/multipage/server-sent-events.html
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { z } from 'zod';
import { ATTEMPT_STATUSES } from '../core/attempt.js';
import { WheelwrightError } from '../core/errors.js';
import { PHASES } from '../core/phase.js';
import { type Connection, parseAnswer, send, unreachable } from './connection.js';
import type { AttemptEvent } from './contract.js';

const eventSchema: z.ZodType<AttemptEvent> = z.discriminatedUnion('event', [
  z.object({ event: z.literal('line'), number: z.int(), text: z.string(), at: z.number() }),
  z.object({ event: z.literal('phase'), phase: z.enum(PHASES), at: z.number() }),
  z.object({ event: z.literal('end'), status: z.enum(ATTEMPT_STATUSES) }),
]);

/** How often a lost connection is tried again before it counts as gone; the waits add up to a minute. */
const RETRIES = 15;
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 5000;

/**
 * The events of an attempt until its end. Connects again when the connection is lost, from the last line that came, so that nothing is missing
 * or comes twice.
 * @param afterLine number of the last line already known; 0 for none
 * @throws WheelwrightError `unavailable` when the service stays away, `not-found` for an unknown attempt
 */
export async function* attemptEvents(
  connection: Connection,
  attemptId: string,
  afterLine: number,
  signal: AbortSignal,
): AsyncGenerator<AttemptEvent> {
  const position = { line: afterLine, id: afterLine === 0 ? undefined : String(afterLine) };
  let failures = 0;
  for (;;) {
    try {
      for await (const { event, id } of connectOnce(connection, attemptId, position.id, signal)) {
        failures = 0;
        position.id = id ?? position.id;
        if (event.event === 'line') {
          if (event.number <= position.line) continue;
          position.line = event.number;
        }
        yield event;
        if (event.event === 'end') return;
      }
    } catch (error) {
      signal.throwIfAborted();
      const lost = error instanceof WheelwrightError && error.code === 'unavailable';
      if (!lost || failures >= RETRIES) throw error;
    }
    failures += 1;
    if (failures > RETRIES) throw unreachable(connection, new Error('the event stream keeps ending early'));
    await sleep(Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS), undefined, { signal });
  }
}

async function* connectOnce(
  connection: Connection,
  attemptId: string,
  lastEventId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<{ event: AttemptEvent; id: string | undefined }> {
  const response = await send(connection, 'GET', `/api/v1/attempts/${encodeURIComponent(attemptId)}/events`, {
    headers: { accept: 'text/event-stream', ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
    signal,
  });
  const messages = Readable.toWeb(response.body)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  try {
    for await (const message of messages) {
      const event = parseAnswer(connection, { ...JSON.parse(message.data), event: message.event }, eventSchema);
      yield { event, id: message.id };
    }
  } catch (error) {
    if (error instanceof WheelwrightError) throw error;
    throw unreachable(connection, error);
  }
}
