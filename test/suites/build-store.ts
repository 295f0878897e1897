import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Lease, lostBackoffMs, MAX_LOST_ATTEMPTS } from '../../core/attempt.js';
import type { Target } from '../../core/build.js';
import type { BuildRecord, BuildStore, NewFile, PlannedBuild } from '../../core/store.js';
import type { WorkerStore } from '../../core/worker.js';
import { workerFacts } from '../support/worker.js';

export const LEASE_MS = 30_000;
const WORKER = workerFacts();

export const TARGET: Target = {
  policy: 'manylinux_2_31',
  arch: 'x86_64',
  python: 'cp313',
  image: 'debian-11',
  builderDigest: 'b'.repeat(64),
};

export function plannedBuild(key: string, changes: Partial<PlannedBuild> = {}): PlannedBuild {
  return {
    key,
    project: 'spam',
    version: '1.0',
    requirement: 'spam==1.0',
    sdist: { filename: 'spam-1.0.tar.gz', url: 'https://upstream.example/spam-1.0.tar.gz', sha256: 'a'.repeat(64) },
    recipeDigest: 'r'.repeat(64),
    recipe: { environment: { SPAM: '1' } },
    target: TARGET,
    channel: 'stable',
    priority: 100,
    ...changes,
  };
}

export function newFile(filename: string, changes: Partial<NewFile> = {}): NewFile {
  return {
    filename,
    project: 'spam',
    version: '1.0',
    channel: 'stable',
    sha256: '1'.repeat(64),
    sizeBytes: 1000,
    metadataSha256: '2'.repeat(64),
    requiresPython: '>=3.9',
    origin: 'build',
    grafted: ['libham.so.1'],
    needs: [],
    ownsProject: false,
    ...changes,
  };
}

const WHEEL = 'spam-1.0-cp313-cp313-manylinux_2_31_x86_64.whl';
const report = (filename: string) => ({
  kind: 'succeeded' as const,
  wheel: { filename, sha256: '1'.repeat(64), sizeBytes: 1000, grafted: [], needs: [] },
});
const failure = { class: 'compile-error', line: 'boom', lineNumber: 3, cause: 'It broke.' } as const;

