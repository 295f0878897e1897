import type { IncomingMessage, ServerResponse } from 'node:http';
import { matchesEtag } from './byte-range.js';

/** A 200 as it goes over the wire, ready for any number of requests that ask in the same words. Headers are names and values in turn, as Node takes them fastest. */
export interface ReadyAnswer {
  etag: string;
  headers: readonly string[];
  notModifiedHeaders: readonly string[];
  body: Buffer;
  /** Milliseconds since the epoch. */
  freshUntil: number;
}

/** Bodies in memory beyond this are not worth remembering. */
const MAX_ANSWERS = 4000;
const MAX_BYTES = 48 * 2 ** 20;

/** The answers given lately, by the requests they were for; forgotten all together, since they are quickly made again. */
export class ReadyAnswers {
  readonly #answers = new Map<string, ReadyAnswer>();
  #bytes = 0;
  #generation = 0;

  /** Changes whenever all answers are forgotten. */
  get generation(): number {
    return this.#generation;
  }

  find(request: IncomingMessage, now: number): ReadyAnswer | undefined {
    if (request.headers.range !== undefined) return undefined;
    const answer = this.#answers.get(requestKey(request));
    return answer !== undefined && answer.freshUntil > now ? answer : undefined;
  }

  /** @param generation as it was when the answer began to be made: what changed meanwhile may not be in it */
  remember(request: IncomingMessage, answer: ReadyAnswer, generation: number): void {
    if (generation !== this.#generation || request.method !== 'GET' || answer.body.length > MAX_BYTES / 8) return;
    if (this.#answers.size >= MAX_ANSWERS || this.#bytes + answer.body.length > MAX_BYTES) this.forgetAll();
    this.#answers.set(requestKey(request), answer);
    this.#bytes += answer.body.length;
  }

  forgetAll(): void {
    this.#generation++;
    this.#answers.clear();
    this.#bytes = 0;
  }
}

export function sendReady(request: IncomingMessage, response: ServerResponse, answer: ReadyAnswer): void {
  const known = request.headers['if-none-match'];
  if (known !== undefined && matchesEtag(known, answer.etag)) {
    response.writeHead(304, answer.notModifiedHeaders as string[]);
    response.end();
    return;
  }
  response.writeHead(200, answer.headers as string[]);
  response.end(request.method === 'HEAD' ? undefined : answer.body);
}

/** What an answer depends on in a request: these three, in these words. */
function requestKey({ url, headers }: IncomingMessage): string {
  return `${url}\n${headers.accept}\n${headers['accept-encoding']}`;
}
