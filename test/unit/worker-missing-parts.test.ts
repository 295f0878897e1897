import { expect, test } from 'vitest';
import type { Failure } from '../../core/failure.js';
import type { PackageIndex } from '../../core/package-index.js';
import { explainMissing } from '../../worker/missing-parts.js';

const signal = new AbortController().signal;
const failure: Failure = {
  class: 'missing-header',
  phase: 'build',
  line: 'ham.c:1:10: fatal error: ham.h: No such file or directory',
  lineNumber: 12,
  cause: 'ham.h is missing.',
  missing: [{ kind: 'header', name: 'ham.h' }],
};
const index: PackageIndex = {
  whoHas: async ({ name }) => [{ package: 'libham-dev', path: `usr/include/${name}`, certain: true }],
  hasPackage: async () => true,
};

function ear() {
  const said: string[] = [];
  return { said, say: (text: string) => void said.push(text) };
}

test('what was missed becomes a proposal, which the log tells too', async () => {
  const log = ear();
  const explained = await explainMissing(failure, index, log, signal);
  expect(explained.proposal?.edit).toEqual({ system: { apt: ['libham-dev'] } });
  expect(log.said).toEqual(['proposed: libham-dev has /usr/include/ham.h']);
});

test('a failure is told even when the index cannot be had', async () => {
  const log = ear();
  const away: PackageIndex = { ...index, whoHas: () => Promise.reject(new Error('no mirror')) };
  expect(await explainMissing(failure, away, log, signal)).toEqual(failure);
  expect(log.said.join()).toMatch(/ham\.h.*no mirror/);
  expect(await explainMissing(failure, undefined, log, signal)).toEqual(failure);
});

test('an attempt that is broken off stops looking', async () => {
  const ended = new AbortController();
  const slow: PackageIndex = {
    ...index,
    whoHas: () => {
      ended.abort(new Error('cancelled'));
      return Promise.reject(new Error('aborted'));
    },
  };
  await expect(explainMissing(failure, slow, ear(), ended.signal)).rejects.toThrow('cancelled');
});
