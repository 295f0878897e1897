import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBullQueue } from '../../adapters/bullmq/build-queue.js';
import { startRedis, type TestRedis } from '../support/redis.js';
import { testBuildQueue } from '../suites/build-queue.js';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.close());

let queues = 0;
const open = (name = `test-${queues++}`, clock = Date.now) => openBullQueue(redis.url, name, clock, () => {});
const never = new AbortController().signal;

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

test('a Redis that evicts keys is refused at the start', async () => {
  const evicting = await startRedis(['--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-lru']);
  await expect(openBullQueue(evicting.url, 'q', Date.now, () => {})).rejects.toThrow(/evict keys.*allkeys-lru/);
  await evicting.close();
});

test('no Redis is told at the start', async () => {
  await expect(openBullQueue('redis://127.0.0.1:1', 'q', Date.now, () => {})).rejects.toThrow(/Redis cannot be reached/);
});
