// How every call of the API is made, and how its failures come back: problem documents (RFC 9457) as the WheelwrightError that they describe.
import { setMaxListeners } from 'node:events';
import type { Readable } from 'node:stream';
import { Agent, type Dispatcher, request } from 'undici';
import type { z } from 'zod';
import { type ErrorCode, reasonOf, WheelwrightError } from '../core/errors.js';
import { problemSchema } from './contract.js';

/** Where the API is and who asks. Close it when done, so that no idle socket keeps the process alive. */
export interface Connection {
  /** Base URL of the service without a trailing slash. */
  readonly url: string;
  readonly token?: string;
  readonly dispatcher: Dispatcher;
  close(): Promise<void>;
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface Call {
  query?: Readonly<Record<string, string | undefined>>;
  json?: unknown;
  body?: string | Readable;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
}

/** @throws WheelwrightError `invalid` when the URL is none. */
export function openConnection(url: string, token?: string): Connection {
  if (!URL.canParse(url) || !/^https?:\/\//.test(url)) {
    throw new WheelwrightError('invalid', `${JSON.stringify(url)} is not the URL of a service`, {
      hint: 'Give it with its scheme, e.g. http://127.0.0.1:8080, in WHEELWRIGHT_API_URL.',
    });
  }
  // A compiler may be silent for longer than any time limit on the body of an event stream.
  const dispatcher = new Agent({ bodyTimeout: 0, headersTimeout: 120_000 });
  return {
    url: url.replace(/\/+$/, ''),
    ...(token === undefined ? {} : { token }),
    dispatcher,
    close: () => dispatcher.destroy(),
  };
}

/** The status and the body, which must be read or dumped, so that the connection is free for the next call. */
export type Answer = Pick<Dispatcher.ResponseData, 'statusCode' | 'body'>;

/**
 * Makes one call; the answer is 2xx. Not by fetch, which costs the processor several times as much, and keeps all of a streamed body in memory for a possible second
 * sending.
 * @throws WheelwrightError as the problem document says; `unavailable` when nothing answers. An aborted signal throws its reason.
 */
export async function send(connection: Connection, method: Method, path: string, call: Call = {}): Promise<Answer> {
  const url = new URL(connection.url + path);
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const body = call.json === undefined ? call.body : JSON.stringify(call.json);
  const headers = {
    ...(call.json === undefined ? {} : { 'content-type': 'application/json' }),
    ...(connection.token === undefined ? {} : { authorization: `Bearer ${connection.token}` }),
    ...call.headers,
  };
  // One signal may end any number of calls.
  if (call.signal !== undefined) setMaxListeners(0, call.signal);
  let answer: Dispatcher.ResponseData;
  try {
    answer = await request(url, {
      method,
      headers,
      dispatcher: connection.dispatcher,
      ...(body === undefined ? {} : { body }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
  } catch (error) {
    call.signal?.throwIfAborted();
    throw unreachable(connection, error);
  }
  if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
  throw await refusal(connection, answer);
}

/** As {@link send}, with the answer's JSON checked against its schema. */
export async function sendForJson<T>(
  connection: Connection,
  method: Method,
  path: string,
  schema: z.ZodType<T>,
  call: Call = {},
): Promise<T> {
  const answer = await send(connection, method, path, call);
  return parseAnswer(connection, await readJson(connection, answer), schema);
}

/** @throws WheelwrightError `internal` when the service speaks another version of the contract. */
export function parseAnswer<T>(connection: Connection, answer: unknown, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new WheelwrightError('internal', `the service at ${connection.url} gave an answer that is not understood`, {
    hint: 'It is probably another version of Wheelwright than this command: use the same version on both sides.',
    cause: parsed.error,
  });
}

/** The error for a connection that could not be made or broke. */
export function unreachable(connection: Connection, error: unknown): WheelwrightError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = (cause as NodeJS.ErrnoException | undefined)?.code ?? reasonOf(cause);
  return new WheelwrightError('unavailable', `no service answers at ${connection.url} (${reason})`, {
    hint: 'Start one with ./wheelwright up, or say where one runs: WHEELWRIGHT_API_URL=http://host:port.',
    cause: error,
  });
}

async function readJson(connection: Connection, { body }: Answer): Promise<unknown> {
  try {
    return await body.json();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw unreachable(connection, error);
  }
}

async function refusal(connection: Connection, answer: Dispatcher.ResponseData): Promise<WheelwrightError> {
  const problem = problemSchema.safeParse(await readJson(connection, answer));
  if (!problem.success) {
    return new WheelwrightError(
      codeOf(answer.statusCode),
      `${connection.url} answered ${answer.statusCode} ${answer.statusText}`,
      { hint: strangerHint(answer) },
    );
  }
  const { code, detail, hint, faults, status } = problem.data;
  return new WheelwrightError(isErrorCode(code) ? code : codeOf(status), detail, {
    ...(hint === undefined ? {} : { hint }),
    faults: (faults ?? []).map((fault) => ({
      message: fault.message,
      ...(fault.path === undefined ? {} : { path: fault.path }),
      ...(fault.line === undefined ? {} : { line: fault.line }),
      ...(fault.column === undefined ? {} : { column: fault.column }),
    })),
  });
}

/** A redirect is not followed, since the token is not meant for another place. */
function strangerHint({ statusCode, headers }: Dispatcher.ResponseData): string {
  const { location } = headers;
  return statusCode >= 300 && statusCode < 400 && typeof location === 'string'
    ? `It redirects to ${location}: where the service has moved, give its new URL in WHEELWRIGHT_API_URL.`
    : 'That is not how Wheelwright answers. Something else, or a proxy, may listen there: look at WHEELWRIGHT_API_URL.';
}

const STATUS_OF: Record<ErrorCode, readonly number[]> = {
  invalid: [400, 422],
  unauthorized: [401],
  forbidden: [403],
  'not-found': [404, 410],
  conflict: [409],
  'too-large': [413],
  unavailable: [502, 503, 504],
  internal: [500],
};

function isErrorCode(code: string): code is ErrorCode {
  return code in STATUS_OF;
}

function codeOf(status: number): ErrorCode {
  const found = Object.entries(STATUS_OF).find(([, statuses]) => statuses.includes(status));
  return (found?.[0] as ErrorCode | undefined) ?? 'internal';
}
