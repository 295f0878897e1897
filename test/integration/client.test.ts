import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Client, openClient } from '../../client/client.js';
import type { AttemptEvent } from '../../client/contract.js';
import { followBuild } from '../../client/follow.js';
import { openWorkerApi, type WorkerApi } from '../../client/worker-api.js';
import type { Lease } from '../../core/attempt.js';
import { WheelwrightError } from '../../core/errors.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { workerFacts } from '../support/worker.js';

let service: TestApi;
let client: Client;
let worker: WorkerApi;
const { signal } = new AbortController();
const closing: (() => Promise<unknown> | unknown)[] = [];

beforeEach(async () => {
  service = await startTestApi();
  service.upstream.add('spam', 'spam-1.0.tar.gz');
  client = openClient({ url: service.api.url, token: service.token });
  worker = openWorkerApi({ url: service.api.url, token: service.token });
  await worker.register(workerFacts('test'), signal);
});
afterEach(async () => {
  await client.close();
  await worker.close();
  for (const close of closing.splice(0)) await close();
  await service.close();
});

async function refusal(promise: Promise<unknown>): Promise<WheelwrightError> {
  const error = await promise.then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  );
  if (error instanceof WheelwrightError) return error;
  throw error;
}

async function claim(): Promise<Lease> {
  const lease = await worker.claim(workerFacts('test'), 1000, signal);
  if (lease === undefined) throw new Error('there was nothing to claim');
  return lease;
}

describe('calls', () => {
  test('a build asked for twice is one build, found by id and in the list', async () => {
    const first = await client.requestBuilds({ requirement: 'spam' });
    const again = await client.requestBuilds({ requirement: 'spam==1.0' });
    expect(first.created).toBe(true);
    expect(again).toEqual({ builds: first.builds, created: false });
    const [build] = first.builds;
    expect(await client.build(build?.id ?? '')).toEqual(build);
    expect((await client.builds({ project: 'spam', status: 'queued' })).builds).toEqual([build]);
    expect((await client.builds({ status: 'succeeded' })).builds).toEqual([]);
  });

  test('cancel and retry change the build', async () => {
    const [build] = (await client.requestBuilds({ requirement: 'spam' })).builds;
    await client.cancel(build?.id ?? '');
    expect((await client.build(build?.id ?? '')).status).toBe('cancelled');
    await client.retry(build?.id ?? '');
    expect((await client.build(build?.id ?? '')).status).toBe('queued');
    expect((await refusal(client.retry(build?.id ?? ''))).code).toBe('conflict');
  });

  test('a problem document comes back as the error that the service meant, with its hint and faults', async () => {
    expect(await refusal(client.build('no-such-build'))).toMatchObject({ code: 'not-found' });
    const unknown = await refusal(client.requestBuilds({ requirement: 'no-such-project' }));
    expect(unknown).toMatchObject({ code: 'not-found', hint: expect.stringContaining('spelling') });
    expect(unknown.message).toContain('no-such-project');
    expect(await refusal(client.requestBuilds({ requirement: 'spam >' }))).toMatchObject({ code: 'invalid' });
    const recipe = 'project: spam\nsistem: {}\n';
    const faulty = await refusal(client.requestBuilds({ requirement: 'spam', recipe }));
    expect(faulty.faults).toEqual([expect.objectContaining({ line: 2, message: expect.stringContaining('sistem') })]);
  });

  test('without a valid token nothing is built', async () => {
    const stranger = openClient({ url: service.api.url, token: 'wrong' });
    closing.push(() => stranger.close());
    expect((await refusal(stranger.requestBuilds({ requirement: 'spam' }))).code).toBe('unauthorized');
  });
});

