import type { Problem } from '../../client/contract.js';
import { at } from './base.js';

/** An answer of the API that says what went wrong, or that there was none. */
export class RequestError extends Error {
  /** HTTP status; 0 when the service could not be reached. */
  readonly status: number;
  readonly hint: string | undefined;

  constructor(status: number, message: string, hint?: string) {
    super(message);
    this.name = 'RequestError';
    this.status = status;
    this.hint = hint;
  }
}

/** GET of a JSON document below /api/v1. @throws RequestError */
export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await request('GET', path, undefined, signal)).json() as Promise<T>;
}

/** POST of a JSON body; the answer is JSON as well. @throws RequestError */
export async function post<T>(path: string, body: unknown = {}, signal?: AbortSignal): Promise<T> {
  const response = await request('POST', path, JSON.stringify(body), signal);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** The response itself, for bodies that are streamed. @throws RequestError unless it is a success. */
export async function request(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: string,
  signal?: AbortSignal,
  headers: Record<string, string> = {},
): Promise<Response> {
  const response = await fetch(at(`api/v1/${path}`), {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new RequestError(
      0,
      'The service cannot be reached.',
      'It may be restarting; this page tries again by itself.',
    );
  });
  if (!response.ok) throw await errorOf(response);
  return response;
}

async function errorOf(response: Response): Promise<RequestError> {
  try {
    const problem = (await response.json()) as Partial<Problem>;
    const faults = (problem.faults ?? []).map(({ message }) => message).join('; ');
    return new RequestError(
      response.status,
      problem.detail ?? problem.title ?? response.statusText,
      problem.hint ?? faults,
    );
  } catch {
    return new RequestError(response.status, `The service answered ${response.status} ${response.statusText}.`);
  }
}
