// How servers are stopped without anybody noticing: answers under way end, kept-alive connections are told, and a held socket refuses nobody.

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, type Server } from 'node:http';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { inheritedSocket, listen } from '../../adapters/http/listening.js';
import { openIndexSite } from '../support/index-site.js';
import { makeWheel as makeAnyWheel } from '../support/wheel-maker.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.closeAllConnections();
});

function open(handle: Parameters<typeof createServer>[1] & {}): Server {
  const server = createServer(handle);
  servers.push(server);
  return server;
}

async function ask(url: string, agent: Agent): Promise<IncomingMessage> {
  const [response] = (await once(get(url, { agent }), 'response')) as [IncomingMessage];
  return response;
}

test('a download under way when the index is stopped ends whole', async () => {
  const site = openIndexSite();
  const { filename, bytes } = makeAnyWheel({ files: { 'demo.py': '', 'data.bin': randomBytes(24 << 20) } });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await site.publish({ filename, bytes, sha256 });
  const server = await site.start({ drainMs: 30_000 });
  const response = await ask(`${server.url}/files/demo/${sha256}/${filename}`, new Agent());
  // Not read: the buffers between are full, and the rest has yet to be sent.
  const closed = server.close();
  await expect(once(createConnection(Number(new URL(server.url).port), '127.0.0.1'), 'connect')).rejects.toThrow(
    'ECONNREFUSED',
  );
  const hash = createHash('sha256');
  for await (const chunk of response) hash.update(chunk as Buffer);
  expect(hash.digest('hex')).toBe(sha256);
  await closed;
  await site.close();
});

test('a kept-alive connection is closed after its answer, and a request that comes on it meanwhile is told so', async () => {
  const held: (() => void)[] = [];
  const server = open((_request, response) => held.push(() => response.end('answer\n')));
  const listener = await listen(server, { host: '127.0.0.1', port: 0 });
  const socket = createConnection(Number(new URL(listener.url).port), '127.0.0.1').setEncoding('utf8');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  const closed = once(socket, 'close');
  const send = async () => {
    const arrived = once(server, 'request');
    socket.write('GET / HTTP/1.1\r\nHost: index.example\r\n\r\n');
    await arrived;
  };
  await send();
  const drained = listener.drain(10_000);
  // A client may send its next request before it has the answer to the first: both are answered.
  await send();
  held.shift()?.();
  held.shift()?.();
  await Promise.all([closed, drained]);
  expect(received.match(/^HTTP\/1.1 200 OK/gm)).toHaveLength(2);
  expect(received.match(/^Connection: (.*)/gim)).toEqual(['Connection: keep-alive', 'Connection: close']);
});

test('an answer that was given to the connection is sent to its end, however slowly it is read', async () => {
  const bytes = randomBytes(16 << 20);
  const server = open((_request, response) => response.end(bytes));
  const listener = await listen(server, { host: '127.0.0.1', port: 0 });
  const response = await ask(listener.url, new Agent({ keepAlive: true }));
  const drained = listener.drain(10_000);
  await sleep(200);
  const hash = createHash('sha256');
  for await (const chunk of response) hash.update(chunk as Buffer);
  expect(hash.digest()).toEqual(createHash('sha256').update(bytes).digest());
  await drained;
});

test('who has connected and not asked yet is answered, and one that asks nothing holds nothing up', async () => {
  const server = open((_request, response) => response.end('answer'));
  const listener = await listen(server, { host: '127.0.0.1', port: 0 });
  const connect = async () => {
    const accepted = once(server, 'connection');
    const socket = createConnection(Number(new URL(listener.url).port), '127.0.0.1').setEncoding('utf8');
    await accepted;
    return socket;
  };
  const asking = await connect();
  const silent = await connect();
  const drained = listener.drain(60_000);
  asking.write('GET / HTTP/1.1\r\nHost: index.example\r\n\r\n');
  let received = '';
  for await (const chunk of asking) received += chunk;
  expect(received).toMatch(/^HTTP\/1.1 200 OK[\s\S]*answer$/);
  await Promise.all([drained, once(silent.resume(), 'close')]);
});

test('what takes longer than the grace is broken off', async () => {
  const server = open(() => undefined);
  const listener = await listen(server, { host: '127.0.0.1', port: 0 });
  const hanging = ask(listener.url, new Agent());
  await once(server, 'request');
  await Promise.all([listener.drain(50), expect(hanging).rejects.toThrow('socket hang up')]);
});

test('an inherited socket is only taken when it is meant for this process', () => {
  const LISTEN_PID = String(process.pid);
  expect(inheritedSocket({ LISTEN_PID, LISTEN_FDS: '1' })).toBe(3);
  expect(inheritedSocket({ LISTEN_PID: '1', LISTEN_FDS: '1' })).toBeUndefined();
  expect(inheritedSocket({ LISTEN_FDS: '1' })).toBeUndefined();
  expect(inheritedSocket({})).toBeUndefined();
});