describe('a service that is not there', () => {
  test('refused connection: unavailable, and how to start one', async () => {
    const url = await addressOf(createServer());
    const lonely = openClient({ url });
    closing.push(() => lonely.close());
    const error = await refusal(lonely.builds({}));
    expect(error).toMatchObject({ code: 'unavailable', hint: expect.stringContaining('./wheelwright up') });
    expect(error.message).toContain('ECONNREFUSED');
  });

  test('something else that listens there is not mistaken for Wheelwright', async () => {
    const other = createHttpServer((_request, response) => response.writeHead(404).end('<h1>Welcome</h1>'));
    const url = await listening(other);
    const client = openClient({ url });
    closing.push(() => client.close());
    expect(await refusal(client.build('x'))).toMatchObject({
      hint: expect.stringContaining('not how Wheelwright answers'),
    });
  });

  test('a redirect is told and not followed', async () => {
    const moved = createHttpServer((_request, response) =>
      response.writeHead(308, { location: 'https://wheels.example/builds/x' }).end(),
    );
    const client = openClient({ url: await listening(moved), token: 'secret' });
    closing.push(() => client.close());
    expect(await refusal(client.build('x'))).toMatchObject({
      hint: expect.stringContaining('redirects to https://wheels.example/'),
    });
  });

  test.each(['localhost:8080', 'ftp://127.0.0.1', 'nonsense'])('%s is no URL of a service', (url) => {
    expect(() => openClient({ url })).toThrow(/not the URL of a service/);
  });

  test('an aborted signal is not taken for a lost service', async () => {
    const silent = await listening(createHttpServer(() => undefined));
    const waiting = openClient({ url: silent });
    closing.push(() => waiting.close());
    const reason = new Error('enough');
    await expect(waiting.builds({}, AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe('following', () => {
  const failure = {
    class: 'compile-error',
    line: 'spam.c:1: error',
    lineNumber: 2,
    cause: 'It does not compile.',
  } as const;

  test('the lines of an attempt come while they are written, and its build last', async () => {
    const [build] = (await client.requestBuilds({ requirement: 'spam' })).builds;
    const lease = await claim();
    await worker.startPhase(lease, 'build', signal);
    const seen: string[] = [];
    for await (const event of followBuild(client, build?.id ?? '', signal)) {
      if (event.event === 'line') seen.push(`${event.number} ${event.text}`);
      if (event.event === 'phase') await worker.appendLog(lease, 1, 'cc spam.c\n', signal);
      if (event.event === 'line' && event.number === 1) {
        await worker.appendLog(lease, 2, 'spam.c:1: error\n', signal);
        await worker.finish(lease, { kind: 'failed', failure }, signal);
      }
      if (event.event === 'build') seen.push(event.build.status);
    }
    expect(seen).toEqual(['running', '1 cc spam.c', '2 spam.c:1: error', 'failed']);
  });

  test('a connection that breaks again and again loses no line and repeats none', async () => {
    await client.requestBuilds({ requirement: 'spam' });
    const lease = await claim();
    await worker.startPhase(lease, 'build', signal);
    const lines = Array.from({ length: 300 }, (_, index) => `line ${index + 1} ${'x'.repeat(60)}`);
    await worker.appendLog(lease, 1, `${lines.join('\n')}\n`, signal);
    await worker.finish(lease, { kind: 'failed', failure }, signal);
    const proxy = await breakingProxy(Number(new URL(service.api.url).port), [9_000, 11_000]);
    const shaky = openClient({ url: proxy.url, token: service.token });
    closing.push(() => shaky.close());
    const events: AttemptEvent[] = [];
    for await (const event of shaky.events(lease.attemptId, 0, signal)) events.push(event);
    expect(proxy.connections()).toBe(3);
    expect(events.flatMap((event) => (event.event === 'line' ? [event.text] : []))).toEqual(lines);
    expect(events.filter(({ event }) => event === 'phase')).toHaveLength(1);
    expect(events.at(-1)).toEqual({ event: 'end', status: 'failed' });
  });

  test('events after a line leave out what came before', async () => {
    await client.requestBuilds({ requirement: 'spam' });
    const lease = await claim();
    await worker.appendLog(lease, 1, 'one\ntwo\nthree\n', signal);
    await worker.finish(lease, { kind: 'failed', failure }, signal);
    const texts: string[] = [];
    for await (const event of client.events(lease.attemptId, 2, signal))
      if (event.event === 'line') texts.push(event.text);
    expect(texts).toEqual(['three']);
  });

  test('the log as it is now, from a line on', async () => {
    await client.requestBuilds({ requirement: 'spam' });
    const lease = await claim();
    await worker.appendLog(lease, 1, 'eins\nzwei\ndreißig ✔\n', signal);
    let text = '';
    for await (const piece of client.log(lease.attemptId, 2, signal)) text += piece;
    expect(text).toBe('zwei\ndreißig ✔\n');
  });
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    if ('closeAllConnections' in server) (server as unknown as { closeAllConnections(): void }).closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Address of a port where nothing listens any more. */
async function addressOf(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

/** Passes bytes through, and cuts connection number n after `limits[n]` bytes of its answer. */
async function breakingProxy(port: number, limits: readonly number[]): Promise<{ url: string; connections(): number }> {
  let count = 0;
  const server = createServer((socket) => {
    const limit = limits[count] ?? Number.POSITIVE_INFINITY;
    count += 1;
    let passed = 0;
    const upstream = connect(port, '127.0.0.1');
    const end = () => {
      socket.destroy();
      upstream.destroy();
    };
    socket
      .on('error', end)
      .on('close', end)
      .on('data', (chunk) => upstream.write(chunk));
    upstream
      .on('error', end)
      .on('close', end)
      .on('data', (chunk) => {
        socket.write(chunk.subarray(0, Math.max(0, limit - passed)), () => {
          passed += chunk.length;
          if (passed >= limit) end();
        });
      });
  });
  return { url: await listening(server), connections: () => count };
}