/** What every implementation of {@link BuildStore} must do; `open` makes an empty one. */
export function testBuildStore(name: string, open: () => Promise<{ store: BuildStore; workers: WorkerStore }>): void {
  describe(name, () => {
    let store: BuildStore;
    let now: number;
    beforeEach(async () => {
      const opened = await open();
      store = opened.store;
      now = Date.now();
      await opened.workers.register(WORKER, now);
      await store.addRecipeRevision({
        digest: 'r'.repeat(64),
        project: 'spam',
        yaml: 'project: spam\n',
        origin: 'catalogue',
        approved: true,
      });
    });
    afterEach(() => store.close());

    async function add(key: string, changes?: Partial<PlannedBuild>, sameReleaseAs?: string): Promise<BuildRecord> {
      return (await store.addBuild(plannedBuild(key, changes), sameReleaseAs)).build;
    }
    const claimAny = async (at = now) => store.claim(WORKER, LEASE_MS, at);
    /** Before all others. */
    async function claim(buildId: string): Promise<Lease> {
      await store.hasten(buildId, 0, now);
      const lease = await claimAny();
      if (typeof lease === 'string') throw new Error(`${buildId} cannot be claimed: ${lease}`);
      expect(lease.order.buildId).toBe(buildId);
      return lease;
    }
    const ref = ({ attemptId, token }: Lease) => ({ attemptId, token });
    const reload = async (id: string) => (await store.build(id)) as BuildRecord;

    test('a build is kept as it was planned', async () => {
      const planned = plannedBuild('k1');
      const { build, created } = await store.addBuild(planned);
      expect(created).toBe(true);
      expect(build).toMatchObject({ ...planned, status: 'queued', attempts: [], files: [], needs: [] });
      expect(await store.buildByKey('k1')).toEqual(build);
      expect(await store.build('nonsense')).toBeUndefined();
    });

    test('one build per key, also when asked for at the same time', async () => {
      const added = await Promise.all([1, 2, 3].map(() => store.addBuild(plannedBuild('k1'))));
      expect(added.filter(({ created }) => created)).toHaveLength(1);
      expect(new Set(added.map(({ build }) => build.id)).size).toBe(1);
    });

    test('a claim is given once, and numbers the attempts', async () => {
      const { id } = await add('k1');
      const claims = await Promise.all([1, 2, 3].map(() => claimAny()));
      const [lease, ...more] = claims;
      expect(more).toEqual(['nothing-queued', 'nothing-queued']);
      expect(lease).toMatchObject({ attemptNumber: 1, leaseMs: LEASE_MS, order: { buildId: id, target: TARGET } });
      expect((await reload(id)).status).toBe('running');
    });

    test('success publishes the file and moves the index on, in one step', async () => {
      const { id } = await add('k1');
      const lease = await claim(id);
      await store.finish(ref(lease), report(WHEEL), newFile(WHEEL), now);
      const build = await reload(id);
      expect(build).toMatchObject({ status: 'succeeded', finishedAt: now, attempts: [{ status: 'succeeded' }] });
      expect(build.files).toEqual([await store.file(WHEEL)]);
      expect(build.files[0]).toMatchObject({ attemptId: lease.attemptId, uploadTime: now, grafted: ['libham.so.1'] });
      await store.finish(ref(lease), report(WHEEL), newFile(WHEEL), now + 1);
      expect(await reload(id)).toEqual(build);
    });

    test('a name that is taken stops the whole ending', async () => {
      await store.addFile(newFile(WHEEL, { sha256: '9'.repeat(64), origin: 'upload' }), now);
      const { id } = await add('k1');
      const lease = await claim(id);
      await expect(store.finish(ref(lease), report(WHEEL), newFile(WHEEL), now)).rejects.toThrow('other bytes');
      expect(await reload(id)).toMatchObject({ status: 'running', files: [], attempts: [{ status: 'leased' }] });
    });

    test('an uploaded file is added once; other bytes under its name never', async () => {
      const upload = newFile(WHEEL, { origin: 'upload', ownsProject: true });
      expect(await store.addFile(upload, now)).toBe('added');
      expect(await store.addFile(upload, now + 1)).toBe('present');
      await expect(store.addFile({ ...upload, sha256: '9'.repeat(64) }, now)).rejects.toMatchObject({
        code: 'conflict',
      });
      expect(await store.filesOfProject('spam')).toHaveLength(1);
      expect((await store.file(WHEEL))?.uploadTime).toBe(now);
    });

    test('a stale or invented token is refused by every write', async () => {
      const { id } = await add('k1');
      const lease = await claim(id);
      const wrong = { attemptId: lease.attemptId, token: 'invented' };
      now += LEASE_MS;
      expect(await store.expireLeases(now)).toEqual([lease.attemptId]);
      for (const stale of [ref(lease), wrong]) {
        const writes = [
          () => store.heartbeat(stale, LEASE_MS, now),
          () => store.startPhase(stale, 'build', now),
          () => store.addInputs(stale, []),
          () => store.checkLease(stale),
          () => store.defer(stale, [id], now),
          () => store.finish(stale, report(WHEEL), newFile(WHEEL), now),
          () => store.finish(stale, { kind: 'failed', failure }, undefined, now),
        ];
        for (const write of writes) await expect(write()).rejects.toMatchObject({ code: 'conflict' });
      }
      expect(await store.file(WHEEL)).toBeUndefined();
      expect((await reload(id)).status).toBe('queued');
    });

    test('a heartbeat prolongs a lease once a sixth of it has passed', async () => {
      const lease = await claim((await add('k1')).id);
      const [begin, beat] = [now, (at: number) => store.heartbeat(ref(lease), LEASE_MS, at)];
      await beat(begin + LEASE_MS / 6);
      await beat(begin + LEASE_MS / 6 + 1);
      expect(await store.expireLeases(begin + (LEASE_MS * 7) / 6 - 1)).toEqual([]);
      expect(await store.expireLeases(begin + (LEASE_MS * 7) / 6)).toEqual([lease.attemptId]);
      await expect(beat(begin + (LEASE_MS * 7) / 6)).rejects.toMatchObject({ code: 'conflict' });
    });

    test('lost attempts wait longer each time and are given up after the last', async () => {
      const { id } = await add('k1');
      for (let losses = 1; losses <= MAX_LOST_ATTEMPTS; losses++) {
        await claim(id);
        now += LEASE_MS;
        await store.expireLeases(now);
        const due = now + lostBackoffMs(losses);
        expect(await store.nextBuild(due - 1)).toBeUndefined();
        expect(await claimAny(due - 1)).toBe('nothing-suitable');
        expect((await store.nextBuild(due))?.id).toBe(id);
        now = due;
      }
      await claim(id);
      now += LEASE_MS;
      await store.expireLeases(now);
      const build = await reload(id);
      expect(build.status).toBe('failed');
      expect(build.attempts.at(-1)?.failure?.class).toBe('infrastructure');
    });

    test('attempts that are handed back are tried again at once, however often', async () => {
      const { id } = await add('k1');
      for (let restarts = 0; restarts <= MAX_LOST_ATTEMPTS + 1; restarts++) {
        const lease = await claim(id);
        const outcome = { kind: 'lost', reason: 'the worker was stopped', handedBack: true } as const;
        await store.finish(ref(lease), outcome, undefined, now);
        await store.finish(ref(lease), outcome, undefined, now);
        const build = await reload(id);
        expect(build.status).toBe('queued');
        expect(build.attempts.at(-1)).toMatchObject({ status: 'lost', failure: { class: 'infrastructure' } });
        expect((await store.nextBuild(now))?.id).toBe(id);
      }
    });

    test('every lost attempt says why, also one whose worker does not', async () => {
      const { id } = await add('k1');
      await store.finish(ref(await claim(id)), { kind: 'lost', reason: '' }, undefined, now);
      const build = await reload(id);
      expect(build.attempts.at(-1)?.failure?.cause).toMatch(/^The attempt was lost: its worker gave no reason; /);
    });

    test('a lost build does not wait for an hour more because the clock was set back by one', async () => {
      const { id } = await add('k1');
      await claim(id);
      await store.expireLeases(now + LEASE_MS);
      const due = now + LEASE_MS + lostBackoffMs(1) - 3_600_000;
      await store.moveLeases(-3_600_000, now - 3_600_000 + LEASE_MS);
      expect(await store.nextBuild(due - 1)).toBeUndefined();
      expect((await store.nextBuild(due))?.id).toBe(id);
    });

    test('a live lease does not expire', async () => {
      const lease = await claim((await add('k1')).id);
      await store.heartbeat(ref(lease), LEASE_MS, now + 20_000);
      expect(await store.expireLeases(now + LEASE_MS)).toEqual([]);
      await store.renewLeases(now + 90_000);
      await store.renewLeases(now + 80_000);
      expect(await store.expireLeases(now + 79_999)).toEqual([]);
      await store.moveLeases(5_000, now + 90_000);
      expect(await store.expireLeases(now + 84_999)).toEqual([]);
      await store.moveLeases(3_600_000, now + 90_000);
      expect(await store.expireLeases(now + 89_999)).toEqual([]);
      await store.moveLeases(-5_000, now + 90_000);
      expect(await store.expireLeases(now + 89_999)).toEqual([]);
      await store.moveLeases(-30_000, now + 89_000);
      expect(await store.expireLeases(now + 59_999)).toEqual([]);
      expect(await store.expireLeases(now + 60_000)).toEqual([lease.attemptId]);
    });

    test('phases and inputs are kept with the attempt', async () => {
      const { id } = await add('k1');
      const lease = await claim(id);
      await store.startPhase(ref(lease), 'fetch', now);
      await store.startPhase(ref(lease), 'build', now + 10);
      const input = { kind: 'tool' as const, name: 'gcc', version: '10.2' };
      await store.addInputs(ref(lease), [input]);
      await store.addInputs(ref(lease), [input]);
      const attempt = await store.attempt(lease.attemptId);
      expect(attempt).toMatchObject({
        buildId: id,
        status: 'running',
        phase: 'build',
        phases: [
          { phase: 'fetch', startedAt: now, finishedAt: now + 10 },
          { phase: 'build', startedAt: now + 10 },
        ],
      });
      await store.finish(ref(lease), { kind: 'failed', failure }, undefined, now + 20);
      expect((await store.attempt(lease.attemptId))?.phases[1]?.finishedAt).toBe(now + 20);
    });

    test('what waits for requirements is queued when they are there, and fails when one is not', async () => {
      const [parent, need, other] = [
        await add('p'),
        await add('n', { project: 'ham' }),
        await add('o', { project: 'eggs' }),
      ];
      const lease = await claim(parent.id);
      expect(await store.defer(ref(lease), [need.id, other.id], now)).toEqual({ kind: 'deferred' });
      expect(await reload(parent.id)).toMatchObject({ status: 'waiting', needs: [need.id, other.id].sort() });
      expect(await store.wakeWaiting(now)).toEqual([]);
      const wheel = 'ham-1.0-cp313-cp313-manylinux_2_31_x86_64.whl';
      await store.finish(ref(await claim(need.id)), report(wheel), newFile(wheel, { project: 'ham' }), now);
      expect(await store.wakeWaiting(now)).toEqual([]);
      await store.finish(ref(await claim(other.id)), { kind: 'failed', failure }, undefined, now);
      expect(await store.wakeWaiting(now)).toEqual([parent.id]);
      const build = await reload(parent.id);
      expect(build).toMatchObject({ status: 'failed', attempts: [{ failure: { class: 'build-requirement' } }] });
      expect(build.attempts[0]?.failure?.cause).toMatch(/eggs.*failed: compile-error: boom.*build eggs==.*--solve/);
    });

    test('a circle of needs is refused however long it is', async () => {
      const builds = [
        await add('a', { project: 'a' }),
        await add('b', { project: 'b' }),
        await add('c', { project: 'c' }),
      ];
      const [a, b, c] = builds.map(({ id }) => id) as [string, string, string];
      const leases = [await claim(a), await claim(b), await claim(c)] as const;
      expect((await store.defer(ref(leases[0]), [b], now)).kind).toBe('deferred');
      expect((await store.defer(ref(leases[1]), [c], now)).kind).toBe('deferred');
      expect(await store.defer(ref(leases[2]), [a], now)).toEqual({ kind: 'cycle', projects: ['a', 'b', 'c'] });
      expect((await reload(c)).status).toBe('running');
    });

    test('waiting for the same release: a wheel that serves both answers both, another does not', async () => {
      const older = { ...TARGET, python: 'cp311', builderDigest: 'c'.repeat(64) };
      const first = await add('k311', { target: older });
      const second = await add('k313', {}, first.id);
      expect(second.status).toBe('waiting');
      const abi3 = 'spam-1.0-cp311-abi3-manylinux_2_31_x86_64.whl';
      await store.finish(ref(await claim(first.id)), report(abi3), newFile(abi3), now);
      expect(await store.wakeWaiting(now)).toEqual([second.id]);
      expect(await reload(second.id)).toMatchObject({ status: 'succeeded', attempts: [], files: [{ filename: abi3 }] });

      const sdist = { ...plannedBuild('').sdist, sha256: 'f'.repeat(64) };
      const third = await add('l311', { target: older, version: '2.0', sdist });
      const fourth = await add('l313', { version: '2.0', sdist }, third.id);
      const exact = 'spam-2.0-cp311-cp311-manylinux_2_31_x86_64.whl';
      const file = newFile(exact, { version: '2.0', sha256: '3'.repeat(64) });
      await store.finish(ref(await claim(third.id)), report(exact), file, now);
      await store.wakeWaiting(now);
      expect((await reload(fourth.id)).status).toBe('queued');
    });

    test('a wheel that was made meanwhile answers a queued build when it is claimed', async () => {
      const queued = await add('k313');
      const first = await add('k311', { target: { ...TARGET, python: 'cp311' } });
      const pure = 'spam-1.0-py3-none-any.whl';
      await store.finish(ref(await claim(first.id)), report(pure), newFile(pure), now);
      expect(await claimAny()).toBe('nothing-queued');
      expect(await reload(queued.id)).toMatchObject({ status: 'succeeded', attempts: [], files: [{ filename: pure }] });
    });

    test('neither another recipe, channel nor a changed builder is answered by a wheel that is there', async () => {
      await store.finish(ref(await claim((await add('k1')).id)), report(WHEEL), newFile(WHEEL), now);
      await store.addRecipeRevision({ digest: 's', project: 'spam', yaml: '', origin: 'request', approved: false });
      const others = [
        await add('k2', { recipeDigest: 's' }),
        await add('k3', { channel: 'trial' }),
        await add('k4', { target: { ...TARGET, builderDigest: 'd'.repeat(64) } }),
        await add('k5', { target: { ...TARGET, policy: 'manylinux_2_36', image: 'debian-12' } }),
      ];
      expect(others.map(({ status }) => status)).toEqual(others.map(() => 'queued'));
    });

    test('build numbers count what a wheel of that target could be named', async () => {
      const next = (target: Target) => store.nextBuildTag('spam', '1.0', target);
      expect(await next(TARGET)).toBeUndefined();
      await store.addFile(newFile(WHEEL), now);
      expect(await next(TARGET)).toBe(1);
      expect(await next({ ...TARGET, python: 'cp311' })).toBeUndefined();
      expect(await next({ ...TARGET, policy: 'manylinux_2_36' })).toBeUndefined();
      await store.addFile(newFile('spam-1.0-3-py3-none-any.whl', { sha256: '4'.repeat(64) }), now);
      expect(await next({ ...TARGET, python: 'cp311' })).toBe(4);
    });

    test('builds are counted by status', async () => {
      await add('k1');
      await claim((await add('k2')).id);
      expect(await store.buildCounts()).toEqual({ queued: 1, running: 1 });
    });

    test('cancel and retry go through the states that allow them', async () => {
      const { id } = await add('k1');
      const lease = await claim(id);
      expect((await store.cancel(id, now)).status).toBe('cancelled');
      expect(await store.heartbeat(ref(lease), LEASE_MS, now)).toEqual({ cancelRequested: true });
      await expect(store.cancel(id, now)).rejects.toMatchObject({ code: 'conflict' });
      await store.finish(ref(lease), report(WHEEL), newFile(WHEEL), now);
      expect(await store.file(WHEEL)).toBeUndefined();
      expect((await store.retry(id, now)).status).toBe('queued');
      await expect(store.retry(id, now)).rejects.toMatchObject({ code: 'conflict' });
      await expect(store.cancel('nonsense', now)).rejects.toMatchObject({ code: 'not-found' });
    });

    test('a retry ends an attempt that was cancelled and still runs, and the phase that it is in', async () => {
      const { id } = await add('k1');
      const lease = await claim(id);
      await store.startPhase(ref(lease), 'build', now);
      await store.cancel(id, now);
      now += 1000;
      await store.retry(id, now);
      const attempt = await store.attempt(lease.attemptId);
      expect(attempt).toMatchObject({ status: 'cancelled', finishedAt: now, phases: [{ finishedAt: now }] });
      await expect(store.heartbeat(ref(lease), LEASE_MS, now)).rejects.toMatchObject({ code: 'conflict' });
    });
  });
}
