import { expect, test } from 'vitest';
import type { Failure } from '../../core/failure.js';
import { foretells, foretold, mayAsk, shortfallOf } from '../../core/solve-forecast.js';

const failure = (more: Partial<Failure>): Failure => ({
  class: 'library-too-old',
  line: '',
  lineNumber: 1,
  cause: '',
  ...more,
});
const setupPy = (text: string) => [{ path: 'setup.py', text }];

test('what a failure lacked: a header, or a version with the one that was found', () => {
  const missing = [{ kind: 'header' as const, name: 'ham/errors.h' }];
  expect(shortfallOf(failure({ class: 'missing-header', missing }))).toEqual({ kind: 'header', name: 'ham/errors.h' });
  expect(
    shortfallOf(failure({ line: 'Minimum HAM is 9.4.0, installed is 7.2.1. See https://ham.example/v1.2' })),
  ).toMatchObject({ kind: 'version', needed: '9.4.0', found: '7.2.1' });
  expect(shortfallOf(failure({ line: 'HAM >= 3.5 is required' }))).toMatchObject({ kind: 'version', needed: '3.5' });
  expect(shortfallOf(failure({ line: 'HAM >= 3.5 is required', found: '3.2.2' }))).toMatchObject({
    kind: 'version',
    needed: '3.5',
    found: '3.2.2',
  });
  expect(shortfallOf(failure({ line: '1.2 or 1.3 or 1.4' }))).toBeUndefined();
  expect(shortfallOf(failure({ line: 'no version at all' }))).toBeUndefined();
  expect(shortfallOf(failure({ class: 'compile-error', line: 'HAM >= 3.5 is required' }))).toBeUndefined();
});

test('a release that includes the same header fails as well', () => {
  const lacked = { kind: 'header', name: 'ham/errors.h' } as const;
  const source = (text: string) => [{ path: 'src/spam.c', text }];
  const fails = foretells(lacked, source('#include <ham/errors.h>\n'));
  expect(fails?.(source('# include "ham/errors.h"\n'))).toBe(true);
  expect(fails?.(source('cdef extern from "ham/errors.h":\n'))).toBe(true);
  expect(fails?.(source('#include <ham.h>\n/* ham/errors.h */\n'))).toBe(false);
  expect(mayAsk(lacked, 'src/spam.c')).toBe(true);
});

test('a name that no package has is looked for in build files, as a whole', () => {
  const missing = [{ kind: 'pkg-config' as const, name: 'ham-2.0' }];
  const lacked = shortfallOf(failure({ class: 'missing-library', missing }));
  expect(lacked).toEqual({ kind: 'part', name: 'ham-2.0' });
  if (lacked === undefined) throw new Error('nothing lacked');
  expect([mayAsk(lacked, 'src/meson.build'), mayAsk(lacked, 'src/spam.c')]).toEqual([true, false]);
  const meson = (text: string) => [{ path: 'meson.build', text }];
  const fails = foretells(lacked, meson("dependency('ham-2.0')"));
  expect(fails?.(meson("dependency('ham-2.0', version: '>=2.1')"))).toBe(true);
  expect(fails?.(meson("dependency('ham-1.0'); dependency('graham-2.0'); dependency('ham-2.0.1')"))).toBe(false);
  // What a package has, or what is known by a likeness of names only, says nothing.
  const proposal = { edit: {}, why: 'libham-dev has it' };
  expect(shortfallOf(failure({ class: 'missing-library', missing, proposal }))).toBeUndefined();
  const loose = [{ kind: 'cmake' as const, name: 'ham', loose: true as const }];
  expect(shortfallOf(failure({ class: 'missing-library', missing: loose }))).toBeUndefined();
});

test.each([
  ['ImportError: /env/lib/python3.13/site-packages/spam.so: undefined symbol: HAM_SetNew', 'HAM_SetNew'],
  ['spam.c:7:3: error: ‘HAM_NEW_FLAG’ undeclared (first use in this function)', 'HAM_NEW_FLAG'],
  ['spam.cpp:7:3: error: ‘class Ham::File’ has no member named ‘newProperties’', 'newProperties'],
])('what the library of the base does not have is looked for in the sources: %s', (line, name) => {
  const lacked = shortfallOf(failure({ line }));
  expect(lacked).toEqual({ kind: 'symbol', name });
  if (lacked === undefined) throw new Error('nothing lacked');
  const source = (text: string) => [{ path: 'src/spam.pyx', text }];
  const fails = foretells(lacked, source(`x = ${name}(1)`));
  expect([fails?.(source(`y = a.${name}`)), fails?.(source(`y = ${name}2()`))]).toEqual([true, false]);
  expect(mayAsk(lacked, 'src/spam.pyx')).toBe(true);
});

