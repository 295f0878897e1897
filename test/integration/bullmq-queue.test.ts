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
const open = (wake: (buildId: string) => void, name = `test-${queues++}`) =>
  openBullQueue(redis.url, name, Date.now, wake, () => {});

testBuildQueue('the queue on Redis', (_clock, wake) => open(wake));

test('two services share one queue, and each build wakes one of them', async () => {
  const woken: string[] = [];
  const [a, b] = await Promise.all([1, 2].map(() => open((buildId) => void woken.push(buildId), 'shared')));
  const ids = Array.from({ length: 20 }, (_, n) => `b${n}`);
  for (const buildId of ids) await a?.add({ buildId, notBefore: 0 });
  await expect.poll(() => [...woken].sort()).toEqual(ids.sort());
  await Promise.all([a?.close(), b?.close()]);
});

test('a flushed Redis takes builds again, and keeps nothing of those that woke somebody', async () => {
  const woken: string[] = [];
  const queue = await open((buildId) => void woken.push(buildId), 'flushed');
  const admin = new Redis(redis.url);
  await queue.add({ buildId: 'before', notBefore: 0 });
  await expect.poll(() => woken).toEqual(['before']);
  await admin.flushall();
  await queue.add({ buildId: 'after', notBefore: 0 });
  await expect.poll(() => woken).toEqual(['before', 'after']);
  const jobs = async () => (await admin.keys('bull:flushed:*')).filter((key) => /:\d+$/.test(key));
  await expect.poll(jobs).toEqual([]);
  admin.disconnect();
  await queue.close();
});

test('ping tells a Redis that is there from one that is stuck or gone', async () => {
  const own = await startRedis();
  const queue = await openBullQueue(
    own.url,
    'q',
    Date.now,
    () => {},
    () => {},
  );
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
  await expect(
    openBullQueue(
      evicting.url,
      'q',
      Date.now,
      () => {},
      () => {},
    ),
  ).rejects.toThrow(/evict keys.*allkeys-lru/);
  await evicting.close();
});

test('no Redis is told at the start', async () => {
  await expect(
    openBullQueue(
      'redis://127.0.0.1:1',
      'q',
      Date.now,
      () => {},
      () => {},
    ),
  ).rejects.toThrow(/Redis cannot be reached/);
});
