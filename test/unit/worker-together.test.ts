import { expect, test } from 'vitest';
import { together } from '../../worker/together.js';

const { signal } = new AbortController();

test('gives all results in their order', async () => {
  expect(await together(signal, () => [Promise.resolve(1), Promise.resolve('two')])).toEqual([1, 'two']);
});

test('breaks off the others at the first error, and throws it when they have ended', async () => {
  const broken = new Error('the mirror is away');
  let cleared = false;
  const all = together(signal, (shared) => [
    Promise.reject(broken),
    new Promise((_resolve, reject) => {
      shared.addEventListener('abort', () =>
        setImmediate(() => {
          cleared = true;
          reject(shared.reason);
        }),
      );
    }),
  ]);
  await expect(all).rejects.toBe(broken);
  expect(cleared).toBe(true);
});

test('an abort from outside reaches all', async () => {
  const outer = new AbortController();
  const all = together(outer.signal, (shared) => [
    new Promise((_resolve, reject) => {
      shared.addEventListener('abort', () => reject(shared.reason));
    }),
  ]);
  outer.abort(new Error('the worker stops'));
  await expect(all).rejects.toThrow('the worker stops');
});
