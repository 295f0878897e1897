import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { type Connection, connectionsOf } from './connections.js';

/** An answer that every request of the same bytes may be given. */
export interface RepeatableAnswer {
  status: 200 | 304;
  /** Names and values in turn. */
  headers: readonly string[];
  body?: Buffer;
  /** Milliseconds since the epoch. */
  freshUntil: number;
}

export interface RepeatedRequestsOptions {
  /** Called before each look at what is known; it may make all be forgotten. */
  refresh: () => void;
  /** Told of each answer given here. */
  onAnswer: (url: string, status: number) => void;
  /** Milliseconds since the epoch. */
  clock: () => number;
}

interface KnownRequest {
  url: string;
  answer: RepeatableAnswer;
  /** All before the date. */
  headStart: string;
}

/** A request, and what it was answered. */
interface Learned {
  request: IncomingMessage;
  answer: RepeatableAnswer;
}

/** Installers send some 300 bytes, browsers a thousand. */
const MAX_REQUEST_BYTES = 2_048;
const MAX_KNOWN = 2_000;
const BLANK_LINE = '\r\n\r\n';
const REASONS = { 200: 'OK', 304: 'Not Modified' } as const;

/**
 * Answers a request whose bytes are those of one answered before, without parsing it again: the parser and the objects that Node makes of a request and its answer
 * are two thirds of what an answer from memory costs. Only what comes alone and whole, on a connection where nothing else is under way, is looked at; everything
 * else, and the first request of each connection, goes to the parser.
 */
export class RepeatedRequests {
  readonly #options: RepeatedRequestsOptions;
  readonly #known = new Map<string, KnownRequest>();
  /** Of the bytes that are being parsed, the newest request whose answer may be repeated. */
  #learned: Learned | undefined;
  #headEnd = '';
  #headEndSecond = 0;

  constructor(options: RepeatedRequestsOptions) {
    this.#options = options;
  }

  /** Puts itself between the connections of a server and their parsers. To be called once, before the server listens. */
  watch(server: Server): void {
    const connections = connectionsOf(server);
    const [attachParser] = server.listeners('connection') as [(this: Server, socket: Socket) => void];
    server.removeListener('connection', attachParser);
    server.on('connection', (socket: Socket) => {
      attachParser.call(server, socket);
      this.#standBefore(server, socket, connections.get(socket) as Connection);
    });
  }

  /** To be called while a GET is being handled, with what it has just been answered. */
  learn(request: IncomingMessage, answer: RepeatableAnswer): void {
    this.#learned = { request, answer };
  }

  /** To be called when any answer is no longer what the same request would be given now. */
  forgetAll(): void {
    this.#known.clear();
  }

  #standBefore(server: Server, socket: Socket, connection: Connection): void {
    const [parse] = socket.listeners('data') as [(this: Socket, bytes: Buffer) => void];
    /** The parser has seen all of the last message and nothing of the next. */
    let isBetween = true;
    socket.removeListener('data', parse);
    socket.on('data', (bytes: Buffer) => {
      const text = isBetween && bytes.length <= MAX_REQUEST_BYTES ? bytes.toString('latin1') : undefined;
      if (text !== undefined && isIdle(connection, socket) && server.listening && this.#answer(server, socket, text))
        return;
      const before = connection.requests;
      this.#learned = undefined;
      parse.call(socket, bytes);
      const alone = connection.requests === before + 1 ? connection.last : undefined;
      isBetween = alone?.request.complete === true && bytes.subarray(-4).toString('latin1') === BLANK_LINE;
      const learned = this.#learned as Learned | undefined;
      if (text === undefined || !isBetween || learned === undefined || learned.request !== alone?.request) return;
      // Who expects a 100 is told so before the answer.
      if (alone.response.shouldKeepAlive && alone.request.headers.expect === undefined) this.#remember(text, learned);
    });
  }

  #remember(text: string, { request: { url = '' }, answer }: Learned): void {
    if (this.#known.size >= MAX_KNOWN) this.forgetAll();
    const lines = [`HTTP/1.1 ${answer.status} ${REASONS[answer.status]}`];
    for (let at = 0; at < answer.headers.length; at += 2)
      lines.push(`${answer.headers[at]}: ${answer.headers[at + 1]}`);
    this.#known.set(text, { url, answer, headStart: lines.join('\r\n') });
  }

  #answer(server: Server, socket: Socket, text: string): boolean {
    this.#options.refresh();
    const known = this.#known.get(text);
    const now = this.#options.clock();
    if (known === undefined || known.answer.freshUntil <= now) return false;
    const { status, body } = known.answer;
    const head = known.headStart + this.#headEndAt(now, server);
    if (body === undefined) socket.write(head, 'latin1');
    else {
      // In one call of the system.
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(body);
      socket.uncork();
    }
    this.#options.onAnswer(known.url, status);
    return true;
  }

  /** What Node adds to the headers of an answer; the date changes each second. */
  #headEndAt(now: number, { keepAliveTimeout }: Server): string {
    const second = Math.floor(now / 1000);
    if (second !== this.#headEndSecond) {
      this.#headEndSecond = second;
      const date = new Date(now).toUTCString();
      this.#headEnd = `\r\nDate: ${date}\r\nConnection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(keepAliveTimeout / 1000)}${BLANK_LINE}`;
    }
    return this.#headEnd;
  }
}

/** A parser that has seen no request yet still counts the time until the first, and would end the connection when none comes; a client that does not take its answers is left to Node. */
function isIdle({ requests, underWay }: Connection, socket: Socket): boolean {
  return requests > 0 && underWay === 0 && socket.writableLength === 0;
}
