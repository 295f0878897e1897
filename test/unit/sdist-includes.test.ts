import { expect, test } from 'vitest';
import type { Failure } from '../../core/failure.js';
import type { PackageIndex } from '../../core/package-index.js';
import { includingFile, tellsIncludes, withFurtherIncludes } from '../../core/sdist-includes.js';

const signal = new AbortController().signal;
const packages: Record<string, string> = {
  'egg.h': 'libegg-dev',
  'oil.h': 'liboil-dev',
  'z.h': 'libz-dev',
  'spam.h': 'libspam-dev',
  'pybind11/gil.h': 'pybind11-dev',
  'errno.h': 'libc6-dev',
};
const index: PackageIndex = {
  whoHas: async ({ name }) =>
    name in packages ? [{ package: packages[name] ?? '', path: `usr/include/${name}`, certain: true }] : [],
  hasPackage: async () => false,
};
const failure: Failure = {
  class: 'missing-header',
  phase: 'build',
  line: 'src/ham.h:2:10: fatal error: ham/ham.h: No such file or directory',
  lineNumber: 1,
  cause: '',
  proposal: { edit: { system: { apt: ['libham-dev'] } }, why: 'libham-dev has it' },
};
const after = async (text: string, more: Partial<Failure> = {}, line = failure.line) => {
  const texts = [{ path: 'src/ham.h', text: `#pragma once\n#include <ham/ham.h>\n${text}` }];
  const paths = ['src/own.h', 'copies/ham/ham.h', 'copies/egg.h'];
  const installed = new Set(['libz-dev']);
  const all = await withFurtherIncludes({ ...failure, line, ...more }, texts, paths, installed, index, signal);
  return all.proposal?.edit;
};

test('what is included right after a missing header is installed with it', async () => {
  const both = { system: { apt: ['libham-dev', 'libegg-dev', 'liboil-dev'] } };
  expect(
    await after(
      '#include "own.h"\n\n// more\n#include <egg.h>\n#include <z.h>\n#include <errno.h>\n# include "oil.h"\n',
    ),
  ).toEqual(both);
  expect(includingFile(failure)).toBe('src/ham.h');
});

test.each([
  '#ifdef EGG\n#include <egg.h>\n#endif\n',
  'int ham;\n#include <egg.h>\n',
  '#include <stdio.h>\n',
  '#include <pybind11/gil.h>\n',
])('not what may depend on something, nor what no package has: %s', async (text) => {
  expect(await after(text)).toEqual(failure.proposal?.edit);
});

test('of C code that Cython generates in the build, what the Cython code of the sdist includes', async () => {
  const line = 'build/src/ham/_ham.cpp:900:10: fatal error: ham/ham.h: No such file or directory';
  const texts = [
    { path: 'src/ham/_ham.pyx', text: 'cdef extern from "ham/ham.h":\n    int ham()\n' },
    {
      path: 'src/ham/egg.pxd',
      text: 'cdef extern from "<egg.h>" nogil:\n    pass\ncdef extern from "own.h":\n    pass\n',
    },
  ];
  const paths = ['src/ham/_ham.pyx', 'src/ham/egg.pxd', 'src/own.h'];
  const edit = async (failed: string) =>
    (await withFurtherIncludes({ ...failure, line: failed }, texts, paths, new Set(), index, signal)).proposal?.edit;
  expect(await edit(line)).toEqual({ system: { apt: ['libham-dev', 'libegg-dev'] } });
  expect(await edit(line.replace('_ham.cpp', 'other.cpp'))).toEqual(failure.proposal?.edit);
  expect(tellsIncludes('src/ham/egg.pxd', 'build/src/ham/_ham.cpp')).toBe(true);
  expect(tellsIncludes('src/ham/egg.pxd', 'build/src/ham/ham.h')).toBe(false);
});

test('a guess stays as it is, and so does what the source does not show', async () => {
  const guess = { edit: { system: { apt: ['libham-dev'] } }, why: '', guess: true as const };
  expect(await after('#include <egg.h>\n', { proposal: guess })).toEqual(guess.edit);
  expect(await after('#include <egg.h>\n', {}, failure.line.replace(':2:', ':1:'))).toEqual(failure.proposal?.edit);
  expect(await after('#include <egg.h>\n', {}, failure.line.replace('src/ham.h', 'src/ham.c'))).toEqual(
    failure.proposal?.edit,
  );
});

test('what meson.build asks for after a missing dependency is installed with it, where nothing decides about it', async () => {
  const text = `project('ham')
ham = dependency('ham', version: '>=1')
# egg = dependency('z.h')
egg = dependency('egg.h',
  version: ['>=1', '<3'])
if get_option('spam')
  spam = dependency('spam.h')
endif
maybe = dependency('z.h', required: get_option('z')) # dependency('spam.h')
oil = dependency('oil.h', required: true)
subdir('src')
last = dependency('spam.h')
`;
  const line = '../../src/lib/meson.build:2:6: ERROR: Dependency "ham" not found (tried pkg-config and cmake)';
  const missed: Failure = { ...failure, class: 'missing-library', line };
  expect(includingFile(missed)).toBe('lib/meson.build');
  const texts = [
    { path: 'meson.build', text: '' },
    { path: 'lib/meson.build', text },
  ];
  const all = await withFurtherIncludes(missed, texts, [], new Set(), index, signal);
  expect(all.proposal?.edit).toEqual({ system: { apt: ['libham-dev', 'libegg-dev', 'liboil-dev'] } });
});
