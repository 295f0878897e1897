import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BuildQueue } from '../../core/store.js';

/** What every implementation of {@link BuildQueue} must do; `open` makes an empty one that goes by that clock. */
export function testBuildQueue(name: string, open: (clock: () => number) => Promise<BuildQueue>): void {
  describe(name, () => {
    let queue: BuildQueue;
    const never = new AbortController().signal;
    beforeEach(async () => {
      queue = await open(Date.now);
    });
    afterEach(() => queue.close());

    const add = (buildId: string, { priority = 100, notBefore = 0 } = {}) =>
      queue.add({ buildId, priority, notBefore });

    async function drain(): Promise<string[]> {
      const taken: string[] = [];
      for (let id = await queue.take(0, never); id !== undefined; id = await queue.take(0, never)) taken.push(id);
      return taken;
    }

    test('smaller priorities come first, equal ones in order of arrival', async () => {
      await add('a', { priority: 100 });
      await add('b', { priority: 50 });
      await add('c', { priority: 100 });
      await add('d', { priority: 50 });
      expect(await drain()).toEqual(['b', 'd', 'a', 'c']);
    });

    test('an empty queue gives nothing, at once or when the time is up', async () => {
      expect(await queue.take(0, never)).toBeUndefined();
      expect(await queue.take(20, never)).toBeUndefined();
    });

    test('a waiting worker gets what arrives', async () => {
      const taking = queue.take(30_000, never);
      await add('a');
      expect(await taking).toBe('a');
      expect(await drain()).toEqual([]);
    });

    test('each of several waiting workers gets one of its own', async () => {
      const taking = [1, 2, 3].map(() => queue.take(30_000, never));
      for (const id of ['a', 'b', 'c']) await add(id);
      expect((await Promise.all(taking)).sort()).toEqual(['a', 'b', 'c']);
    });

    test('a worker that gives up takes nothing with it', async () => {
      const gone = new AbortController();
      const taking = queue.take(30_000, gone.signal);
      gone.abort();
      expect(await taking).toBeUndefined();
      await add('a');
      expect(await queue.take(30_000, never)).toBe('a');
      expect(await queue.take(0, gone.signal)).toBeUndefined();
    });

    test('nothing comes before its time, and it wakes who waits for it', async () => {
      // Long enough for the two takes before it on a busy machine.
      const notBefore = Date.now() + 3_000;
      await add('later', { priority: 1, notBefore });
      await add('now', { priority: 100 });
      expect(await queue.take(0, never)).toBe('now');
      expect(await queue.take(0, never)).toBeUndefined();
      expect(await queue.take(30_000, never)).toBe('later');
      expect(Date.now()).toBeGreaterThanOrEqual(notBefore);
    });

    test('the same build added again is queued once, with its new priority and time', async () => {
      await add('a', { priority: 100 });
      await add('b', { priority: 50 });
      await add('a', { priority: 1 });
      expect(await drain()).toEqual(['a', 'b']);
      await add('c', { notBefore: Date.now() + 60_000 });
      await add('c');
      expect(await drain()).toEqual(['c']);
    });

    test('adding what is missing leaves what is queued as it is', async () => {
      await add('a', { priority: 100 });
      await add('b', { priority: 50 });
      await queue.addMissing(['c', 'a'].map((buildId) => ({ buildId, priority: 1, notBefore: 0 })));
      expect(await drain()).toEqual(['c', 'b', 'a']);
      const taking = queue.take(30_000, never);
      await queue.addMissing([{ buildId: 'd', priority: 1, notBefore: 0 }]);
      expect(await taking).toBe('d');
      await queue.addMissing([{ buildId: 'd', priority: 1, notBefore: 0 }]);
      expect(await drain()).toEqual(['d']);
    });

    test('a removed build does not come; removing what is not there is nothing', async () => {
      await add('a');
      await add('b');
      await queue.remove('a');
      await queue.remove('nonsense');
      expect(await drain()).toEqual(['b']);
    });

    test('closing releases who waits', async () => {
      const taking = queue.take(30_000, never);
      await queue.close();
      expect(await taking).toBeUndefined();
      queue = await open(Date.now);
    });
  });
}
