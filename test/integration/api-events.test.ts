import { request } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Client, openClient } from '../../client/client.js';
import type { AttemptEvent } from '../../client/contract.js';
import type { Lease } from '../../core/attempt.js';
import { startTestApi, type TestApi } from '../support/api.js';

let service: TestApi;
let client: Client;
let lease: Lease;
beforeEach(async () => {
  service = await startTestApi();
  service.upstream.add('spam', 'spam-1.0.tar.gz');
  await service.ask('spam');
  lease = await service.claim();
  client = openClient({ url: service.api.url });
});
afterEach(async () => {
  await client.close();
  await service.close();
});

async function append(from: number, ...lines: string[]) {
  const body = lines.map((line) => `${line}\n`).join('');
  await service.call('POST', `/api/v1/attempts/${lease.attemptId}/log?from=${from}`, { body, lease });
}

async function phase(name: string) {
  await service.call('POST', `/api/v1/attempts/${lease.attemptId}/phase`, { json: { phase: name }, lease });
}

const end = () => service.finish(lease, { kind: 'cancelled' });

function short(event: AttemptEvent): string {
  if (event.event === 'line') return `${event.number} ${event.text}`;
  return event.event === 'phase' ? `[${event.phase}]` : `(${event.status})`;
}

/** The raw stream from a Last-Event-ID on, as its ids and events, until it ends. */
function raw(lastEventId: string, onFirst: () => void = () => {}): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const headers = { 'last-event-id': lastEventId };
    request(`${service.api.url}/api/v1/attempts/${lease.attemptId}/events`, { headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => {
        text += piece;
      });
      response.once('data', onFirst);
      response.on('end', () => {
        resolve([...text.matchAll(/(?:id: (\S+)\n)?event: (\w+)/g)].map(([, id = '-', event]) => `${id} ${event}`));
      });
    })
      .on('error', reject)
      .end();
  });
}

test('history, then what comes, in order, without gap or double, until the end', async () => {
  await phase('fetch');
  await append(1, 'one', 'two');
  await phase('build');
  await append(3, 'three');
  const seen: string[] = [];
  const whenSeen = new Map<string, () => Promise<unknown>>([
    ['3 three', () => append(4, 'four <&>\u2028', '')],
    ['5 ', () => phase('test')],
    ['[test]', () => append(6, 'six')],
    ['6 six', end],
  ]);
  for await (const event of client.events(lease.attemptId, 0, AbortSignal.timeout(30_000))) {
    seen.push(short(event));
    await whenSeen.get(short(event))?.();
  }
  expect(seen).toEqual([
    '[fetch]',
    '1 one',
    '2 two',
    '[build]',
    '3 three',
    '4 four <&>\u2028',
    '5 ',
    '[test]',
    '6 six',
    '(cancelled)',
  ]);
});

test('a reader that lost its connection goes on exactly where it was', async () => {
  await phase('fetch');
  await append(1, 'one', 'two');
  await phase('build');
  await phase('repair');
  await append(3, 'three');
  await end();
  const whole = ['0.1 phase', '1 line', '2 line', '2.2 phase', '2.3 phase', '3 line', '- end'];
  expect(await raw('')).toEqual(whole);
  for (const [index, event] of whole.slice(0, -1).entries()) {
    expect(await raw(event.split(' ')[0] ?? '')).toEqual(whole.slice(index + 1));
  }
  expect(await raw('nonsense')).toEqual(whole);
});

test('many readers of a fast log all see each line once', async () => {
  const readers = Array.from({ length: 5 }, async () => {
    const numbers: number[] = [];
    for await (const event of client.events(lease.attemptId, 0, AbortSignal.timeout(60_000))) {
      if (event.event === 'line') numbers.push(event.number);
    }
    return numbers;
  });
  for (let from = 1; from <= 2_000; from += 50) {
    await append(from, ...Array.from({ length: 50 }, (_, index) => `line ${from + index}`));
  }
  await end();
  const all = Array.from({ length: 2_000 }, (_, index) => index + 1);
  expect(await Promise.all(readers)).toEqual(readers.map(() => all));
});

test('a reader that does not read holds nobody up', async () => {
  const line = 'x'.repeat(1_000);
  const paused = request(`${service.api.url}/api/v1/attempts/${lease.attemptId}/events`).end();
  await new Promise<void>((resolve) => {
    paused.on('response', (response) => {
      response.pause();
      resolve();
    });
  });
  for (let from = 1; from <= 20_000; from += 1_000) {
    await append(from, ...Array.from({ length: 1_000 }, () => line));
  }
  await end();
  let lines = 0;
  for await (const event of client.events(lease.attemptId, 0, AbortSignal.timeout(60_000))) {
    if (event.event === 'line') lines++;
  }
  expect(lines).toBe(20_000);
  paused.destroy();
});

test('stopping the service ends the streams', async () => {
  await append(1, 'one');
  let stream: Promise<string[]> | undefined;
  await new Promise<void>((resolve) => {
    stream = raw('', resolve);
  });
  await service.restart();
  expect(await stream).toEqual(['1 line']);
});

test('the log as text, whole and from a line on, never to be taken for a page', async () => {
  await append(1, 'one', '<script>', 'drei \u00fc');
  const whole = await service.call('GET', `/api/v1/attempts/${lease.attemptId}/log`);
  expect(whole.body).toBe('one\n<script>\ndrei \u00fc\n');
  expect(whole.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(whole.headers.get('x-content-type-options')).toBe('nosniff');
  expect((await service.call('GET', `/api/v1/attempts/${lease.attemptId}/log?from=3`)).body).toBe('drei \u00fc\n');
  expect((await service.call('GET', `/api/v1/attempts/${lease.attemptId}/log?from=9`)).body).toBe('');
  expect((await service.call('GET', `/api/v1/attempts/${lease.attemptId}/log?from=0`)).status).toBe(400);
});

test('a gap in the log, a torn line and a chunk that is too large are refused with what to do', async () => {
  const path = `/api/v1/attempts/${lease.attemptId}/log`;
  const gap = await service.call('POST', `${path}?from=5`, { body: 'five\n', lease });
  expect(gap).toMatchObject({ status: 409, body: { hint: expect.stringContaining('from line 1') } });
  expect((await service.call('POST', `${path}?from=1`, { body: 'torn', lease })).status).toBe(400);
  const large = `${'x'.repeat(5 * 2 ** 20)}\n`;
  expect((await service.call('POST', `${path}?from=1`, { body: large, lease })).status).toBe(413);
});
