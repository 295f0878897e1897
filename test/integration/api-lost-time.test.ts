// Time in which nobody can be heard, and clocks that are set: neither may cost a worker its lease.
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';
import { openClient } from '../../client/client.js';
import { openWorkerApi } from '../../client/worker-api.js';
import type { Lease } from '../../core/attempt.js';
import { persistently } from '../../worker/retry.js';
import { startTestApi } from '../support/api.js';
import { startApiProgram } from '../support/api-program.js';
import { startTestIndex } from '../support/simple-index.js';
import { makeWheel } from '../support/wheel.js';
import { workerFacts } from '../support/worker.js';

// At once: all that they do is wait.
test.concurrent.for([['forward', 3_600_000] as const, ['back', -3_600_000] as const])(
  'a clock that is set %s by an hour loses no attempt, and keeps no lease of a worker that is gone',
  async ([, byMs], { expect, onTestFinished }) => {
    const service = await startTestApi({ WHEELWRIGHT_LEASE_MS: '5000' });
    onTestFinished(() => service.close());
    service.upstream.add('spam', 'spam-1.0.tar.gz');
    service.upstream.add('ham', 'ham-1.0.tar.gz');
    await service.ask('spam');
    await service.ask('ham');
    const alive = await service.claim();
    const gone = await service.claim();
    const heartbeat = () => service.call('POST', `/api/v1/attempts/${alive.attemptId}/heartbeat`, { lease: alive });
    service.setClock(byMs);
    const began = performance.now();
    const statusOf = async ({ order }: Lease) => (await service.build(order.buildId)).attempts[0]?.status;
    // By the loops of the service itself.
    while ((await statusOf(gone)) !== 'lost') {
      expect((await heartbeat()).status).toBe(200);
      expect(performance.now() - began).toBeLessThan(40_000);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(performance.now() - began).toBeGreaterThan(3_000);
    expect((await service.deliver(alive, makeWheel(`${alive.order.project}-1.0-py3-none-any.whl`))).status).toBe(200);
  },
);

test.concurrent('an api that stood still for longer than a lease loses no attempt of a worker that waits for it', async ({
  expect,
  onTestFinished,
}) => {
  const upstream = await startTestIndex();
  const data = await mkdtemp(join(tmpdir(), 'wheelwright-still-'));
  const { child, url } = await startApiProgram({
    WHEELWRIGHT_DATA: data,
    WHEELWRIGHT_API_PORT: '0',
    WHEELWRIGHT_UPSTREAM: upstream.url,
    WHEELWRIGHT_LEASE_MS: '6000',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const token = (await readFile(join(data, 'admin-token'), 'utf8')).trim();
  const [client, worker] = [openClient({ url, token }), openWorkerApi({ url, token })];
  upstream.add('spam', 'spam-1.0.tar.gz');
  const { builds } = await client.requestBuilds({ requirement: 'spam==1.0' });
  const signal = AbortSignal.timeout(60_000);
  await worker.register(workerFacts('patient'), signal);
  const lease = (await worker.claim(workerFacts('patient'), 10_000, signal)) as Lease;
  child.kill('SIGSTOP');
  // A connection that was kept may be closed meanwhile; a worker asks again then.
  const beating = persistently(() => worker.heartbeat(lease, signal), signal);
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  child.kill('SIGCONT');
  expect(await beating).toEqual({ cancelRequested: false });
  // Past the next rounds of the loop that looks for leases that ran out.
  const until = performance.now() + 5_000;
  while (performance.now() < until) {
    await worker.heartbeat(lease, signal);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  expect((await client.build(builds[0]?.id ?? '')).attempts.map(({ status }) => status)).toEqual(['leased']);
  await Promise.all([client.close(), worker.close()]);
  child.kill('SIGTERM');
  await once(child, 'exit');
  await upstream.close();
  await rm(data, { recursive: true });
});
