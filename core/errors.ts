/** What kind of thing went wrong, whatever the technology that noticed it. Each program maps these to its own form (HTTP status, exit code). */
export type ErrorCode =
  | 'invalid'
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'too-large'
  | 'unavailable'
  | 'internal';

export interface ErrorDetails {
  /** The usual cause and the next step, in a sentence or two, for someone who has never seen the code. */
  hint?: string;
  cause?: unknown;
  /** One entry per fault where several were found at once, e.g. all unknown keys of a recipe. */
  faults?: readonly Fault[];
}

/** One fault in something a person wrote; line and column are 1-based. */
export interface Fault {
  message: string;
  path?: string;
  line?: number;
  column?: number;
}

/** The one error class of the domain: `message` says what happened, `hint` why that usually is and what to do. */
export class WheelwrightError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly faults: readonly Fault[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'WheelwrightError';
    this.code = code;
    this.hint = details.hint;
    this.faults = details.faults ?? [];
  }
}

/** Whether the same may work later: what answers is away or broken, and nothing is wrong with what was asked. */
export function mayPass(error: unknown): boolean {
  return error instanceof WheelwrightError && (error.code === 'unavailable' || error.code === 'internal');
}

/** Whether what was asked is at fault, so that asking again changes nothing. */
export function isRefusal(error: unknown): error is WheelwrightError {
  return error instanceof WheelwrightError && !mayPass(error);
}

/**
 * What an error says of itself, never nothing: Node's own error for a host of which no address answered has an empty message, and the reasons in a list.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error) || 'no reason was given';
  const message = error.message.trim();
  if (message !== '') return message;
  const several = error instanceof AggregateError ? [...new Set(error.errors.map(reasonOf))].join('; ') : '';
  return several || String((error as { code?: unknown }).code ?? error.name);
}