test('a plain word tells nothing', () => {
  const line = 'spam.cpp:7:3: error: ‘class Ham::File’ has no member named ‘properties’';
  expect(shortfallOf(failure({ line }))).toBeUndefined();
});

test.each([
  ['HAM_MINIMUM = (9, 4, 0)', 'HAM_MINIMUM = (8, 0, 0)', 'HAM_MINIMUM = (7, 2, 0)'],
  ['x = "needs libham v9.4.0 or later"', 'x = "needs libham v8.0.0 or later"', 'x = "needs libham v7.2.0 or later"'],
  ['HAM_MINIMUM = parse("9.4.0")', 'HAM_MINIMUM = "8.0"', 'HAM_MINIMUM = parse("7.2")'],
  ['sys.exit("libham >= 9.4 is required")', 'sys.exit("libham >= 8.1 is required")', 'x = "libham >= 7.0"'],
  ['#error You need a compatible libham version (9.4.x)', '#error a compatible libham version (9.1.x)', 'libham (7.1)'],
  ['find_package(Ham 9.4.0 REQUIRED)', 'find_package(Ham 7.3)', 'find_package(Ham 7.2.1)'],
])('how a release asks for a version tells of others: %s', (asking, newer, older) => {
  const fails = foretells({ kind: 'version', needed: '9.4.0', found: '7.2.1', line: '' }, setupPy(asking));
  expect(fails?.(setupPy(newer))).toBe(true);
  expect(fails?.(setupPy(older))).toBe(false);
  expect(fails?.(setupPy('nothing'))).toBe(false);
});

test('only the file that says what the build said counts, not what others tell of other times', () => {
  const file = (path: string, text: string) => ({ path, text });
  const line = 'ERROR: HAM >= 3.8 is required for spam.';
  const asking = [file('src/spam.h', '/* since ham 3.8 */'), file('setup.py', 'exit("HAM >= 3.8 is required")')];
  const fails = foretells({ kind: 'version', needed: '3.8', found: '3.2', line }, asking);
  const older = [file('src/spam.h', '/* since HAM 3.3 */'), file('tests/conf.py', 'HAM 3.5')];
  expect(fails?.([...older, file('setup.py', 'exit("HAM >= 3.1 is required")')])).toBe(false);
  expect(fails?.([...older, file('setup.py', 'exit("HAM >= 3.3 is required")')])).toBe(true);
  const said = '#error You need a compatible ham version (1.7.x)';
  const header = foretells({ kind: 'version', needed: '1.7', found: '1.1.0', line: `h.h:1: ${said}` }, [
    file('src/h.h', `# if X\n${said}\n`),
  ]);
  expect(header?.([file('src/h.h', '#error You need a compatible ham version (1.6.x)')])).toBe(true);
  expect(header?.([file('src/h.h', '#error You need a compatible ham version (1.1.x)')])).toBe(false);
});

test('where it is not known what was found, those that want the same or more fail', () => {
  const fails = foretells({ kind: 'version', needed: '3.5', line: '' }, setupPy('ham >= 3.5'));
  expect([fails?.(setupPy('ham >= 3.5')), fails?.(setupPy('ham >= 3.4'))]).toEqual([true, false]);
});

test('a text made to be slow is searched in no time', () => {
  const needed = { kind: 'version', needed: '3.5', line: '' } as const;
  const began = process.cpuUsage();
  for (const text of [
    'a-'.repeat(500_000),
    `a ${'b.'.repeat(500_000)}`,
    `a ${'1.'.repeat(500_000)}`,
    'a1, '.repeat(250_000),
  ])
    foretells(needed, setupPy(text));
  expect(process.cpuUsage(began).user).toBeLessThan(5_000_000);
});

test('nothing is foretold where the sources do not show how they ask', () => {
  const needed = { kind: 'version', needed: '3.5', line: '' } as const;
  expect(foretells(needed, setupPy('version >= 3.5; python_requires = ">=3.5"'))).toBeUndefined();
  expect(foretells({ kind: 'header', name: 'ham.h' }, setupPy('ham'))).toBeUndefined();
});

test('the newest release that is not foretold to fail is found in few looks', async () => {
  const versions = Array.from({ length: 60 }, (_, at) => `1.${59 - at}`);
  for (const newest of [-1, 0, 17, 40, 58, 59]) {
    let looks = 0;
    const failing = await foretold(versions, async (version) => {
      looks += 1;
      return Number(version.slice(2)) > newest;
    });
    const last = Math.max(-1, ...failing.map((version) => versions.indexOf(version)));
    expect(versions[last + 1] ?? '1.-1').toBe(`1.${newest}`);
    expect(looks).toBeLessThanOrEqual(13);
  }
});
