import { expect, test } from 'vitest';
import { checkRequirement } from '../../core/check.js';
import { type CheckSources, checkFile } from '../../core/check-walk.js';
import { parseDependencyFile } from '../../core/dependency-file.js';
import type { ProjectPage } from '../../core/simple-index.js';

const target = { python: 'cp313', policy: 'manylinux_2_31', arch: 'x86_64' };
const page = (name: string, ...filenames: string[]): ProjectPage => ({
  name,
  files: filenames.map((filename) => ({ filename, url: `https://upstream.example/${filename}`, hashes: {} })),
});
const check = (specifier: string, files: readonly string[], here: { filename: string; version: string }[] = []) =>
  checkRequirement({ name: 'spam', specifiers: [specifier], here, page: page('spam', ...files), target });

test.each([
  ['a wheel for the target', ['spam-1.0-cp313-cp313-manylinux_2_17_x86_64.whl', 'spam-1.0.tar.gz'], 'wheel-upstream'],
  ['a pure wheel', ['spam-1.0-py3-none-any.whl'], 'wheel-upstream'],
  [
    'a wheel for a newer glibc only',
    ['spam-1.0-cp313-cp313-manylinux_2_34_x86_64.whl', 'spam-1.0.tar.gz'],
    'must-build',
  ],
  ['a wheel for another interpreter only', ['spam-1.0-cp312-cp312-manylinux_2_17_x86_64.whl'], 'no-sdist'],
  ['an sdist only', ['spam-1.0.tar.gz'], 'must-build'],
  ['no version in range', ['spam-2.0.tar.gz'], 'not-found'],
])('%s', (_what, files, state) => {
  expect(check('<2', files).state).toBe(state);
});

test('our own wheel goes before the upstream one', () => {
  const here = [{ filename: 'spam-1.0-1-cp313-cp313-manylinux_2_31_x86_64.whl', version: '1.0' }];
  const result = check('', ['spam-1.0-py3-none-any.whl'], here);
  expect(result).toMatchObject({ state: 'wheel-here', filename: here[0]?.filename });
});

test('the newest version counts, and an older one with a wheel is pointed out', () => {
  const result = check('', ['spam-2.0.tar.gz', 'spam-1.0-py3-none-any.whl']);
  expect(result).toMatchObject({ version: '2.0', state: 'must-build' });
  expect(result.reason).toContain('1.0 has one');
});

test('pre-releases and yanked files count only when nothing else does or they are pinned', () => {
  expect(check('', ['spam-2.0rc1-py3-none-any.whl', 'spam-1.0-py3-none-any.whl']).version).toBe('1.0');
  const yanked = page('spam', 'spam-1.0-py3-none-any.whl');
  const files = yanked.files.map((file) => ({ ...file, yanked: true as const }));
  const ask = (specifier: string) =>
    checkRequirement({ name: 'spam', specifiers: [specifier], here: [], page: { ...yanked, files }, target }).state;
  expect(ask('')).toBe('not-found');
  expect(ask('==1.0')).toBe('wheel-upstream');
});

const sources = (pages: ProjectPage[], requires: Record<string, readonly string[]>): CheckSources => ({
  here: async () => ({ wheels: [], owned: false }),
  page: async (name) => pages.find((each) => each.name === name),
  requiresDist: async ({ name }) => requires[name],
});
const walk = (text: string, from: CheckSources) =>
  checkFile(parseDependencyFile(text, target), target, from, new AbortController().signal);

test('what the requirements require in turn is looked at too, for this target and these extras', async () => {
  const rows = await walk(
    'app[fast]\n',
    sources(
      [
        page('app', 'app-1.0-py3-none-any.whl'),
        page('lib', 'lib-1.0.tar.gz', 'lib-0.9-py3-none-any.whl'),
        page('speed', 'speed-1.0.tar.gz'),
      ],
      {
        app: ['lib<1', 'speed; extra == "fast"', 'winonly; sys_platform == "win32"', 'docs; extra == "docs"'],
        lib: ['app'],
      },
    ),
  );
  expect(rows.map(({ name, version, state, requiredBy }) => [name, version, state, requiredBy])).toEqual([
    ['app', '1.0', 'wheel-upstream', ['lib']],
    ['lib', '0.9', 'wheel-upstream', ['app']],
    ['speed', '1.0', 'must-build', ['app']],
  ]);
  expect(rows[2]?.reason).toContain('What it requires in turn is not known');
});

test('a bound that is found later changes the version that was chosen before', async () => {
  const rows = await walk(
    'lib\napp\n',
    sources([page('app', 'app-1.0-py3-none-any.whl'), page('lib', 'lib-2.0.tar.gz', 'lib-1.0-py3-none-any.whl')], {
      app: ['lib (<2)'],
    }),
  );
  expect(rows.find(({ name }) => name === 'lib')).toMatchObject({ version: '1.0', state: 'wheel-upstream' });
});

test('an organisation’s own project is never looked for upstream', async () => {
  const asked: string[] = [];
  const rows = await walk('ours\n', {
    here: async () => ({ wheels: [{ filename: 'ours-1.0-cp39-cp39-win_amd64.whl', version: '1.0' }], owned: true }),
    page: async (name) => {
      asked.push(name);
      return page('ours', 'ours-9.0-py3-none-any.whl');
    },
    requiresDist: async () => [],
  });
  expect(asked).toEqual([]);
  expect(rows[0]).toMatchObject({ version: '1.0', state: 'no-sdist' });
});

test('what was yanked here counts only where it is pinned', () => {
  const here = [{ filename: 'spam-1.0-py3-none-any.whl', version: '1.0', yanked: 'loses data' }];
  const ask = (specifier: string) =>
    checkRequirement({ name: 'spam', specifiers: [specifier], here, page: undefined, target }).state;
  expect(ask('')).toBe('not-found');
  expect(ask('==1.0')).toBe('wheel-here');
});
