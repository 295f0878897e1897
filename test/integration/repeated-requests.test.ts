import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Listener, listen } from '../../adapters/http/listening.js';
import { RepeatedRequests } from '../../adapters/http/repeated-requests.js';

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\nUser-Agent: pip/26\r\n${more}\r\n`;

let server: Server;
let listener: Listener;
let repeated: RepeatedRequests;
/** The paths of the requests that came out of the parser. */
let parsed: string[];
let answers: string[];
let body: string;
let freshUntil: number;
let now: number;
let refresh: () => void;
const sockets: Socket[] = [];

beforeEach(async () => {
  parsed = [];
  answers = [];
  body = 'hello';
  freshUntil = Number.POSITIVE_INFINITY;
  now = Date.now();
  refresh = () => {};
  server = createServer({ headersTimeout: 400, requestTimeout: 400, connectionsCheckingInterval: 50 }, handle);
  repeated = new RepeatedRequests({
    refresh: () => refresh(),
    onAnswer: (url, status) => answers.push(`${status} ${url}`),
    clock: () => now,
  });
  repeated.watch(server);
  listener = await listen(server, { host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listener.drain(0);
});

function handle(request: IncomingMessage, response: ServerResponse): void {
  const { url = '' } = request;
  parsed.push(url);
  if (url === '/slow') {
    setTimeout(() => response.end('slowly'), 100);
    return;
  }
  const headers = ['Content-Type', 'text/plain', 'Content-Length', String(body.length)];
  response.writeHead(200, headers);
  response.end(body);
  if (request.method === 'GET') repeated.learn(request, { status: 200, headers, body: Buffer.from(body), freshUntil });
}

/** A connection that is written to as it is told. */
async function open() {
  const socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  // Each write is a packet of its own.
  socket.setNoDelay();
  let text = '';
  let ended = false;
  socket.on('data', (piece) => {
    text += piece.toString('latin1');
  });
  socket.on('close', () => {
    ended = true;
  });
  await once(socket, 'connect');
  return {
    socket,
    isEnded: () => ended,
    async write(...pieces: string[]) {
      for (const piece of pieces) {
        socket.write(piece);
        await pause(15);
      }
    },
    /** What came since the last call. */
    async said(pattern: RegExp): Promise<string> {
      await expect.poll(() => text).toMatch(pattern);
      const said = text;
      text = '';
      return said;
    },
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('a request of the same bytes is answered without the parser, in the same bytes, on any connection that has asked before', async () => {
  const [one, other] = [await open(), await open()];
  await one.write(get('/page'));
  const first = await one.said(/hello/);
  expect(first).toMatch(
    /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain\r\n.*Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nhello$/s,
  );
  await one.write(get('/page'));
  const undated = (text: string) => text.replace(/Date: .*? GMT/, 'Date: then');
  expect(undated(await one.said(/hello/))).toBe(undated(first));
  expect([parsed, answers]).toEqual([['/page'], ['200 /page']]);

  await other.write(get('/page'));
  await other.said(/hello/);
  expect(parsed).toEqual(['/page', '/page']);
  await other.write(get('/page'));
  await other.said(/hello/);
  expect(parsed).toEqual(['/page', '/page']);
});

test('any other byte is another request', async () => {
  const { write, said } = await open();
  for (const request of [
    get('/page'),
    get('/page', 'Range: bytes=0-1\r\n'),
    get('/Page'),
    get('/page', 'If-None-Match: "x"\r\n'),
  ]) {
    await write(request);
    await said(/hello/);
  }
  expect([parsed.length, answers]).toEqual([4, []]);
});

test('the date is that of the answer', async () => {
  const { write, said } = await open();
  await write(get('/page'), get('/page'));
  now += 3_600_000;
  await said(/hello.*hello/s);
  await write(get('/page'));
  expect(await said(/hello/)).toContain(`Date: ${new Date(now).toUTCString()}\r\n`);
});

test('what is no longer fresh, or was forgotten, is asked of the handler', async () => {
  freshUntil = now + 1000;
  const { write, said } = await open();
  await write(get('/page'), get('/page'));
  expect(answers).toHaveLength(1);
  now += 1000;
  await write(get('/page'));
  expect([parsed.length, answers.length]).toEqual([2, 1]);
  freshUntil = Number.POSITIVE_INFINITY;
  await write(get('/page'), get('/page'));
  expect([parsed.length, answers.length]).toEqual([3, 2]);
  refresh = () => {
    body = 'other';
    repeated.forgetAll();
  };
  await said(/hello/);
  await write(get('/page'));
  expect(await said(/other/)).not.toContain('hello');
});

test('a request that came in pieces is neither looked up nor learned, and its last piece is none', async () => {
  const { write, said, isEnded } = await open();
  const whole = get('/page');
  await write(whole.slice(0, 30), whole.slice(30), whole.slice(0, 30), whole.slice(30));
  await said(/hello.*hello/s);
  expect([parsed.length, answers]).toEqual([2, []]);
  await write(whole.slice(30));
  expect(await said(/ 400 /)).not.toContain('hello');
  await expect.poll(isEnded).toBe(true);
});

test('what stands in a body, or in the middle of a head, is not taken for a request', async () => {
  const { write, said } = await open();
  const known = get('/page');
  await write(known, known);
  expect(answers).toHaveLength(1);
  await said(/hello.*hello/s);
  await write(`POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: ${known.length}\r\n\r\n`, known);
  await said(/hello/);
  await write(`GET /split HTTP/1.1\r\nHost: x\r\nX-Open: `, known);
  await said(/ 400 |hello/);
  expect([parsed.slice(1, 2), answers.length]).toEqual([['/form'], 1]);
});

test('requests sent together are answered in order, and so is one that comes while another is being answered', async () => {
  const { write, said } = await open();
  await write(get('/page'), get('/page'));
  await said(/hello.*hello/s);
  await write(get('/page') + get('/other') + get('/page'));
  await said(/(hello.*){3}/s);
  expect(parsed).toEqual(['/page', '/page', '/other', '/page']);
  await write(get('/slow'), get('/page'));
  expect(await said(/hello/)).toMatch(/slowly.*hello/s);
  await write(get('/page'));
  await said(/hello/);
  expect(answers).toHaveLength(2);
});

test('who expects to be told to go on is told so each time', async () => {
  const { write, said } = await open();
  for (let time = 0; time < 3; time++) {
    await write(get('/page', 'Expect: 100-continue\r\n'));
    expect(await said(/hello/)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/);
  }
});

test('a connection that is to be closed is closed', async () => {
  for (const time of [1, 2]) {
    const { write, isEnded } = await open();
    await write(get('/page', 'Connection: close\r\n'));
    await expect.poll(isEnded).toBe(true);
    expect(parsed).toHaveLength(time);
  }
});

test('a connection on which only the same is asked is not taken for one that asks nothing', async () => {
  const { write, said, isEnded } = await open();
  for (let time = 0; time < 12; time++) {
    await write(get('/page'));
    await said(/hello/);
    await pause(60);
  }
  expect([parsed.length, answers.length, isEnded()]).toEqual([1, 11, false]);
});

test('a server that drains tells so in its next answer, and ends idle connections', async () => {
  const [busy, idle] = [await open(), await open()];
  for (const each of [busy, idle]) await each.write(get('/page'), get('/page'));
  await busy.said(/hello.*hello/s);
  await busy.write(get('/slow'));
  const drained = listener.drain(2_000);
  await expect.poll(idle.isEnded).toBe(true);
  await busy.write(get('/page'));
  expect(await busy.said(/hello/)).toMatch(/slowly.*Connection: close.*hello$/s);
  await drained;
});

test('a client that takes nothing is not answered into memory', async () => {
  body = 'x'.repeat(2 ** 20);
  let theirs: Socket | undefined;
  server.once('connection', (socket) => {
    theirs = socket;
  });
  const { socket, write } = await open();
  await write(get('/page'), get('/page'));
  expect(answers).toHaveLength(1);
  socket.pause();
  for (let time = 0; time < 40; time++) {
    const before = parsed.length + answers.length;
    socket.write(get('/page'));
    // One at a time, for as long as the server reads them.
    for (let waited = 0; waited < 20 && parsed.length + answers.length === before; waited++) await pause(1);
  }
  expect(theirs?.writableLength).toBeGreaterThan(0);
  expect(theirs?.writableLength).toBeLessThan(8 * 2 ** 20);
});

test('whatever is sent, in whatever pieces, the answers are those of a server that parses everything', async () => {
  const known = get('/page');
  const messages = [
    get('/other'),
    get('/slow'),
    get('/page', 'Range: bytes=0-1\r\n'),
    get('/page', 'Expect: 100-continue\r\n'),
    get('/page', 'Connection: close\r\n'),
    get('/page', `Content-Length: ${known.length}\r\n`) + known,
    get('/page', 'Content-Length: 4\r\n\r\n'),
    `${get('/page', 'Transfer-Encoding: chunked\r\n')}${known.length.toString(16)}\r\n${known}\r\n0\r\n\r\n`,
    `POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: ${known.length}\r\n\r\n${known}`,
    known.replace('GET', 'HEAD'),
    known.replace('1.1', '1.0'),
    known.replace('1.1', '1.0').replace('\r\n\r\n', '\r\nConnection: keep-alive\r\n\r\n'),
    '\r\n',
    '\r\n\r\n',
    'nonsense\r\n\r\n',
  ];
  const piece = fc.record({
    text: fc.oneof(
      { weight: 3, arbitrary: fc.constant([known]) },
      fc.array(fc.constantFrom(known, ...messages), { minLength: 1, maxLength: 3 }),
    ),
    /** Where it is cut, of its length; mostly not at all. */
    cut: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.double({ min: 0, max: 1, noNaN: true })),
    changes: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
  });
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/slow') setImmediate(() => setImmediate(() => response.end('slowly')));
    else handle(request, response);
  };
  let repeatedAnswers = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 3, maxLength: 8 }), async (pieces) => {
      body = 'hello';
      const [plain, quick] = [createServer(answer), createServer(answer)];
      repeated = new RepeatedRequests({ refresh: () => {}, onAnswer: () => repeatedAnswers++, clock: Date.now });
      repeated.watch(quick);
      // Only a server that listens answers without its parser.
      Object.defineProperty(quick, 'listening', { value: true });
      const said = await Promise.all([plain, quick].map(connectTo));
      for (const { text, cut, changes } of pieces) {
        if (changes) {
          body += '!';
          repeated.forgetAll();
        }
        const whole = text.join('');
        const at = Math.round(whole.length * cut);
        for (const part of [whole.slice(0, at), whole.slice(at)]) {
          if (part === '') continue;
          for (const { client } of said) if (client.writable) client.write(part, 'latin1');
          await turns(10);
        }
      }
      for (const { client } of said) client.end();
      await turns(20);
      const [expected, actual] = said.map(({ text }) => text());
      expect(actual).toBe(expected);
    }),
    { numRuns: 300 },
  );
  expect(repeatedAnswers).toBeGreaterThan(100);
});

/** A connection in memory: each write reaches the server as one piece, in the order of all. */
function connectTo(target: Server) {
  const [client, theirs] = duplexPair();
  target.emit('connection', theirs);
  let text = '';
  client.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
  });
  client.on('error', () => {});
  return { client, text: () => text.replaceAll(/Date: .*? GMT/g, 'Date: then') };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}
