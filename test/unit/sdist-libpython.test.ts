import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Failure } from '../../core/failure.js';
import { emptyLibpython } from '../../core/sdist-libpython.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const failure = (line: string): Failure => ({ class: 'compile-error', line, lineNumber: 1, cause: '' });
const source = (text: string) => [{ path: 'src/spam.cpp', text }];
const extension = source('PyMODINIT_FUNC PyInit_spam(void) { return PyModule_Create(&spam); }');
const linked = failure('/usr/bin/ld: cannot find -lpython3.13');

test('an extension is linked against an empty libpython in place of the one that is not there', () => {
  const { edit, guess } = emptyLibpython(linked, extension) ?? {};
  expect(edit).toMatchObject({ environment: { LIBRARY_PATH: '/build/src/no-libpython' } });
  expect(guess).toBe(true);
  const folder = temporaryFolder();
  execFileSync('sh', ['-ec', String(edit?.['prepare'])], { cwd: folder, stdio: 'ignore' });
  expect(readFileSync(join(folder, 'no-libpython/libpython3.13.a'), 'utf8')).toBe('!<arch>\n');
});

test('CMake is told where it lies, under each of the names that its modules read', () => {
  const line = '  Could NOT find Python3 (missing: Python3_LIBRARIES Development) (found version "3.13.1")';
  expect(emptyLibpython(failure(line), extension)?.edit).toMatchObject({
    environment: {
      CMAKE_ARGS:
        '-DPython_LIBRARY=/build/src/no-libpython/libpython3.a -DPython3_LIBRARY=/build/src/no-libpython/libpython3.a -DPYTHON_LIBRARY=/build/src/no-libpython/libpython3.a',
    },
  });
});

test.each(['Py_InitializeEx(0);', 'Py_InitializeFromConfig(&config)', '#include <pybind11/embed.h>'])(
  'what embeds Python needs the real one: %s',
  (text) => {
    expect(emptyLibpython(linked, [...extension, ...source(text)])).toBeUndefined();
  },
);

test('other failures are none of its business', () => {
  expect(emptyLibpython(failure('cannot find -lpythonic'), extension)).toBeUndefined();
  expect(emptyLibpython(failure('  Could NOT find Python3 (missing: Interpreter)'), extension)).toBeUndefined();
});
