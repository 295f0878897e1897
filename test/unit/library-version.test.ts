import { expect, test } from 'vitest';
import type { Failure } from '../../core/failure.js';
import { withFoundVersion } from '../../core/library-version.js';

const failure = (line: string): Failure => ({ class: 'library-too-old', line, lineNumber: 1, cause: 'Too old.' });
const packages = [
  { name: 'libham2-dev', version: '1:3.2.2+dfsg-2' },
  { name: 'libegg-1.0-dev', version: '1.0.4-1' },
  { name: 'libham2', version: '9.9.9-1' },
  { name: 'make', version: '4.3-4' },
];

test('the version of the installed library that the line names is told', () => {
  expect(withFoundVersion(failure('ERROR: HAM >= 3.8 is required'), packages)).toMatchObject({
    found: '3.2.2',
    cause: 'Too old. libham2-dev here is 3.2.2.',
  });
  expect(withFoundVersion(failure('a compatible libham2 version (9.1.x)'), packages).found).toBe('3.2.2');
  expect(withFoundVersion(failure('libegg 2.0 is needed'), packages).found).toBe('1.0.4');
});

test('nothing is told where no package is named, several are, or it is not about a library', () => {
  for (const line of ['spam >= 3.8 is required', 'ham or egg >= 3.8', 'make is too old', 'hamster >= 2.0']) {
    expect(withFoundVersion(failure(line), packages)).toEqual(failure(line));
  }
  const other = { ...failure('HAM >= 3.8'), class: 'compile-error' as const };
  expect(withFoundVersion(other, packages)).toEqual(other);
});
