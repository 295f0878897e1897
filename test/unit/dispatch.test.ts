import { expect, test } from 'vitest';
import { createDispatch } from '../../api/dispatch.js';
import type { ClaimedLease } from '../../core/store.js';
import type { WorkerRef } from '../../core/worker.js';

const never = new AbortController().signal;
const worker = (name: string): WorkerRef => ({ name, session: `session-of-${name}` });

/** A store with so many builds, each for a worker of that name. */
function setup() {
  const builds: string[] = [];
  const asked: string[] = [];
  const ended: ClaimedLease[] = [];
  let duringClaim = () => {};
  let afterClaim = () => {};
  let queuesAgain = false;
  const store = {
    async claim({ name }: WorkerRef) {
      asked.push(name);
      duringClaim();
      await new Promise((resolve) => setImmediate(resolve));
      const at = builds.indexOf(name);
      if (at >= 0) return { attemptId: builds.splice(at, 1)[0], token: name } as unknown as ClaimedLease;
      const why = builds.length === 0 ? ('nothing-queued' as const) : ('nothing-suitable' as const);
      afterClaim();
      return why;
    },
    async finish(lease: unknown) {
      const { attemptId } = lease as ClaimedLease;
      ended.push(lease as ClaimedLease);
      if (queuesAgain) builds.push(attemptId);
    },
  };
  const dispatch = createDispatch({ store, leaseMs: 1, clock: () => 0, report: () => {} });
  return {
    builds,
    asked,
    ended,
    dispatch,
    during: (call: () => void) => (duringClaim = call),
    queueAgain: () => {
      queuesAgain = true;
    },
    afterwards: (call: () => void) => (afterClaim = call),
  };
}
/** Enough turns for every look of the store above, however long they take. */
const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

test('who waits gets what comes, and nobody is asked for in vain', async () => {
  const { builds, asked, dispatch } = setup();
  const slots = [1, 2, 3].map(() => dispatch.next(worker('a'), 10_000, never));
  const other = dispatch.next(worker('b'), 10_000, never);
  await settle();
  asked.length = 0;
  builds.push('b', 'a');
  dispatch.wake();
  expect((await other)?.attemptId).toBe('b');
  expect((await slots[0])?.attemptId).toBe('a');
  // What one slot of a worker could not be given, the others were not tried for.
  builds.push('c');
  await settle();
  asked.length = 0;
  await dispatch.round();
  expect(asked).toEqual(['a']);
});

test('what comes while a look is under way, or between a look and the waiting, is seen', async () => {
  const { builds, dispatch, afterwards } = setup();
  const comesTooLate = () => {
    afterwards(() => {});
    builds.push('a');
    dispatch.wake();
  };
  afterwards(comesTooLate);
  expect((await dispatch.next(worker('a'), 10_000, never))?.attemptId).toBe('a');
  const waiting = dispatch.next(worker('a'), 10_000, never);
  await settle();
  afterwards(comesTooLate);
  dispatch.wake();
  expect((await waiting)?.attemptId).toBe('a');
});

test('a lease for a worker that went away in that moment is handed back; the time is kept', async () => {
  const { builds, ended, dispatch, during } = setup();
  const gone = new AbortController();
  const waiting = dispatch.next(worker('a'), 10_000, gone.signal);
  await settle();
  builds.push('a');
  during(() => gone.abort());
  await dispatch.round();
  expect(await waiting).toBeUndefined();
  expect(ended.map(({ attemptId }) => attemptId)).toEqual(['a']);
  expect(await dispatch.next(worker('a'), 30, never)).toBeUndefined();
  expect(await dispatch.next(worker('a'), 0, never)).toBeUndefined();
});

test('what is handed back goes to another who waits', async () => {
  for (const stillAsks of [true, false]) {
    const { builds, dispatch, during, queueAgain } = setup();
    queueAgain();
    const gone = new AbortController();
    const first = stillAsks ? dispatch.next(worker('a'), 10_000, gone.signal) : undefined;
    await settle();
    const other = dispatch.next({ name: 'a', session: 'another' }, 10_000, never);
    await settle();
    builds.push('a');
    during(() => gone.abort());
    if (stillAsks) dispatch.wake();
    else expect(await dispatch.next(worker('a'), 10_000, gone.signal)).toBeUndefined();
    expect((await other)?.attemptId).toBe('a');
    expect(await first).toBeUndefined();
  }
});
