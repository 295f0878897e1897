import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { healQueueOne } from '../../api/loops.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { startRedis, type TestRedis } from '../support/redis.js';

let redis: TestRedis;
let service: TestApi;
beforeAll(async () => {
  redis = await startRedis();
});
afterEach(() => service.close());
afterAll(() => redis.close());

test('with REDIS_URL builds reach workers through Redis, and a flushed Redis is refilled from the store', async () => {
  service = await startTestApi({ REDIS_URL: redis.url });
  for (const name of ['spam', 'ham']) service.upstream.add(name, `${name}-1.0.tar.gz`);
  const polling = service.claim(30_000);
  const [spam] = await service.ask('spam');
  expect((await polling).order.buildId).toBe(spam?.id);

  const [ham] = await service.ask('ham');
  const admin = new Redis(redis.url);
  expect(await admin.keys('*wheelwright-default*')).not.toEqual([]);
  await admin.flushall();
  admin.disconnect();
  await healQueueOne(service.api.context);
  expect((await service.claim(30_000)).order.buildId).toBe(ham?.id);
});

test('a build that is asked for while Redis is stuck is kept, and comes when it is back', async () => {
  service = await startTestApi({ REDIS_URL: redis.url });
  service.upstream.add('eggs', 'eggs-1.0.tar.gz');
  const admin = new Redis(redis.url);
  // Out of memory: writes are refused, as on a full machine.
  await admin.config('SET', 'maxmemory', '1');
  const [eggs] = await service.ask('eggs');
  expect((await service.build(eggs?.id ?? '')).status).toBe('queued');
  await admin.config('SET', 'maxmemory', '0');
  admin.disconnect();
  await healQueueOne(service.api.context);
  expect((await service.claim(30_000)).order.buildId).toBe(eggs?.id);
});
