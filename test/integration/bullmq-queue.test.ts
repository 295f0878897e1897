import { setMaxListeners } from 'node:events';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBullQueue } from '../../adapters/bullmq/build-queue.js';
import { testBuildQueue } from '../suites/build-queue.js';
import { startRedis, type TestRedis } from '../support/redis.js';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());

let queues = 0;
const open = (name = `test-${queues++}`, clock = Date.now) => openBullQueue(redis.url, name, clock, () => {});
const never = new AbortController().signal;
setMaxListeners(0, never);

testBuildQueue('the queue on Redis', (clock) => open(undefined, clock));

test('two services share one queue, and each build comes to one of them', async () => {
  const [a, b] = await Promise.all([open('shared'), open('shared')]);
  const ids = Array.from({ length: 20 }, (_, n) => `b${n}`);
  for (const buildId of ids) await a.add({ buildId, priority: 1, notBefore: 0 });
  const taken = await Promise.all(ids.map((_, n) => (n % 2 === 0 ? a : b).take(10_000, never)));
  expect(taken.sort()).toEqual(ids.sort());
  await Promise.all([a.close(), b.close()]);
});

test('a flushed Redis gives nothing, and takes builds again', async () => {
  const queue = await open();
  await queue.add({ buildId: 'lost', priority: 1, notBefore: 0 });
  const admin = new Redis(redis.url);
  await admin.flushall();
  admin.disconnect();
  expect(await queue.take(0, never)).toBeUndefined();
  await queue.add({ buildId: 'again', priority: 1, notBefore: 0 });
  expect(await queue.take(10_000, never)).toBe('again');
  await queue.close();
});

test('a build that an api took and died with is queued again once its lock has run out', async () => {
  const queue = await open('died');
  await queue.add({ buildId: 'b', priority: 1, notBefore: 0 });
  const connection = new Redis(redis.url, { maxRetriesPerRequest: null });
  const died = new Worker('died', null, { connection, autorun: false, skipStalledCheck: true });
  const job = await died.getNextJob('its token', { block: false });
  expect(job?.data).toEqual({ buildId: 'b' });
  const heal = () => queue.addMissing([{ buildId: 'b', priority: 1, notBefore: 0 }]);
  await heal();
  expect(await queue.take(0, never)).toBeUndefined();
  // Half a minute later.
  await connection.del(`bull:died:${job?.id}:lock`);
  await heal();
  expect(await queue.take(10_000, never)).toBe('b');
  await died.close(true);
  connection.disconnect();
  await queue.close();
});

test('ping tells a Redis that is there from one that is stuck or gone', async () => {
  const own = await startRedis();
  const queue = await openBullQueue(own.url, 'q', Date.now, () => {});
  await queue.ping();
  own.signal('SIGSTOP');
  await expect(queue.ping()).rejects.toThrow(/has not answered/);
  own.signal('SIGCONT');
  await queue.ping();
  await own.close();
  await expect(queue.ping()).rejects.toThrow();
  await queue.close();
});

test('a Redis that evicts keys is refused at the start', async () => {
  const evicting = await startRedis(['--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-lru']);
  await expect(openBullQueue(evicting.url, 'q', Date.now, () => {})).rejects.toThrow(/evict keys.*allkeys-lru/);
  await evicting.close();
});

test('no Redis is told at the start', async () => {
  await expect(openBullQueue('redis://127.0.0.1:1', 'q', Date.now, () => {})).rejects.toThrow(
    /Redis cannot be reached/,
  );
});
