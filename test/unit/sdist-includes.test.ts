import { expect, test } from 'vitest';
import type { Failure } from '../../core/failure.js';
import type { PackageIndex } from '../../core/package-index.js';
import { tellsFurther, withFurtherIncludes } from '../../core/sdist-includes.js';

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
  expect(['src/ham.h', 'src/egg.h'].map((path) => tellsFurther(failure, path))).toEqual([true, false]);
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
  expect(tellsFurther({ ...failure, line }, 'src/ham/egg.pxd')).toBe(true);
  expect(tellsFurther({ ...failure, line: line.replace('_ham.cpp', 'ham.h') }, 'src/ham/egg.pxd')).toBe(false);
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
  expect(['lib/meson.build', 'meson.build'].map((path) => tellsFurther(missed, path))).toEqual([true, false]);
  const texts = [
    { path: 'meson.build', text: '' },
    { path: 'lib/meson.build', text },
  ];
  const all = await withFurtherIncludes(missed, texts, [], new Set(), index, signal);
  expect(all.proposal?.edit).toEqual({ system: { apt: ['libham-dev', 'libegg-dev', 'liboil-dev'] } });
});

const missed = (line: string, kind: 'cmake' | 'pkg-config', name: string): Failure => ({
  ...failure,
  class: 'missing-library',
  line,
  missing: [{ kind, name }],
});
const apt = async (failed: Failure, path: string, text: string) => {
  expect(tellsFurther(failed, path)).toBe(true);
  const all = await withFurtherIncludes(failed, [{ path, text }], [], new Set(), index, signal);
  return all.proposal?.edit['system'];
};

test('so is what CMakeLists.txt requires after what CMake missed, known by its name where the line has only a module', async () => {
  const text = `find_package(spam.h REQUIRED)
find_package(ham 1.2 REQUIRED)
if(WITH_SPAM)
  find_package(spam.h REQUIRED)
endif()
find_package(egg.h 2.0
  CONFIG REQUIRED) # and not
find_package(z.h)
find_package(Python REQUIRED)
pkg_check_modules(OIL REQUIRED IMPORTED_TARGET oil.h>=1.0)
`;
  const both = { apt: ['libham-dev', 'libegg-dev', 'liboil-dev'] };
  const here = missed('CMake Error at CMakeLists.txt:2 (find_package):', 'cmake', 'ham');
  expect(await apt(here, 'CMakeLists.txt', text)).toEqual(both);
  const module = 'CMake Error at /usr/share/cmake/Modules/FindPackageHandleStandardArgs.cmake:165 (message):';
  expect(await apt(missed(module, 'cmake', 'ham'), 'src/CMakeLists.txt', text)).toEqual(both);
  expect(await apt(missed(module, 'cmake', 'ham'), 'cmake/FindSpam.cmake', text)).toEqual(both);
});

test('so is what CMakeLists.txt gives up without in words of its own, and what it asks for on Linux', async () => {
  const text = `pkg_check_modules(HAM ham)
if(NOT HAM_FOUND)
  message(FATAL_ERROR "no ham")
endif()
if(\${CMAKE_SYSTEM_NAME} MATCHES "Linux")
  pkg_check_modules(EGG egg.h)
  if(NOT EGG_FOUND)
    message(FATAL_ERROR "no egg")
  endif()
  pkg_check_modules(SPAM spam.h)
  if(NOT SPAM_FOUND)
    message(STATUS "no spam")
  endif()
else()
  find_package(spam.h REQUIRED)
endif()
find_package(oil.h REQUIRED)
`;
  const line = "--   No package 'ham' found";
  expect(await apt(missed(line, 'pkg-config', 'ham'), 'CMakeLists.txt', text)).toEqual({
    apt: ['libham-dev', 'libegg-dev', 'liboil-dev'],
  });
});

test('so is what configure.ac gives up without', async () => {
  const text = `AC_INIT([ham], [1.0])
PKG_CHECK_MODULES([HAM], [ham >= 1.0])
dnl PKG_CHECK_MODULES([SPAM], [spam.h])
if test "$with_spam" = yes; then
  PKG_CHECK_MODULES([SPAM], [spam.h])
fi
PKG_CHECK_MODULES([Z], [z.h], [have_z=yes], [have_z=no])
AC_CHECK_HEADERS([egg.h], [],
  [AC_MSG_ERROR([no egg.h (of libegg)])])
AC_CHECK_LIB([z.h], [spam])
AC_CHECK_LIB([oil.h], [fry], [], [AC_MSG_ERROR([no oil])])
`;
  const line = 'configure: error: Package requirements (ham >= 1.0) were not met';
  expect(await apt(missed(line, 'pkg-config', 'ham'), 'ham/configure.ac', text)).toEqual({
    apt: ['libham-dev', 'libegg-dev', 'liboil-dev'],
  });
});

test('so are the other libraries that a setup script asks pkg-config for or links', async () => {
  const line = "Package 'ham', required by 'virtual:world', not found";
  const text = `EXTENSIONS = ["ham", "egg.h"]  # not "spam.h"
flags = subprocess.check_output(["pkg-config", "--cflags", "oil.h >= 1.2"])
ext = Extension("ham", ["ham.c"], libraries=["z.h"], define_macros=[("spam.h", "1")])
`;
  expect(await apt(missed(line, 'pkg-config', 'ham'), 'setup.py', text)).toEqual({
    apt: ['libham-dev', 'libegg-dev', 'liboil-dev', 'libz-dev'],
  });
  const header: Failure = { ...failure, missing: [{ kind: 'header', name: 'ham/ham.h' }] };
  expect(await apt(header, 'setup.py', text)).toEqual({ apt: ['libham-dev', 'liboil-dev', 'libz-dev'] });
  // However many headers the source includes besides.
  const many = Array.from({ length: 20 }, (_, at) => `#include <ham/${at}.h>\n`).join('');
  const texts = [
    { path: 'src/ham.h', text: `\n#include <ham/ham.h>\n${many}` },
    { path: 'setup.py', text },
  ];
  const all = await withFurtherIncludes(header, texts, [], new Set(), index, signal);
  expect(all.proposal?.edit).toEqual({ system: { apt: ['libham-dev', 'liboil-dev', 'libz-dev'] } });
});

test('a script whose brackets never close is read in time that grows with its length', async () => {
  const line = 'CMake Error at CMakeLists.txt:1 (find_package):';
  expect(await apt(missed(line, 'cmake', 'ham'), 'CMakeLists.txt', 'find_package(\n'.repeat(100_000))).toEqual({
    apt: ['libham-dev'],
  });
});
