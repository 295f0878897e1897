// Problem documents: https://www.rfc-editor.org/rfc/rfc9457
import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Problem } from '../client/contract.js';
import { isDiskFull } from '../core/disk-full.js';
import { type ErrorCode, WheelwrightError } from '../core/errors.js';

const STATUS: Record<ErrorCode, { status: number; title: string }> = {
  invalid: { status: 400, title: 'Invalid request' },
  unauthorized: { status: 401, title: 'Token missing or unknown' },
  forbidden: { status: 403, title: 'Not allowed' },
  'not-found': { status: 404, title: 'Not found' },
  conflict: { status: 409, title: 'Conflict' },
  'too-large': { status: 413, title: 'Too large' },
  unavailable: { status: 503, title: 'Unavailable' },
  internal: { status: 500, title: 'Internal error' },
};

export function problemOf(error: WheelwrightError): Problem {
  const { status, title } = STATUS[error.code];
  return {
    type: `urn:wheelwright:problem:${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.faults.length === 0 ? {} : { faults: [...error.faults] }),
  };
}

export const unknownRoute: RequestHandler = (request) => {
  const isForm = /^multipart\/form-data/i.test(request.headers['content-type'] ?? '');
  throw new WheelwrightError('not-found', `there is nothing at ${request.method} ${request.path}`, {
    hint: isForm ? 'Uploads go to /legacy/: twine and uv take that whole URL.' : 'docs/api.md lists the calls.',
  });
};

/** Turns whatever a handler threw into a problem document. What nobody expected is logged in full and told to the caller without details. */
export function problemHandler(log: Logger): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (thrown, request, response, _next) => {
    const error = wheelwrightErrorOf(thrown);
    if (error.code === 'internal') {
      log.error({ err: thrown, method: request.method, path: request.path }, 'request failed');
    } else if (isDiskFull(error)) {
      log.error({ reason: error.message, method: request.method, path: request.path }, 'request failed');
    }
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const problem = problemOf(error);
    if (error.code === 'unauthorized') response.setHeader('WWW-Authenticate', 'Bearer realm="wheelwright"');
    if (error.code === 'unavailable') response.setHeader('Retry-After', '5');
    // The rest of a body that was refused is not read, so the connection cannot be used again.
    if (!request.complete) response.setHeader('Connection', 'close');
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  };
}

function wheelwrightErrorOf(thrown: unknown): WheelwrightError {
  if (thrown instanceof WheelwrightError) return thrown;
  if (thrown instanceof z.ZodError) return invalidForm(thrown);
  if (isDiskFull(thrown)) {
    return new WheelwrightError('unavailable', 'the disk of the service is full: nothing was stored', {
      hint: 'Make room where the data folder (WHEELWRIGHT_DATA) is: `wheelwright clean` removes what is kept for a while only. Workers keep their results and send them again.',
      cause: thrown,
    });
  }
  const { type, status } = (thrown ?? {}) as { type?: unknown; status?: unknown };
  if (type === 'entity.too.large') {
    return new WheelwrightError('too-large', 'the body is larger than this call takes', { cause: thrown });
  }
  if (typeof status === 'number' && status >= 400 && status < 500) {
    const detail = thrown instanceof Error ? thrown.message : 'the request cannot be read';
    return new WheelwrightError('invalid', detail, { hint: 'The body must be JSON in UTF-8.', cause: thrown });
  }
  return new WheelwrightError('internal', 'something went wrong in the service', {
    hint: 'The log of the api has the details; the same request may work later.',
    cause: thrown,
  });
}

function invalidForm(error: z.ZodError): WheelwrightError {
  const faults = error.issues.map((issue) => ({ message: issue.message, path: issue.path.map(String).join('.') }));
  const named = faults.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return new WheelwrightError('invalid', `the request has another form: ${named.join('; ')}`, {
    hint: 'docs/api.md gives the form of each call.',
    faults,
    cause: error,
  });
}
