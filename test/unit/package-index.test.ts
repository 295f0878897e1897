import { expect, test } from 'vitest';
import type { Failure } from '../../core/failure.js';
import { enrichProposal, type PackageIndex } from '../../core/package-index.js';

test('where only a program has the name of a library, the development package of that name comes first', async () => {
  const index: PackageIndex = {
    whoHas: async ({ kind }) => (kind === 'cmake' ? [{ package: 'foo', path: 'usr/bin/foo', certain: false }] : []),
    hasPackage: async (name) => name === 'libfoo-dev',
  };
  const failure: Failure = {
    class: 'missing-library',
    line: '',
    lineNumber: 1,
    cause: '',
    missing: [{ kind: 'cmake', name: 'Foo' }],
  };
  const told = await enrichProposal(failure, index, new AbortController().signal);
  expect(told.proposal).toMatchObject({ edit: { system: { apt: ['libfoo-dev'] } }, guess: true });
  expect(told.ideas?.map(({ edit }) => edit)).toEqual([{ system: { apt: ['foo'] } }]);
});
