import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBuildStore } from '../../adapters/sqlite/build-store.js';
import { workerStore } from '../../adapters/sqlite/worker-table.js';
import type { Lease } from '../../core/attempt.js';
import { LEASE_MS, newFile, plannedBuild, testBuildStore } from '../suites/build-store.js';
import { testScheduling } from '../suites/scheduling.js';
import { openTestDatabase } from '../support/database.js';
import { workerFacts } from '../support/worker.js';

const INDEX = 'http://index.example/simple/';

async function openStores(clock = Date.now) {
  const db = openTestDatabase();
  return { store: createBuildStore(db, { indexUrl: INDEX, clock }), workers: workerStore(db, LEASE_MS) };
}

testBuildStore('the SQLite store', () => openStores());
testScheduling('scheduling in the SQLite store', openStores);

test('every change of the index raises its serial, and the project takes it over', async () => {
  const db = openTestDatabase();
  const store = createBuildStore(db, { indexUrl: INDEX, clock: Date.now });
  const serials = async () => ({
    index: (await db.selectFrom('index_serial').select('value').executeTakeFirstOrThrow()).value,
    projects: await db.selectFrom('projects').select(['name', 'serial', 'owned']).orderBy('name').execute(),
  });
  await store.addFile(newFile('spam-1.0-py3-none-any.whl'), 0);
  await store.addFile(newFile('ham-1.0-py3-none-any.whl', { project: 'ham', ownsProject: true }), 0);
  await store.addFile(newFile('spam-2.0-py3-none-any.whl', { version: '2.0' }), 0);
  await store.addFile(newFile('ham-2.0-py3-none-any.whl', { project: 'ham' }), 0);
  await store.addFile(newFile('ham-2.0-py3-none-any.whl', { project: 'ham' }), 0);
  expect(await serials()).toEqual({
    index: 4,
    projects: [
      { name: 'ham', serial: 4, owned: 1 },
      { name: 'spam', serial: 3, owned: 0 },
    ],
  });
  await store.close();
});

test('the name of a deleted file is never used again', async () => {
  const db = openTestDatabase();
  const store = createBuildStore(db, { indexUrl: INDEX, clock: Date.now });
  const filename = 'spam-1.0-py3-none-any.whl';
  const row = { filename, project: 'spam', version: '1.0', sha256: '1'.repeat(64), deleted_at: 0, reason: 'test' };
  await db.insertInto('deleted_files').values(row).execute();
  await expect(store.addFile(newFile(filename), 0)).rejects.toMatchObject({ code: 'conflict' });
  expect(await store.nextBuildTag('spam', '1.0', plannedBuild('').target)).toBe(1);
  await store.close();
});

test('a line of the queue goes with its last build, and comes back with the next', async () => {
  const db = openTestDatabase();
  const store = createBuildStore(db, { indexUrl: INDEX, clock: () => 0 });
  const worker = workerFacts();
  await workerStore(db, LEASE_MS).register(worker, 0);
  await store.addRecipeRevision({ digest: 'r'.repeat(64), project: 'spam', yaml: '', origin: 'none', approved: true });
  for (const key of ['a', 'b']) await store.addBuild(plannedBuild(key));
  const lines = () => db.selectFrom('queue_lines').select('project').execute();
  const taken: Lease[] = [];
  for (const left of [1, 0]) {
    const claimed = await store.claim(worker, LEASE_MS, 0);
    if (typeof claimed !== 'string') taken.push(claimed);
    expect(await lines()).toHaveLength(left);
  }
  const [first] = taken;
  if (first === undefined) throw new Error('nothing was taken');
  await store.finish(first, { kind: 'lost', reason: 'test', handedBack: true }, undefined, 1);
  expect(await lines()).toHaveLength(1);
  await store.close();
});

type Step =
  | { kind: 'claim' | 'expire' | 'cancel' | 'retry' }
  | { kind: 'heartbeat' | 'phase' | 'finish' | 'fail' | 'lose'; worker: number }
  | { kind: 'sleep'; ms: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constantFrom('claim', 'claim', 'expire', 'cancel', 'retry') }),
    fc.record({ kind: fc.constantFrom('heartbeat', 'phase', 'finish', 'fail', 'lose'), worker: fc.nat(5) }),
    fc.record({ kind: fc.constant('sleep' as const), ms: fc.constantFrom(1_000, 20_000, 100_000) }),
  ),
  { minLength: 5, maxLength: 40 },
);

test('whatever workers, clocks and people do: one live lease per build, and only its holder publishes', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (run) => {
      const db = openTestDatabase();
      const store = createBuildStore(db, { indexUrl: INDEX, clock: () => 0 });
      const revision = { digest: 'r'.repeat(64), project: 'spam', yaml: '', origin: 'none', approved: true } as const;
      await store.addRecipeRevision(revision);
      const worker = workerFacts();
      await workerStore(db, LEASE_MS).register(worker, 0);
      const { id } = (await store.addBuild(plannedBuild('k'))).build;
      const leases: Lease[] = [];
      let now = 0;
      for (const step of run) {
        const before = await store.build(id);
        const lease = 'worker' in step ? leases[step.worker % Math.max(leases.length, 1)] : undefined;
        const holds =
          lease !== undefined &&
          before?.attempts.some(({ id, finishedAt }) => id === lease.attemptId && finishedAt === undefined);
        const written = await act(step, lease).then(
          () => true,
          () => false,
        );
        if (lease !== undefined && !holds) {
          // A repeated ending may be accepted, but what is stale changes nothing.
          expect(await store.build(id)).toEqual(before);
        }
        if (step.kind === 'heartbeat' && holds) expect(written).toBe(true);
        const after = await store.build(id);
        const live = after?.attempts.filter(({ status }) => status === 'leased' || status === 'running') ?? [];
        expect(live.length).toBeLessThanOrEqual(1);
        if (after?.status === 'running') expect(live).toHaveLength(1);
        expect(after?.files.length).toBe(after?.status === 'succeeded' ? 1 : 0);
        expect(after?.attempts.filter(({ status }) => status === 'succeeded').length).toBe(after?.files.length);
      }
      await store.close();

      async function act(step: Step, lease: Lease | undefined): Promise<unknown> {
        switch (step.kind) {
          case 'claim': {
            const claimed = await store.claim(worker, LEASE_MS, now);
            if (typeof claimed !== 'string') leases.push(claimed);
            return;
          }
          case 'expire':
            return store.expireLeases(now);
          case 'cancel':
            return store.cancel(id, now);
          case 'retry':
            return store.retry(id, now);
          case 'sleep':
            now += step.ms;
            return;
        }
        if (lease === undefined) return;
        const filename = `spam-1.0-${lease.attemptNumber}-cp313-cp313-manylinux_2_31_x86_64.whl`;
        const wheel = { filename, sha256: '1'.repeat(64), sizeBytes: 1, grafted: [], needs: [] };
        const failure = { class: 'unknown', line: '', lineNumber: 0, cause: 'x' } as const;
        switch (step.kind) {
          case 'heartbeat':
            return store.heartbeat(lease, 30_000, now);
          case 'phase':
            return store.startPhase(lease, 'build', now);
          case 'finish':
            return store.finish(lease, { kind: 'succeeded', wheel }, newFile(filename), now);
          case 'fail':
            return store.finish(lease, { kind: 'failed', failure }, undefined, now);
          case 'lose':
            return store.finish(lease, { kind: 'lost', reason: 'x' }, undefined, now);
          default:
            return step satisfies never;
        }
      }
    }),
    { numRuns: 150 },
  );
});
