import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Lease, lostBackoffMs } from '../../core/attempt.js';
import { DELAY_MS_PER_POINT } from '../../core/schedule.js';
import type { BuildStore, PlannedBuild } from '../../core/store.js';
import { PRIORITY } from '../../core/submission.js';
import { SILENT_AFTER_MS, type WorkerFacts, type WorkerStore } from '../../core/worker.js';
import { workerFacts } from '../support/worker.js';
import { LEASE_MS, plannedBuild, TARGET } from './build-store.js';

/** A priority that has more time than any that is given today. */
const LEAST = 300;

const GIB = 2 ** 30;

/** How every implementation of the stores hands builds out: what core/schedule.ts decides, on what is stored. */
export function testScheduling(
  name: string,
  open: (clock: () => number) => Promise<{ store: BuildStore; workers: WorkerStore }>,
): void {
  describe(name, () => {
    let store: BuildStore;
    let workers: WorkerStore;
    let now: number;
    let keys = 0;
    beforeEach(async () => {
      now = Date.now();
      ({ store, workers } = await open(() => now));
      await store.addRecipeRevision({
        digest: 'r'.repeat(64),
        project: 'spam',
        yaml: '',
        origin: 'catalogue',
        approved: true,
      });
    });
    afterEach(() => store.close());

    async function add(project: string, changes: Partial<PlannedBuild> = {}): Promise<string> {
      const key = `key-${keys++}`;
      now += 1;
      const sdist = { filename: `${key}.tar.gz`, url: 'https://upstream.example/x', sha256: key };
      return (await store.addBuild(plannedBuild(key, { project, sdist, ...changes }))).build.id;
    }
    const needing = (resources: NonNullable<PlannedBuild['recipe']['resources']>) => ({ recipe: { resources } });
    async function worker(name: string, changes: Partial<WorkerFacts> = {}): Promise<WorkerFacts> {
      const facts = workerFacts(name, changes);
      await workers.register(facts, now);
      return facts;
    }
    async function claim(facts: WorkerFacts): Promise<Lease | string> {
      now += 1;
      return store.claim(facts, LEASE_MS, now);
    }
    const projectOf = async (facts: WorkerFacts) => {
      const lease = await claim(facts);
      return typeof lease === 'string' ? lease : lease.order.project;
    };
    const end = (lease: Lease | string) => {
      if (typeof lease === 'string') throw new Error(lease);
      const failure = { class: 'unknown', line: '', lineNumber: 0, cause: '' } as const;
      return store.finish(lease, { kind: 'failed', failure }, undefined, now);
    };

    test('projects take turns', async () => {
      for (let n = 0; n < 20; n++) await add('crowd');
      const one = await worker('w');
      expect(await projectOf(one)).toBe('crowd');
      await add('ham');
      await add('eggs');
      await add('eggs');
      const next: string[] = [];
      for (let n = 0; n < 6; n++) next.push(await projectOf(one));
      expect(next).toEqual(['ham', 'crowd', 'eggs', 'crowd', 'eggs', 'crowd']);
    });

    test('of one project, first come, first served, and a priority is no more than a delay', async () => {
      const last = await add('a', { priority: LEAST });
      const solve = await add('b', { priority: PRIORITY.solve });
      const [first, second] = [await add('spam'), await add('spam')];
      const one = await worker('w', { slots: 100 });
      const next = async () => ((await claim(one)) as Lease).order.buildId;
      expect([await next(), await next(), await next()]).toEqual([first, second, solve]);
      // What is asked for after its delay is over comes after it.
      now += (LEAST - PRIORITY.asked) * DELAY_MS_PER_POINT + 60_000;
      const late = await add('late');
      expect([await next(), await next()]).toEqual([last, late]);
    });

    test('somebody who waits hastens what was asked for in the background, and what that waits for', async () => {
      const parent = await add('parent', { priority: LEAST });
      const one = await worker('w');
      const lease = (await claim(one)) as Lease;
      const need = await add('need', { priority: LEAST });
      const other = await add('other', { priority: PRIORITY.solve });
      await store.defer(lease, [need], now);
      await store.hasten(parent, PRIORITY.asked, now);
      expect([((await claim(one)) as Lease).order.buildId, ((await claim(one)) as Lease).order.buildId]).toEqual([
        need,
        other,
      ]);
      expect((await store.build(parent))?.priority).toBe(PRIORITY.asked);
      await store.hasten(parent, LEAST, now);
      expect((await store.build(parent))?.priority).toBe(PRIORITY.asked);
    });

    test('a build that waits for others holds neither a slot nor any of the budget', async () => {
      await add('parent');
      const one = await worker('w', { slots: 1 });
      const lease = (await claim(one)) as Lease;
      const need = await add('need');
      expect(await claim(one)).toBe('nothing-suitable');
      await store.defer(lease, [need], now);
      expect((await workers.workers(0))[0]?.running).toEqual([]);
      expect(await projectOf(one)).toBe('need');
    });

    test('budgets and slots: what runs is counted until it ends', async () => {
      const budget = { cpus: 4, memoryBytes: 8 * GIB, diskBytes: 40 * GIB };
      const share = { cpus: 1, memoryBytes: 2 * GIB, diskBytes: 10 * GIB };
      const one = await worker('w', { slots: 3, budget, share });
      await add('big', needing({ cpus: 3, memory: '5g' }));
      await add('usual');
      await add('third');
      const big = await claim(one);
      expect(big).toMatchObject({ resources: { cpus: 3, memoryBytes: 5 * GIB, diskBytes: 10 * GIB } });
      const usual = await claim(one);
      expect(usual).toMatchObject({ resources: share, order: { project: 'usual' } });
      expect(await claim(one)).toBe('nothing-suitable');
      expect((await workers.workers(0))[0]?.running).toMatchObject([{ cpus: 3 }, { cpus: 1 }]);
      await end(big);
      expect(await projectOf(one)).toBe('third');
    });

    test('an exclusive build waits for an empty worker, which stays free for it, and keeps others out', async () => {
      const one = await worker('w', { slots: 4 });
      await add('running');
      const running = await claim(one);
      await add('alone', needing({ exclusive: true }));
      await add('small');
      expect(await claim(one)).toBe('nothing-suitable');
      // Another worker is not held up by that.
      const two = await worker('x', { slots: 4 });
      await add('small');
      expect(await projectOf(two)).toBe('alone');
      expect(await claim(two)).toBe('nothing-suitable');
      expect(await projectOf(one)).toBe('small');
      await end(running);
    });

    test('labels, architectures and trust', async () => {
      const plain = await worker('plain', { trust: ['stable'] });
      const special = await worker('special', { labels: ['gpu', 'kvm'], architectures: ['x86_64', 'aarch64'] });
      await add('gpu', needing({ labels: ['gpu'] }));
      await add('arm', { target: { ...TARGET, arch: 'aarch64' } });
      await add('trial', { channel: 'trial' });
      expect(await claim(plain)).toBe('nothing-suitable');
      expect([await projectOf(special), await projectOf(special), await projectOf(special)]).toEqual([
        'gpu',
        'arm',
        'trial',
      ]);
      expect(await claim(plain)).toMatch(/^nothing/);
    });

    test('what nobody is large enough for goes to whoever is of the kind, what somebody is goes there', async () => {
      const budget = { cpus: 2, memoryBytes: 4 * GIB, diskBytes: 10 * GIB };
      const small = await worker('small', { slots: 2, budget, share: budget });
      await add('huge', needing({ memory: '32g' }));
      const large = await worker('large');
      expect(await claim(small)).toBe('nothing-suitable');
      await workers.setDraining('large', true);
      expect(await claim(large)).toBe('nothing-suitable');
      expect(await claim(small)).toMatchObject({ order: { project: 'huge' }, resources: { memoryBytes: 4 * GIB } });
    });

    test('many lines that do not suit hide none that does', async () => {
      for (let n = 0; n < 40; n++)
        await add(`gpu${n}`, { ...needing({ labels: ['gpu'] }), channel: n % 2 ? 'stable' : 'trial' });
      await add('plain', { channel: 'trial' });
      await add('last');
      const one = await worker('w');
      expect(await projectOf(one)).toBe('plain');
      expect(await projectOf(one)).toBe('last');
    });

    test('a drained worker takes nothing more and keeps what it has, until it is resumed', async () => {
      const one = await worker('w');
      await add('spam');
      await add('ham');
      const lease = (await claim(one)) as Lease;
      await workers.setDraining('w', true);
      expect(await claim(one)).toBe('nothing-suitable');
      expect(await store.heartbeat(lease, LEASE_MS, now)).toEqual({ cancelRequested: false });
      // It stays so when it is started again.
      await workers.leave(one, now);
      const again = await worker('w', { session: 'another session' });
      expect((await workers.workers(0))[0]).toMatchObject({ draining: true, running: [{ project: 'spam' }] });
      await workers.setDraining('w', false);
      expect(await projectOf(again)).toBe('ham');
      await expect(workers.setDraining('nobody', true)).rejects.toMatchObject({ code: 'not-found' });
    });

    test('a name belongs to the worker that is at work under it, until that stops or falls silent', async () => {
      const first = await worker('w');
      await expect(worker('w', { session: 'the second' })).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining('another worker is at work under the name w'),
        hint: expect.stringContaining('WHEELWRIGHT_WORKER_NAME'),
      });
      await expect(store.claim({ name: 'w', session: 'the second' }, LEASE_MS, now)).rejects.toMatchObject({
        code: 'conflict',
      });
      // The same one may say again what it is, e.g. when the answer was lost.
      await worker('w', { slots: 7 });
      expect((await workers.workers(0))[0]).toMatchObject({ slots: 7 });

      await add('spam');
      const lease = (await claim(first)) as Lease;
      for (let beats = 0; beats < 4; beats++) {
        now += LEASE_MS - 1;
        await store.heartbeat(lease, LEASE_MS, now);
      }
      await expect(worker('w', { session: 'the third' })).rejects.toMatchObject({ code: 'conflict' });
      now += SILENT_AFTER_MS + 1;
      const fourth = await worker('w', { session: 'the fourth' });
      // What the silent one had counts for the new one as long as it may still be at work.
      expect((await workers.workers(0))[0]).toMatchObject({ session: 'the fourth', running: [{ project: 'spam' }] });
      await expect(claim(first)).rejects.toMatchObject({ code: 'conflict' });
      await workers.leave(first, now);
      expect(await claim(fourth)).toBe('nothing-queued');
      await workers.leave(fourth, now);
      await worker('w', { session: 'the fifth' });
    });

    test('a line in which nobody stands is no obstacle, and goes', async () => {
      const one = await worker('w');
      const [spam, ham] = [await add('spam', needing({ exclusive: true })), await add('ham')];
      await store.cancel(spam, now);
      expect(await claim(one)).toMatchObject({ order: { buildId: ham } });
      expect(await claim(one)).toBe('nothing-queued');
      await store.retry(spam, now);
      await store.cancel(spam, now);
      expect(await store.mendLines(now)).toBe(0);
      expect(await claim(one)).toBe('nothing-queued');
    });

    test('what is tried again later holds nobody up until then', async () => {
      const one = await worker('w');
      await add('alone', needing({ exclusive: true }));
      await store.finish((await claim(one)) as Lease, { kind: 'lost', reason: 'x' }, undefined, now);
      await add('small');
      expect(await projectOf(one)).toBe('small');
      await add('other');
      now += lostBackoffMs(1);
      expect(await claim(one)).toBe('nothing-suitable');
    });
  });
}
