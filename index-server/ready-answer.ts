import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RepeatableAnswer } from '../adapters/http/repeated-requests.js';
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

/** An answer, and what it depends on in a request besides its URL: these two, in these words. */
interface KeptAnswer {
  accept: string | undefined;
  encoding: string | undefined;
  answer: ReadyAnswer;
}

/** What is in memory beyond this is not worth remembering. */
const MAX_ANSWERS = 4000;
const MAX_BYTES = 48 * 2 ** 20;

/** The answers given lately, by the requests they were for; forgotten all together, since they are quickly made again. */
export class ReadyAnswers {
  /** By URL; the few ways to ask for one are told apart by comparing, which is cheaper than a key made of all three texts. */
  readonly #answers = new Map<string, KeptAnswer[]>();
  readonly #onForgotten: () => void;
  #count = 0;
  #bytes = 0;
  #generation = 0;

  /** @param onForgotten called whenever all answers are forgotten */
  constructor(onForgotten: () => void) {
    this.#onForgotten = onForgotten;
  }

  /** Changes whenever all answers are forgotten. */
  get generation(): number {
    return this.#generation;
  }

  /** @param clock milliseconds since the epoch */
  find({ url, headers }: IncomingMessage, clock: () => number): ReadyAnswer | undefined {
    const kept = this.#answers.get(url as string);
    if (kept === undefined || headers.range !== undefined) return undefined;
    const { accept, 'accept-encoding': encoding } = headers;
    for (const each of kept) {
      if (each.accept !== accept || each.encoding !== encoding) continue;
      const { answer } = each;
      return answer.freshUntil === Number.POSITIVE_INFINITY || answer.freshUntil > clock() ? answer : undefined;
    }
    return undefined;
  }

  /** @param generation as it was when the answer began to be made: what changed meanwhile may not be in it */
  remember(request: IncomingMessage, answer: ReadyAnswer, generation: number): void {
    if (generation !== this.#generation || request.method !== 'GET' || answer.body.length > MAX_BYTES / 8) return;
    const { url = '', headers } = request;
    const asked = { accept: headers.accept, encoding: headers['accept-encoding'] as string | undefined };
    // What it is known by counts as well: a client may make that as long as it likes.
    const bytes = answer.body.length + url.length + (asked.accept?.length ?? 0) + (asked.encoding?.length ?? 0);
    if (this.#count >= MAX_ANSWERS || this.#bytes + bytes > MAX_BYTES) this.forgetAll();
    const others = (this.#answers.get(url) ?? []).filter(
      (kept) => kept.accept !== asked.accept || kept.encoding !== asked.encoding,
    );
    this.#answers.set(url, [...others, { ...asked, answer }]);
    this.#count++;
    this.#bytes += bytes;
  }

  forgetAll(): void {
    this.#generation++;
    this.#answers.clear();
    this.#count = 0;
    this.#bytes = 0;
    this.#onForgotten();
  }
}

/** @returns what a GET of the same bytes may be answered */
export function sendReady(request: IncomingMessage, response: ServerResponse, answer: ReadyAnswer): RepeatableAnswer {
  const known = request.headers['if-none-match'];
  const { headers, notModifiedHeaders, body, freshUntil } = answer;
  if (known !== undefined && matchesEtag(known, answer.etag)) {
    response.writeHead(304, notModifiedHeaders as string[]);
    response.end();
    return { status: 304, headers: notModifiedHeaders, freshUntil };
  }
  response.writeHead(200, headers as string[]);
  response.end(request.method === 'HEAD' ? undefined : body);
  return { status: 200, headers, body, freshUntil };
}
