import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Failure } from '../../core/failure.js';
import { mayDeclareContent, withContent } from '../../core/sdist-content.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const signal = new AbortController().signal;
const failure: Failure = {
  class: 'network-needed',
  line: "fatal: unable to access 'https://forge.example/git/ham/': Could not resolve host: forge.example",
  lineNumber: 1,
  cause: '',
  proposal: { edit: { system: { apt: ['libham-dev'] } }, why: 'libham-dev has /usr/lib/libham.so', guess: true },
};
const TOP = { path: 'CMakeLists.txt', text: 'project(spam)\nadd_subdirectory(ext)\n' };
const DECLARES = {
  path: 'ext/CMakeLists.txt',
  text: `include(FetchContent)
FetchContent_Declare(
  ham # FetchContent_Declare(not_this GIT_REPOSITORY https://forge.example/git/no)
  GIT_REPOSITORY https://forge.example/git/ham.git
  GIT_TAG v1.4.0
)
FetchContent_Declare(egg URL https://forge.example/git/libegg/archive/refs/tags/0.9.tar.gz)
FetchContent_Declare(googletest URL https://forge.example/git/googletest/archive/1.0.zip)
FetchContent_Declare(bindings GIT_REPOSITORY https://forge.example/git/pybind11 GIT_TAG v2.13.6)
FetchContent_Declare(unknown GIT_REPOSITORY https://forge.example/git/unknown)
project(ext)
`,
};

async function complete(texts = [TOP, DECLARES], seen = failure) {
  const base = { whoHas: async () => [], hasPackage: async () => true };
  const source = (suite: string, name: string, version: string) => ({
    suite,
    stable: suite === 'trixie',
    name,
    version,
    filename: `${name}_${version}.orig.tar.gz`,
    sha256: version.padEnd(64, '0'),
    sizeBytes: 1000,
    buildDepends: [],
  });
  const later = {
    async sourcesOf(binary: string) {
      if (binary === 'libham-dev')
        return [source('bookworm', 'ham', '1.3.0'), source('trixie', 'ham', '1.4.2'), source('forky', 'ham', '2.0')];
      if (binary === 'libegg-dev') return [source('bookworm', 'libegg', '0.8')];
      // Of the name by chance.
      return binary === 'libunknown-dev' ? [source('bookworm', 'spam', '1')] : [];
    },
    rulesOf: async () => '',
  };
  return withContent(seen, texts, base, later, signal);
}

test('what CMake fetches is brought all at once: the oldest version that will do, else the newest there is', async () => {
  expect([TOP, DECLARES].map(({ path }) => mayDeclareContent(path))).toEqual([true, true]);
  const { proposal, ideas } = await complete();
  expect(proposal?.edit['sources']).toEqual([
    {
      debian: { suite: 'trixie', package: 'ham', filename: 'ham_1.4.2.orig.tar.gz' },
      sha256: '1.4.2'.padEnd(64, '0'),
      to: 'fetch-content/ham',
    },
    {
      debian: { suite: 'bookworm', package: 'libegg', filename: 'libegg_0.8.orig.tar.gz' },
      sha256: '0.8'.padEnd(64, '0'),
      to: 'fetch-content/egg',
    },
  ]);
  expect(proposal?.edit['requires']).toEqual({ additions: ['pybind11>=2.13.6', 'cmake>=3.24'] });
  expect(ideas).toEqual([failure.proposal]);
});

test('the script names the folders to CMake before the project says anything, whether an archive has one of its own or not', async () => {
  const { proposal } = await complete();
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'fetch-content/ham/ham-1.4.2'), { recursive: true });
  mkdirSync(join(folder, 'fetch-content/egg/src'), { recursive: true });
  writeFileSync(join(folder, 'fetch-content/egg/CMakeLists.txt'), '');
  writeFileSync(join(folder, 'CMakeLists.txt'), TOP.text);
  execFileSync('sh', ['-ec', String(proposal?.edit['prepare'])], { cwd: folder });
  expect(readFileSync(join(folder, 'CMakeLists.txt'), 'utf8')).toBe(
    `set(FETCHCONTENT_SOURCE_DIR_HAM "${folder}/fetch-content/ham/ham-1.4.2" CACHE PATH "")
set(FETCHCONTENT_SOURCE_DIR_EGG "${folder}/fetch-content/egg" CACHE PATH "")
set(FETCHCONTENT_SOURCE_DIR_BINDINGS "${folder}/fetch-content/bindings" CACHE PATH "")
${TOP.text}`,
  );
  expect(
    readFileSync(join(folder, 'fetch-content/bindings/CMakeLists.txt'), 'utf8'),
  ).toBe(`execute_process(COMMAND python -m pybind11 --cmakedir OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE)
find_package(pybind11 CONFIG REQUIRED GLOBAL HINTS "\${folder}")
`);
});

test('where the project looks for an installed one first, the package comes first', async () => {
  const looks = { path: 'cmake/ham.cmake', text: 'find_package(Ham 1.4 QUIET)' };
  const { proposal, ideas } = await complete([TOP, DECLARES, looks]);
  expect(proposal).toEqual(failure.proposal);
  expect(ideas?.[0]?.edit).toHaveProperty('sources');
});

test('another download, and one that the distribution has no source of, stay as they are', async () => {
  const other = (name: string) => ({ ...failure, line: failure.line.replace('/ham/', `/${name}/`) });
  expect(await complete(undefined, other('spam'))).toEqual(other('spam'));
  expect(await complete(undefined, other('unknown'))).toEqual(other('unknown'));
});
