// The client of the API for people's side of it: asking for builds and looking at them. The worker's side is worker-api.ts.
import { z } from 'zod';
import { type Connection, openConnection, parseAnswer, send, sendForJson, unreachable } from './connection.js';
import {
  type AttemptEvent,
  type Build,
  type BuildRequest,
  buildPageSchema,
  buildSchema,
  buildsCreatedSchema,
  type CheckAnswer,
  type CheckRequest,
  checkAnswerSchema,
} from './contract.js';
import { attemptEvents } from './event-stream.js';

export interface Client {
  readonly connection: Connection;
  /** Asks for builds of one requirement. `created` is false where all of them existed already. */
  requestBuilds(request: BuildRequest, signal?: AbortSignal): Promise<{ builds: Build[]; created: boolean }>;
  builds(
    filter: { status?: string; project?: string; cursor?: string },
    signal?: AbortSignal,
  ): Promise<{ builds: Build[]; nextCursor?: string | undefined }>;
  build(id: string, signal?: AbortSignal): Promise<Build>;
  retry(id: string, signal?: AbortSignal): Promise<void>;
  cancel(id: string, signal?: AbortSignal): Promise<void>;
  /** An attempt's log as it is now, from a 1-based line number on, in pieces. */
  log(attemptId: string, fromLine: number, signal?: AbortSignal): AsyncIterable<string>;
  /** An attempt's events from after a line number (0: all) until its end, through lost connections. */
  events(attemptId: string, afterLine: number, signal: AbortSignal): AsyncIterable<AttemptEvent>;
  /** Which requirements of a dependency file have a wheel. Asks the upstream for each, so it takes its time. */
  check(request: CheckRequest, signal?: AbortSignal): Promise<CheckAnswer>;
  /** What each part of the service says of itself. @throws WheelwrightError `unavailable` when one is not ready. */
  ready(signal?: AbortSignal): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

const API = '/api/v1';

/** @throws WheelwrightError `invalid` when the URL is none; calls throw what the API's problem documents say. */
export function openClient(options: { url: string; token?: string | undefined }): Client {
  const connection = openConnection(options.url, options.token);
  return {
    connection,
    close: () => connection.close(),
    requestBuilds: async (request, signal) => {
      const response = await send(connection, 'POST', `${API}/builds`, { json: request, signal });
      const { builds } = parseAnswer(connection, await response.body.json(), buildsCreatedSchema);
      return { builds, created: response.statusCode !== 200 };
    },
    builds: (filter, signal) =>
      sendForJson(connection, 'GET', `${API}/builds`, buildPageSchema, { query: { ...filter }, signal }),
    build: (id, signal) =>
      sendForJson(connection, 'GET', `${API}/builds/${encodeURIComponent(id)}`, buildSchema, { signal }),
    retry: (id, signal) => act(connection, id, 'retry', signal),
    cancel: (id, signal) => act(connection, id, 'cancel', signal),
    log: (attemptId, fromLine, signal) => readLog(connection, attemptId, fromLine, signal),
    events: (attemptId, afterLine, signal) => attemptEvents(connection, attemptId, afterLine, signal),
    check: (request, signal) =>
      sendForJson(connection, 'POST', `${API}/check`, checkAnswerSchema, { json: request, signal }),
    ready: (signal) => sendForJson(connection, 'GET', '/readyz', z.record(z.string(), z.unknown()), { signal }),
  };
}

async function act(
  connection: Connection,
  id: string,
  action: 'retry' | 'cancel',
  signal?: AbortSignal,
): Promise<void> {
  const response = await send(connection, 'POST', `${API}/builds/${encodeURIComponent(id)}/${action}`, { signal });
  await response.body.dump();
}

async function* readLog(
  connection: Connection,
  attemptId: string,
  fromLine: number,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const path = `${API}/attempts/${encodeURIComponent(attemptId)}/log`;
  const response = await send(connection, 'GET', path, { query: { from: String(fromLine) }, signal });
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body) yield decoder.decode(chunk as Buffer, { stream: true });
  } catch (error) {
    signal?.throwIfAborted();
    throw unreachable(connection, error);
  }
  yield decoder.decode();
}
