// The real worker on the real api: how a slot goes from one attempt to the next.
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Build } from '../../client/contract.js';
import { openWorkerApi, type WorkerApi } from '../../client/worker-api.js';
import type { Engine } from '../../core/engine.js';
import { WheelwrightError } from '../../core/errors.js';
import { parseSettings } from '../../core/settings.js';
import { openWorker } from '../../worker/worker.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { type Hold, instantSite } from '../support/instant-engine.mjs';

let service: TestApi;
let own: WorkerApi;
beforeEach(async () => {
  service = await startTestApi();
  own = openWorkerApi({ url: service.api.url, token: service.token });
});
afterEach(async () => {
  await own.close();
  await service.close();
});

function startWorker(changes: Partial<WorkerApi> = {}, hold?: Hold, engine: Partial<Engine> = {}) {
  const site = instantSite(hold);
  Object.assign(site.engine, engine);
  const settings = parseSettings({ WHEELWRIGHT_WORKER_SLOTS: '1' });
  const worker = openWorker({
    ...site,
    settings,
    api: { ...own, ...changes },
    name: 'w',
    logger: pino({ level: 'silent' }),
  });
  return { worker, engine: site.engine };
}

async function ask(count: number): Promise<() => Promise<string[]>> {
  const ids: string[] = [];
  for (let number = 0; number < count; number++) {
    service.upstream.add(`p${number}`, `p${number}-1.0.tar.gz`);
    ids.push(...(await service.ask(`p${number}`)).map(({ id }) => id));
  }
  return async () => (await Promise.all(ids.map((id) => service.build(id)))).map(({ status }) => status);
}

test('where one attempt ends the next begins, without a claim; what the first left is gone before', async () => {
  const statuses = await ask(3);
  let claims = 0;
  const left: string[][] = [];
  const claim: WorkerApi['claim'] = (...call) => {
    claims += 1;
    return own.claim(...call);
  };
  const { worker, engine } = startWorker({ claim }, async (step) => {
    if (step === 'images') left.push(engine.left());
  });
  await expect.poll(statuses).toEqual(['succeeded', 'succeeded', 'succeeded']);
  await expect.poll(() => claims).toBe(2);
  expect(left).toEqual([[], [], []]);
  await worker.close();
  expect(engine.left()).toEqual([]);
});

test('an api that does not take the end in one call is told it in several', async () => {
  const statuses = await ask(2);
  const claim: WorkerApi['claim'] = async (...call) => {
    const lease = await own.claim(...call);
    if (lease !== undefined) delete lease.takes;
    return lease;
  };
  const end: WorkerApi['end'] = () => Promise.reject(new Error('there is no such call'));
  const { worker } = startWorker({ claim, end });
  await expect.poll(statuses).toEqual(['succeeded', 'succeeded']);
  await worker.close();
});

test.each(['not-found', 'invalid'] as const)(
  'an api set back in mid-attempt, which calls the end %s, is told it in several calls',
  async (code) => {
    const statuses = await ask(1);
    const end: WorkerApi['end'] = () => Promise.reject(new WheelwrightError(code, 'there is no such call'));
    const { worker } = startWorker({ end });
    await expect.poll(statuses).toEqual(['succeeded']);
    await worker.close();
    const { builds } = (await service.call<{ builds: Build[] }>('GET', '/api/v1/builds')).body;
    const [attempt] = (await service.build(builds[0]?.id ?? '')).attempts;
    expect((await service.call('GET', `/api/v1/attempts/${attempt?.id}/log`)).body).toMatch(/publish: p0-1\.0-.*\n$/);
  },
);

test('an attempt that comes with the end of another while the worker stops is handed back at once', async () => {
  const statuses = await ask(2);
  let closed: Promise<void> | undefined;
  const end: WorkerApi['end'] = async (...call) => {
    const next = await own.end(...call);
    closed ??= worker.close();
    return next;
  };
  const { worker } = startWorker({ end });
  await expect.poll(() => closed !== undefined).toBe(true);
  await closed;
  expect((await statuses()).toSorted()).toEqual(['queued', 'succeeded']);
});

test('a heartbeat on a connection that died in silence does not hold up the next', async () => {
  const statuses = await ask(1);
  let beats = 0;
  let hear: () => void = () => undefined;
  const heard = new Promise<void>((resolve) => {
    hear = resolve;
  });
  const claim: WorkerApi['claim'] = async (...call) => {
    const lease = await own.claim(...call);
    return lease && { ...lease, leaseMs: 300 };
  };
  const heartbeat: WorkerApi['heartbeat'] = async (lease, signal) => {
    beats += 1;
    if (beats === 1) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    hear();
    return own.heartbeat(lease, signal);
  };
  const { worker } = startWorker({ claim, heartbeat }, async (step) => {
    if (step === 'build.py') await heard;
  });
  await expect.poll(statuses, { timeout: 20_000 }).toEqual(['succeeded']);
  await worker.close();
});

test('a heartbeat that comes after the end was kept, and before its answer arrived, breaks nothing off', async () => {
  const statuses = await ask(2);
  let refused = 0;
  const heartbeat: WorkerApi['heartbeat'] = (...call) =>
    own.heartbeat(...call).catch((error: unknown) => {
      refused += 1;
      throw error;
    });
  const end: WorkerApi['end'] = async (lease, ending, signal) => {
    const next = await own.end(lease, ending, signal);
    if (next !== undefined) await expect.poll(() => refused).toBeGreaterThan(0);
    signal.throwIfAborted();
    return next;
  };
  const { worker } = startWorker({ heartbeat, end });
  await expect.poll(statuses).toEqual(['succeeded', 'succeeded']);
  expect(refused).toBeGreaterThan(0);
  await worker.close();
});

test('a sweep that stops at one thing goes on with the others', async () => {
  let pruned = 0;
  const { worker } = startWorker({}, undefined, {
    removeOrphans: () => Promise.reject(new Error('device or resource busy')),
    pruneKept: async () => {
      pruned += 1;
      return [];
    },
  });
  await expect.poll(() => pruned).toBe(1);
  await worker.close();
});
