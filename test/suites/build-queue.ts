import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BuildQueue } from '../../core/store.js';

/** What every implementation of {@link BuildQueue} must do; `open` makes one that goes by that clock and calls back. */
export function testBuildQueue(
  name: string,
  open: (clock: () => number, wake: (buildId: string) => void) => Promise<BuildQueue>,
): void {
  describe(name, () => {
    let queue: BuildQueue;
    let woken: { buildId: string; at: number }[];
    beforeEach(async () => {
      const calls: typeof woken = [];
      woken = calls;
      queue = await open(Date.now, (buildId) => void calls.push({ buildId, at: Date.now() }));
    });
    afterEach(() => queue.close());

    const ids = () => [...new Set(woken.map(({ buildId }) => buildId))].sort();

    test('each build that is added wakes', async () => {
      for (const buildId of ['a', 'b', 'c']) await queue.add({ buildId, notBefore: 0 });
      await expect.poll(ids).toEqual(['a', 'b', 'c']);
    });

    test('nothing wakes before its time', async () => {
      const notBefore = Date.now() + 500;
      await queue.add({ buildId: 'later', notBefore });
      await queue.add({ buildId: 'now', notBefore: 0 });
      await expect.poll(ids).toEqual(['later', 'now']);
      const later = woken.find(({ buildId }) => buildId === 'later');
      expect(later?.at).toBeGreaterThanOrEqual(notBefore - 1);
    });

    test('a build that is added again wakes again, also before the time it was added for first', async () => {
      await queue.add({ buildId: 'a', notBefore: Date.now() + 3_600_000 });
      await queue.add({ buildId: 'a', notBefore: 0 });
      await expect.poll(ids).toEqual(['a']);
      woken.length = 0;
      await queue.add({ buildId: 'a', notBefore: 0 });
      await expect.poll(ids).toEqual(['a']);
    });

    test('nothing wakes after it was closed', async () => {
      await queue.add({ buildId: 'a', notBefore: Date.now() + 300 });
      await queue.close();
      // On a busy machine its time may have come before.
      const before = woken.length;
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(woken).toHaveLength(before);
      queue = await open(Date.now, () => {});
    });
  });
}
