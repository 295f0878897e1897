import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SlowReaders } from '../../index-server/slow-readers.js';

let server: ReturnType<typeof createServer>;
let client: Socket;
let socket: Socket;
let readers: SlowReaders;
beforeEach(async () => {
  readers = new SlowReaders();
  server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  [socket] = (await once(server, 'connection')) as [Socket];
});
afterEach(() => {
  client.destroy();
  socket.destroy();
  server.close();
});

test('who leaves an answer unread until the next look gets a time limit', () => {
  socket.write(Buffer.alloc(64 << 20));
  readers.note(socket);
  expect(socket.timeout).toBeUndefined();
  readers.look();
  expect(socket.timeout).toBe(120_000);
});

test('who has read it by then gets none', async () => {
  socket.write(Buffer.alloc(64 << 20));
  readers.note(socket);
  client.resume();
  await once(socket, 'drain');
  readers.look();
  expect(socket.timeout).toBeUndefined();
});
