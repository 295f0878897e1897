import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AttemptBench, leftBehind, openAttemptBench } from './attempt-bench.js';

let bench: AttemptBench;
beforeAll(async () => {
  bench = await openAttemptBench();
});
afterAll(async () => {
  await bench.close();
});

it('builds, repairs and tests a C extension from its real sdist', async () => {
  const finished = await bench.attempt(await bench.order('markupsafe==3.0.2'));
  console.log(finished.log);
  expect(finished.outcome).toMatchObject({
    kind: 'succeeded',
    wheel: { filename: 'markupsafe-3.0.2-cp313-cp313-manylinux_2_31_x86_64.whl', grafted: [], needs: [] },
  });
  expect(finished.phases).toEqual(['fetch', 'build', 'repair', 'test', 'publish']);
  expect(finished.inputs).toContainEqual(expect.objectContaining({ kind: 'build-requirement', name: 'setuptools' }));
  expect(await leftBehind(bench.instance)).toEqual([]);
});
