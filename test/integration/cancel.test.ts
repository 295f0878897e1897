// Cancelling, wherever a build is: it is cancelled at once, its attempt ends, and nothing of it is left on the worker, although what it does would never end.
import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runCli } from '../../cli/program.js';
import { openTerminal } from '../../cli/terminal.js';
import { openClient } from '../../client/client.js';
import { openWorkerApi } from '../../client/worker-api.js';
import { parseSettings } from '../../core/settings.js';
import { openWorker, type Worker } from '../../worker/worker.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { type Hold, instantSite } from '../support/instant-engine.mjs';

/** The engine's steps in which an attempt can be held, by their phase. */
const STEPS = { fetch: 'images', build: 'build.py', repair: 'repair.py', test: 'test.py' };

let service: TestApi;
let worker: Worker | undefined;
beforeEach(async () => {
  service = await startTestApi();
});
afterEach(async () => {
  await worker?.close();
  worker = undefined;
  await service.close();
});

function startWorker(hold: Hold, slots = 1) {
  const site = instantSite(hold);
  const api = openWorkerApi({ url: service.api.url, token: service.token });
  const opened = openWorker({
    ...site,
    settings: parseSettings({ WHEELWRIGHT_WORKER_SLOTS: String(slots), WHEELWRIGHT_WORKER_GRACE_MS: '1' }),
    api,
    name: 'test',
    logger: pino({ level: 'silent' }),
  });
  worker = {
    async close() {
      await opened.close();
      await api.close();
    },
  };
  return site.engine;
}

/** Holds attempts at one step for ever; `reached` resolves when so many are there. */
function holdAt(step: string) {
  let arrived = 0;
  return {
    hold: async (at: string) => {
      if (at !== step) return;
      arrived += 1;
      await new Promise<void>(() => undefined);
    },
    reached: (count: number) => expect.poll(() => arrived).toBe(count),
  };
}

async function wheelwright(...args: string[]) {
  let out = '';
  const stdout = new PassThrough().on('data', (chunk: Buffer) => {
    out += chunk.toString();
  }) as unknown as NodeJS.WriteStream;
  const stderr = new PassThrough().resume() as unknown as NodeJS.WriteStream;
  const environment = { WHEELWRIGHT_DATA: service.data, WHEELWRIGHT_API_URL: service.api.url };
  const terminal = openTerminal({ stdout, stderr, environment });
  const code = await runCli(args, { environment, terminal, signal: new AbortController().signal });
  await new Promise((resolve) => setImmediate(resolve));
  return { code, out };
}

test.each(Object.entries(STEPS))('in %s, by the API', async (phase, step) => {
  const { hold, reached } = holdAt(step);
  const engine = startWorker(hold);
  service.upstream.add('spam', 'spam-1.0.tar.gz');
  const [asked] = await service.ask('spam');
  await reached(1);
  const id = asked?.id ?? '';
  const answer = await service.call('POST', `/api/v1/builds/${id}/cancel`);
  expect(answer).toMatchObject({ status: 202, body: { status: 'cancelled' } });
  const attempt = async () => (await service.build(id)).attempts[0];
  await expect.poll(attempt).toMatchObject({ status: 'cancelled', phase });
  await expect.poll(() => engine.left()).toEqual([]);
});

test('in the queue and in the middle of a build, by the command line; one that has ended is told', async () => {
  const { hold, reached } = holdAt('build.py');
  const engine = startWorker(hold);
  for (const name of ['spam', 'ham', 'eggs']) service.upstream.add(name, `${name}-1.0.tar.gz`);
  const [running] = await service.ask('spam');
  await reached(1);
  const [queued] = await service.ask('ham');
  await service.ask('eggs');
  const first = await wheelwright('cancel', running?.id ?? '', 'ham');
  expect(first.code).toBe(0);
  expect(first.out).toMatch(new RegExp(`^${running?.id} +spam 1.0 .* cancelled$`, 'm'));
  expect(first.out).toMatch(new RegExp(`^${queued?.id} +ham 1.0 .* cancelled$`, 'm'));
  // The slot is free again, and takes the one that was not cancelled.
  await reached(2);
  expect((await wheelwright('cancel', 'spam')).code).toBe(1);
  expect((await wheelwright('cancel', '--all')).out).toContain('eggs 1.0');
  await expect.poll(() => engine.left()).toEqual([]);
  expect((await wheelwright('cancel')).code).toBe(2);
});

test('while it waits for a requirement, which goes on; and the requirement itself, which fails what waits', async () => {
  for (const name of ['spam', 'ham', 'backend']) service.upstream.add(name, `${name}-1.0.tar.gz`);
  for (const name of ['spam', 'ham']) await service.ask(name);
  const leases = [await service.claim(), await service.claim()];
  for (const lease of leases) await service.finish(lease, { kind: 'deferred', requirements: ['backend==1.0'] });
  const [spam = '', ham = ''] = leases.map(({ order }) => order.buildId);
  expect((await service.build(spam)).status).toBe('waiting');
  await service.call('POST', `/api/v1/builds/${spam}/cancel`);
  expect((await service.build(spam)).status).toBe('cancelled');
  const [backend = ''] = (await service.build(ham)).needs;
  expect((await service.build(backend)).status).toBe('queued');
  await service.call('POST', `/api/v1/builds/${backend}/cancel`);
  const { status, attempts } = await service.build(ham);
  expect(status).toBe('failed');
  expect(attempts.at(-1)?.failure?.cause).toContain('was cancelled');
});

test('all of them, also those that wait for another that is cancelled with them', async () => {
  for (const name of ['spam', 'backend']) service.upstream.add(name, `${name}-1.0.tar.gz`);
  await service.ask('spam');
  await service.finish(await service.claim(), { kind: 'deferred', requirements: ['backend==1.0'] });
  const { code, out } = await wheelwright('cancel', '--all');
  expect(out).toMatch(/ spam 1.0 .* cancelled$/m);
  expect(out).toMatch(/ backend 1.0 .* cancelled$/m);
  expect(code).toBe(0);
});

test('a thousand at once, twenty of them being built', { timeout: 120_000 }, async () => {
  const { hold, reached } = holdAt('build.py');
  const engine = startWorker(hold, 20);
  const client = openClient({ url: service.api.url, token: service.token });
  const ids: string[] = [];
  for (let number = 0; number < 1_000; number += 1) {
    service.upstream.add(`p${number}`, `p${number}-1.0.tar.gz`);
    const { builds } = await client.requestBuilds({ requirement: `p${number}==1.0` });
    ids.push(...builds.map(({ id }) => id));
  }
  await reached(20);
  await Promise.all(ids.map((id) => client.cancel(id)));
  await expect.poll(() => engine.left()).toEqual([]);
  expect(await service.api.context.store.buildCounts()).toEqual({ cancelled: 1_000 });
  expect(await service.api.context.store.nextBuild(Date.now())).toBeUndefined();
  await client.close();
});
