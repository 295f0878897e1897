import { expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Target } from '../../core/build.js';
import { lintRecipe } from '../../core/recipe/lint.js';
import { parseRequirement } from '../../core/requirement.js';
import type { IndexFile, ProjectPage } from '../../core/simple-index.js';
import { solvedRecipe, solveFacts } from '../../core/solve-facts.js';

const POLICY = 'manylinux_2_31';
const target: Target = {
  policy: 'manylinux_2_31',
  arch: 'x86_64',
  python: 'cp313',
  image: 'debian-11',
  builderDigest: 'a',
};

const sdist = (version: string, more: Partial<IndexFile> = {}): IndexFile => ({
  filename: `ham-${version}.tar.gz`,
  url: `https://upstream.example/ham-${version}.tar.gz`,
  hashes: { sha256: 'a'.repeat(64) },
  uploadTime: '2019-05-04T12:00:00Z',
  ...more,
});

const page = {
  name: 'ham',
  files: [
    sdist('3.1.2'),
    sdist('3.1.1'),
    sdist('3.0.5', { uploadTime: '' }),
    sdist('3.0.4'),
    sdist('2.9', { yanked: 'broken' }),
    sdist('2.8', { requiresPython: '<3.12' }),
    sdist('2.7rc1'),
    sdist('2.6', { hashes: {} }),
    sdist('2.5'),
    sdist('1.0'),
  ],
} as unknown as ProjectPage;

function factsOf(requirement: string, targets: Target[] = [target]) {
  return solveFacts({
    recipe: { project: 'ham' },
    requirement: parseRequirement(requirement),
    page,
    version: '3.1.2',
    target,
    targets,
    today: '2026-01-01',
  });
}

test('older releases: one of each series, only what could be built and answers the requirement', () => {
  expect(factsOf('ham').olderVersions).toEqual(['3.0.5', '2.5', '1.0']);
  expect(factsOf('ham>=2').allOlderVersions).toEqual(expect.arrayContaining(['3.0.5', '2.5']));
});

test('where there are hardly any series, each release may be tried', () => {
  expect(factsOf('ham>=2').olderVersions).toEqual(['3.1.1', '3.0.5', '3.0.4', '2.5']);
});

test("a base's libraries are as old as its glibc says", () => {
  expect(factsOf('ham').librariesFrom).toBe('2021-02-01');
  expect(factsOf('ham').toolsFrom).toBe('2025-01-01');
});

test('a pinned release has no substitute, but its neighbours are known', () => {
  expect(factsOf('ham==3.1.2')).toMatchObject({ pinned: true, olderVersions: ['3.0.5', '2.5', '1.0'] });
  expect(factsOf('ham==3.*').pinned).toBe(false);
});

test('the newest release of all', () => {
  expect(factsOf('ham==2.5').newest).toBe('3.1.2');
});

test('dates of release, where the index gives them', () => {
  expect(factsOf('ham').releasedOn).toMatchObject({ '3.1.2': '2019-05-04' });
  expect(factsOf('ham').releasedOn).not.toHaveProperty('3.0.5');
});

test('newer policies of the same interpreter, the nearest first', () => {
  const others = [
    { ...target, policy: 'manylinux_2_39' },
    { ...target, policy: 'manylinux_2_36' },
    { ...target, policy: 'manylinux_2_28' },
    { ...target, policy: 'manylinux_2_40', python: 'cp311' },
  ];
  expect(factsOf('ham', [target, ...others]).newerPolicies).toEqual(['manylinux_2_36', 'manylinux_2_39']);
});

test('the recipe of a try keeps the text that its edits do not touch', () => {
  const evidence = { buildId: 'b', class: 'missing-header' as const, line: '', lineNumber: 1 };
  const edits = [
    { edit: { system: { apt: ['libegg-dev'] } }, why: '', evidence },
    { edit: { environment: { EGG: '1' } }, why: '', evidence },
  ];
  expect(solvedRecipe('# ours\nproject: ham # the meat\n', { version: '1.0', edits }, POLICY)).toBe(
    '# ours\nproject: ham # the meat\nsystem:\n  apt:\n    - libegg-dev\nenvironment:\n  EGG: "1"\n',
  );
});

