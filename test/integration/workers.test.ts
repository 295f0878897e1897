// Workers as the api knows them: who is let in, what is seen of them, and how they are steered.
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findBuild } from '../../cli/find-build.js';
import { openClient } from '../../client/client.js';
import { openWorkerApi, type WorkerApi } from '../../client/worker-api.js';
import type { Worker as WorkerView } from '../../client/workers.js';
import { parseSettings } from '../../core/settings.js';
import { WORKER_PROTOCOL } from '../../core/worker.js';
import { openWorker, type Worker } from '../../worker/worker.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { instantSite } from '../support/instant-engine.mjs';
import { workerFacts } from '../support/worker.js';

let service: TestApi;
let api: WorkerApi;
const closing: (() => Promise<void>)[] = [];
const never = new AbortController().signal;
beforeEach(async () => {
  service = await startTestApi();
  api = openWorkerApi({ url: service.api.url, token: service.token });
  for (const name of ['spam', 'ham', 'eggs']) service.upstream.add(name, `${name}-1.0.tar.gz`);
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await api.close();
  await service.close();
});

const register = (json: Record<string, unknown>) =>
  service.call<{ detail: string; hint: string }>('POST', '/api/v1/worker/registration', { json });
const workers = async () => (await service.call<{ workers: WorkerView[] }>('GET', '/api/v1/workers')).body.workers;

test('a worker of another protocol is told which one to bring up to date; another version of the same is let in', async () => {
  const old = await register({ protocol: 0, name: 'old', version: '0.0.1' });
  expect(old.status).toBe(409);
  expect(old.body.detail).toContain('the worker old (version 0.0.1) speaks protocol 0, this api');
  expect(old.body.hint).toContain('The worker is too old for this api');
  const newer = await register({ ...workerFacts('newer'), protocol: WORKER_PROTOCOL.newest + 1, what: 'is to come' });
  expect(newer.status).toBe(409);
  expect(newer.body.hint).toContain('newer than this api');
  expect((await register({ ...workerFacts('w', { version: '0.0.1' }), protocol: WORKER_PROTOCOL.oldest })).status).toBe(
    204,
  );
  // One that knows nothing of registering is older still.
  const claim = await service.call<{ hint: string }>('POST', '/api/v1/worker/claims', {
    json: { worker: 'x', waitMs: 0 },
  });
  expect(claim.status).toBe(409);
  expect(claim.body.hint).toContain('of an older version');
  expect((await workers()).map(({ name, version }) => [name, version])).toEqual([['w', '0.0.1']]);
});

test('two workers of one name: the second is refused, says so, and goes on by itself when the first is gone', async () => {
  const first = startWorker('w');
  await expect.poll(async () => (await workers()).map(({ state }) => state)).toEqual(['active']);
  const second = startWorker('w');
  await expect.poll(() => second.warnings.join()).toContain('another worker is at work under the name w');
  expect(second.warnings.join()).toContain('WHEELWRIGHT_WORKER_NAME');
  expect(first.warnings).toEqual([]);
  await first.worker.close();
  expect((await workers())[0]?.state).toBe('stopped');
  await expect.poll(async () => (await workers())[0]?.state).toBe('active');
});

test('what is known of a worker: on the api, by the command line and in the metrics', async () => {
  const facts = workerFacts('w', {
    labels: ['gpu'],
    slots: 2,
    budget: { cpus: 4, memoryBytes: 2 ** 33, diskBytes: 2 ** 40 },
  });
  await api.register(facts, never);
  const [build] = await service.ask('spam');
  const lease = await api.claim(facts, 0, never);
  expect(await workers()).toEqual([
    {
      name: 'w',
      state: 'active',
      version: '0.1.0',
      engineVersion: '20.10.24',
      architectures: ['x86_64'],
      labels: ['gpu'],
      trust: ['stable', 'trial'],
      slots: { total: 2, used: 1 },
      budget: facts.budget,
      used: { cpus: 1, memoryBytes: 2 ** 30, diskBytes: 2 ** 30 },
      registeredAt: expect.any(String),
      lastSeen: expect.any(String),
      running: [{ attemptId: lease?.attemptId, buildId: build?.id, project: 'spam', version: '1.0' }],
    },
  ]);
  const metrics = String((await service.call('GET', '/metrics')).body);
  expect(metrics).toContain('wheelwright_worker_slots{worker="w"} 2');
  expect(metrics).toContain('wheelwright_worker_slots_busy{worker="w"} 1');
  expect(metrics).toContain('wheelwright_worker_cpus_reserved{worker="w"} 1');
  expect(metrics).toContain('wheelwright_workers{state="active"} 1');
  service.advance(60_000);
  expect((await workers())[0]?.state).toBe('silent');
});

