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

test("a header in a folder that is only a link comes with the link's package", async () => {
  const link = { package: 'libegg-dev-compat', path: 'usr/include/egg', certain: true };
  const index: PackageIndex = {
    whoHas: async ({ name }) =>
      name === 'egg' ? [{ package: 'other-dev', path: 'usr/include/other/egg', certain: true }, link] : [],
    hasPackage: async () => false,
  };
  const failure = (name: string): Failure => ({
    class: 'missing-header',
    line: '',
    lineNumber: 1,
    cause: '',
    missing: [{ kind: 'header', name }],
  });
  const signal = new AbortController().signal;
  const { proposal } = await enrichProposal(failure('egg/egg.h'), index, signal);
  expect(proposal).toMatchObject({ edit: { system: { apt: ['libegg-dev-compat'] } }, guess: true });
  expect((await enrichProposal(failure('ham/egg.h'), index, signal)).proposal).toBeUndefined();
});