test("what an older release's age asks for applies to it and those before it, and nothing else is bound to it", () => {
  const evidence = { buildId: 'b', class: 'python-too-new' as const, line: '', lineNumber: 1 };
  const edits = [
    { edit: { requires: { constraints: ['cython<3'] }, environment: { EGG: '1' } }, why: '', evidence },
    { edit: { system: { apt: ['libegg-dev'] } }, why: '', evidence },
    { edit: { requires: { constraints: ['setuptools<74'] } }, why: '', evidence },
  ];
  const recipe = (newest: string) => parse(solvedRecipe('project: ham\n', { version: '1.0', edits }, POLICY, newest));
  const requires = { constraints: ['cython<3', 'setuptools<74'] };
  const always = { project: 'ham', environment: { EGG: '1' }, system: { apt: ['libegg-dev'] } };
  expect(recipe('2.0')).toEqual({ ...always, overrides: [{ when: { versions: '<=1.0' }, requires }] });
  expect(recipe('1.0')).toEqual({ ...always, requires });
});

test('which interpreters a release was made for is told by its wheels', () => {
  const wheel = (version: string, tag: string) => sdist(version, { filename: `ham-${version}-${tag}.whl` });
  const factsWith = (...wheels: IndexFile[]) =>
    solveFacts({
      recipe: { project: 'ham' },
      requirement: parseRequirement('ham==1.0'),
      page: { ...page, files: [...page.files, ...wheels] },
      version: '1.0',
      target,
      targets: ['cp39', 'cp310', 'cp311', 'cp313'].map((python) => ({ ...target, python })),
      today: '2026-01-01',
    }).wheels;
  const later = [
    wheel('3.1.1', 'cp313-cp313-manylinux_2_28_x86_64'),
    wheel('3.0.4', 'cp313-cp313-win_amd64'),
    wheel('2.7rc1', 'cp313-cp313-win_amd64'),
    wheel('2.5', 'cp312-cp312-win_amd64'),
  ];
  const own = [wheel('1.0', 'cp39-cp39-win_amd64'), wheel('1.0', 'cp310-cp310-win_amd64')];
  expect(factsWith(...own, ...later)).toEqual({ upTo: 'cp310', firstRelease: '3.0.4', python: 'cp310' });
  // The stable ABI is for all later ones.
  expect(factsWith(wheel('1.0', 'cp36-abi3-manylinux_2_28_x86_64'), ...later)).toBeUndefined();
  expect(factsWith(...own)).toBeUndefined();
  expect(factsWith(...later)).toBeUndefined();
  expect(factsWith(wheel('1.0', 'py3-none-any'), ...later)).toBeUndefined();
});

test('a library built first, and what it is built with, is for the policy whose base has it too old', () => {
  const evidence = { buildId: 'b', class: 'library-too-old' as const, line: '', lineNumber: 1 };
  const source = (name: string) => ({
    debian: { suite: 'trixie', package: name, filename: `${name}_2.orig.tar.gz` },
    sha256: '0'.repeat(64),
    install: 'make install',
  });
  const edits = [
    { edit: { system: { apt: ['libham-dev'] } }, why: '', evidence },
    { edit: { system: { apt: ['libegg-dev'] }, sources: [source('ham')] }, why: '', evidence },
    { edit: { sources: [source('egg')] }, why: '', evidence },
    { edit: { sources: [{ ...source('ham'), sha256: '1'.repeat(64) }] }, why: '', evidence },
  ];
  const yaml = solvedRecipe('project: ham\n', { version: '1.0', edits }, POLICY);
  expect(lintRecipe(yaml).faults).toEqual([]);
  expect(parse(yaml)).toEqual({
    project: 'ham',
    system: { apt: ['libham-dev'] },
    overrides: [
      {
        when: { policy: POLICY },
        system: { apt: ['libegg-dev'] },
        sources: [{ ...source('ham'), sha256: '1'.repeat(64) }, source('egg')],
      },
    ],
  });
});
