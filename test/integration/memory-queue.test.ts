import { expect, test } from 'vitest';
import { createMemoryQueue } from '../../adapters/memory/build-queue.js';
import { testBuildQueue } from '../suites/build-queue.js';

testBuildQueue('the embedded queue', async (clock) => createMemoryQueue(clock));

test('a build added again keeps its place among equals', async () => {
  const queue = createMemoryQueue(() => 0);
  for (const buildId of ['a', 'b', 'a']) await queue.add({ buildId, priority: 1, notBefore: 0 });
  expect(await queue.take(0, new AbortController().signal)).toBe('a');
  await queue.close();
});
