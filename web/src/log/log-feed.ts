import { createParser } from 'eventsource-parser';
import type { AttemptEvent } from '../../../client/contract.js';
import { RequestError, request } from '../request.js';
import type { LogBuffer } from './log-buffer.js';

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 8_000;
/** Time that reading a stored log may hold the main thread. */
const SLICE_MS = 12;

export interface FeedEvents {
  /** Lines were added; may come thousands of times a second. */
  onLines(): void;
  onPhase(): void;
  /** Lines that came live, with the time the service stored them, in milliseconds since the epoch. */
  onTime(line: number, at: number): void;
  /** Whether the live connection stands; false while it is being made again. */
  onConnection(connected: boolean): void;
}

/**
 * Fills the buffer with an attempt's log and keeps it so until the attempt ends: first the stored log in one stream, then events. A lost connection
 * is made again from the line after the last one held, so nothing is missing and nothing comes twice.
 * @throws RequestError when the service refuses, e.g. for want of a token
 */
export async function feedLog(
  attemptId: string,
  buffer: LogBuffer,
  events: FeedEvents,
  signal: AbortSignal,
): Promise<void> {
  let retryMs = FIRST_RETRY_MS;
  while (!signal.aborted) {
    const before = buffer.lineCount;
    try {
      await readStored(attemptId, buffer, events, signal);
      if ((await readEvents(attemptId, buffer, events, signal)) === 'ended') return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof RequestError && error.status >= 400 && error.status < 500) throw error;
    }
    events.onConnection(false);
    retryMs = buffer.lineCount > before ? FIRST_RETRY_MS : Math.min(retryMs * 2, LAST_RETRY_MS);
    await delay(retryMs, signal);
  }
}

/** All of a log as it is stored now. @throws RequestError */
export async function readLog(attemptId: string, buffer: LogBuffer): Promise<void> {
  const response = await request('GET', `attempts/${attemptId}/log`);
  for await (const chunk of chunksOf(response)) buffer.append(chunk);
}

async function readStored(
  attemptId: string,
  buffer: LogBuffer,
  events: FeedEvents,
  signal: AbortSignal,
): Promise<void> {
  const response = await request('GET', `attempts/${attemptId}/log?from=${buffer.lineCount + 1}`, undefined, signal);
  buffer.dropRest();
  let sliceEnd = performance.now() + SLICE_MS;
  for await (const chunk of chunksOf(response)) {
    buffer.append(chunk);
    events.onLines();
    if (performance.now() < sliceEnd) continue;
    // Chunks that are there already follow each other without giving the page a chance to draw.
    await new Promise((resume) => setTimeout(resume, 0));
    sliceEnd = performance.now() + SLICE_MS;
  }
}

/** Says `ended` when the attempt is over, `gap` when lines are missing or the connection closed. */
async function readEvents(
  attemptId: string,
  buffer: LogBuffer,
  events: FeedEvents,
  signal: AbortSignal,
): Promise<'ended' | 'gap'> {
  const response = await request('GET', `attempts/${attemptId}/events`, undefined, signal, {
    accept: 'text/event-stream',
    'last-event-id': String(buffer.lineCount),
  });
  events.onConnection(true);
  let state: 'open' | 'ended' | 'gap' = 'open';
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (state === 'open') state = take(event, JSON.parse(data) as AttemptEvent, buffer, events);
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of chunksOf(response)) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (state !== 'open') return state;
  }
  return 'gap';
}

function take(
  name: string | undefined,
  data: AttemptEvent,
  buffer: LogBuffer,
  events: FeedEvents,
): 'open' | 'ended' | 'gap' {
  const event = { ...data, event: data.event ?? name } as AttemptEvent;
  switch (event.event) {
    case 'line':
      if (event.number > buffer.lineCount + 1) return 'gap';
      if (event.number === buffer.lineCount + 1) {
        buffer.appendLine(event.text);
        events.onTime(event.number, event.at);
        events.onLines();
      }
      return 'open';
    case 'phase':
      events.onPhase();
      return 'open';
    case 'end':
      return 'ended';
    default:
      return 'open';
  }
}

// Leaving the loop early, or an error in it, must close the connection.
async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