test('drained, a worker takes nothing more, finishes what it has, and goes on when it is resumed', async () => {
  const facts = workerFacts('w');
  await api.register(facts, never);
  await service.ask('spam');
  const lease = await api.claim(facts, 0, never);
  await service.ask('ham');
  const drained = await service.call<WorkerView>('POST', '/api/v1/workers/w/drain');
  expect(drained.body).toMatchObject({ state: 'draining', slots: { used: 1 } });
  const waiting = api.claim(facts, 30_000, never);
  if (lease === undefined) throw new Error('no lease');
  await service.finish(lease, { kind: 'cancelled' });
  expect(await api.claim(facts, 0, never)).toBeUndefined();
  await service.call('POST', '/api/v1/workers/w/resume');
  expect((await waiting)?.order.project).toBe('ham');
  expect((await service.call('POST', '/api/v1/workers/nobody/drain')).status).toBe(404);
  expect((await service.call('POST', '/api/v1/workers/w/drain', { token: undefined })).status).toBe(401);
});

test('whoever waits for room is woken when an attempt ends, and when a build that suits him is asked for', async () => {
  const small = workerFacts('small', { slots: 2, budget: { cpus: 1, memoryBytes: 2 ** 30, diskBytes: 2 ** 30 } });
  await api.register(small, never);
  await service.ask('spam');
  await service.ask('ham');
  const first = await api.claim(small, 0, never);
  const room = api.claim(small, 30_000, never);
  await new Promise((resolve) => setTimeout(resolve, 100));
  if (first === undefined) throw new Error('no lease');
  // A look every two seconds finds the same, only later.
  const wake = vi.spyOn(service.api.context.dispatch, 'wake');
  await service.finish(first, { kind: 'cancelled' });
  expect(wake).toHaveBeenCalled();
  const second = await room;
  expect(second?.order.project).toBe('ham');
  const gpu = workerFacts('gpu', { labels: ['gpu'] });
  await api.register(gpu, never);
  const more = api.claim(gpu, 30_000, never);
  await service.ask('eggs', { recipe: 'project: eggs\nresources: { labels: [gpu], cpus: 3 }\n' });
  expect(await more).toMatchObject({ resources: { cpus: 3 }, order: { project: 'eggs' } });
});

test('a queued build says why nobody makes it, until somebody is there who can', async () => {
  const [build] = await service.ask('spam');
  const nobody = async () =>
    (await service.call<{ nobody?: string }>('GET', `/api/v1/builds/${build?.id}`)).body.nobody;
  expect(await nobody()).toContain('No worker is there');
  // Also to whoever names the project.
  const client = openClient({ url: service.api.url, token: service.token });
  closing.push(() => client.close());
  expect((await findBuild(client, 'spam', never)).nobody).toContain('No worker is there');
  // One that is there and asks for nothing yet.
  await api.register(workerFacts('w'), never);
  expect(await nobody()).toBeUndefined();
  await service.call('POST', '/api/v1/workers/w/drain');
  expect(await nobody()).toContain('No worker is there that takes builds');
});

test('a token for trials lets a worker in that builds nothing else', async () => {
  const { secret } = await service.api.context.tokens.create('trials', ['worker-trial'], Date.now());
  const trials = openWorkerApi({ url: service.api.url, token: secret });
  closing.push(() => trials.close());
  await expect(trials.register(workerFacts('w'), never)).rejects.toMatchObject({
    code: 'forbidden',
    hint: expect.stringContaining('WHEELWRIGHT_WORKER_TRUST=trial'),
  });
  const facts = workerFacts('w', { trust: ['trial'] });
  await trials.register(facts, never);
  await service.ask('spam');
  expect(await trials.claim(facts, 0, never)).toBeUndefined();
  const [trial] = await service.ask('ham', { recipe: 'project: ham\nenvironment: { HAM: "1" }\n' });
  const lease = await trials.claim(facts, 0, never);
  expect(lease?.order).toMatchObject({ buildId: trial?.id, channel: 'trial' });
  if (lease === undefined) throw new Error('no lease');
  expect(await trials.heartbeat(lease, never)).toEqual({ cancelRequested: false });
});

/** The real worker, with an engine that answers at once. */
function startWorker(name: string): { worker: Worker; warnings: string[] } {
  const warnings: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(line) });
  const own = openWorkerApi({ url: service.api.url, token: service.token });
  const options = { api: own, name, settings: parseSettings({}), logger };
  const worker = openWorker({ ...instantSite(), ...options });
  closing.push(async () => {
    await worker.close();
    await own.close();
  });
  return { worker, warnings };
}
