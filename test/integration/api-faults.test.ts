// What goes wrong around the api: Redis that is frozen, killed or flushed while builds come in, workers of one name, a thousand cancels at once.
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { expireLeasesOne } from '../../api/loops.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { startRedis } from '../support/redis.js';
import { makeWheel } from '../support/wheel.js';

let service: TestApi;
afterEach(() => service.close());

test('an api whose Redis is away does not start, and says which part and what to do', async () => {
  service = await startTestApi();
  await expect(startTestApi({ REDIS_URL: 'redis://127.0.0.1:1' })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('Redis cannot be reached'),
    hint: expect.stringContaining('REDIS_URL'),
  });
});

test('while Redis is frozen builds are taken in all the same, and reach workers when it goes on', async () => {
  const redis = await startRedis();
  service = await startTestApi({ REDIS_URL: redis.url });
  service.upstream.add('spam', 'spam-1.0.tar.gz');
  redis.signal('SIGSTOP');
  const [spam] = await service.ask('spam');
  expect((await service.call('GET', '/readyz')).status).toBe(503);
  redis.signal('SIGCONT');
  expect((await service.claim(30_000)).order.buildId).toBe(spam?.id);
  expect((await service.call('GET', '/readyz')).status).toBe(200);
  await redis.close();
});

test('a Redis that is killed and comes back empty is refilled without anybody doing anything', async () => {
  const redis = await startRedis();
  const port = new URL(redis.url).port;
  service = await startTestApi({ REDIS_URL: redis.url });
  service.upstream.add('spam', 'spam-1.0.tar.gz');
  service.upstream.add('ham', 'ham-1.0.tar.gz');
  const [spam] = await service.ask('spam');
  await redis.close();
  const [ham] = await service.ask('ham');
  const again = await startRedis(['--port', port, '--maxmemory-policy', 'noeviction']);
  const claimed = [await service.claim(30_000), await service.claim(30_000)].map(({ order }) => order.buildId);
  expect(claimed.sort()).toEqual([spam?.id, ham?.id].sort());
  await again.close();
});

test('a flush in mid-flight heals by itself, and what runs is neither given out again nor published twice', async () => {
  const redis = await startRedis();
  service = await startTestApi({ REDIS_URL: redis.url });
  service.upstream.add('spam', 'spam-1.0.tar.gz');
  service.upstream.add('ham', 'ham-1.0.tar.gz');
  await service.ask('spam');
  const running = await service.claim(30_000);
  const [ham] = await service.ask('ham');
  const admin = new Redis(redis.url);
  await admin.flushall();
  admin.disconnect();
  const next = await service.claim(60_000);
  expect(next.order.buildId).toBe(ham?.id);
  expect((await service.deliver(running, makeWheel('spam-1.0-py3-none-any.whl'))).status).toBe(200);
  await service.deliver(next, makeWheel('ham-1.0-py3-none-any.whl'));
  await expect(service.claim(0)).rejects.toThrow('nothing to claim');
  expect((await service.call('GET', '/api/v1/builds?status=succeeded')).body.builds).toHaveLength(2);
  await redis.close();
}, 120_000);

test('two workers of one name: each has its own lease, and the silence of one loses nothing of the other', async () => {
  service = await startTestApi({ WHEELWRIGHT_LEASE_MS: '30000' });
  service.upstream.add('spam', 'spam-1.0.tar.gz');
  service.upstream.add('ham', 'ham-1.0.tar.gz');
  await service.ask('spam');
  await service.ask('ham');
  const silent = await service.claim();
  const alive = await service.claim();
  service.advance(20_000);
  const beat = await service.call('POST', `/api/v1/attempts/${alive.attemptId}/heartbeat`, { lease: alive });
  expect(beat.status).toBe(200);
  service.advance(15_000);
  await expireLeasesOne(service.api.context);
  expect((await service.build(silent.order.buildId)).attempts[0]?.status).toBe('lost');
  const crossed = await service.call('POST', `/api/v1/attempts/${alive.attemptId}/heartbeat`, { lease: silent });
  expect(crossed.status).toBe(409);
  const delivered = await service.deliver(alive, makeWheel('ham-1.0-py3-none-any.whl'));
  expect(delivered.body.status).toBe('succeeded');
});

test('a thousand cancels at once: each build is cancelled once, and nothing is left to claim', async () => {
  service = await startTestApi();
  const ids: string[] = [];
  for (let number = 0; number < 100; number++) {
    service.upstream.add(`many${number}`, `many${number}-1.0.tar.gz`);
    const [build] = await service.ask(`many${number}==1.0`);
    ids.push(build?.id ?? '');
  }
  const running = await service.claim();
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => ids)
      .flat()
      .map((id) => service.call('POST', `/api/v1/builds/${id}/cancel`)),
  );
  const count = (status: number) => answers.filter((answer) => answer.status === status).length;
  expect({ accepted: count(202), refused: count(409) }).toEqual({ accepted: 100, refused: 900 });
  await expect(service.claim()).rejects.toThrow('nothing to claim');
  const beat = await service.call('POST', `/api/v1/attempts/${running.attemptId}/heartbeat`, { lease: running });
  expect(beat.body).toEqual({ cancelRequested: true });
});
