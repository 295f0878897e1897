import { expect, it } from 'vitest';
import { parseSdistFilename, sdistNameOf } from '../../core/sdist-name.js';

it.each([
  ['foo-1.0.tar.gz', 'foo', '1.0', '.tar.gz'],
  ['foo_bar-1.0.tar.gz', 'foo-bar', '1.0', '.tar.gz'],
  ['Foo.Bar-1.0.zip', 'foo-bar', '1.0', '.zip'],
  ['a-b-1.tar.gz', 'a-b', '1', '.tar.gz'],
  ['foo-1.0-2.tar.gz', 'foo', '1.0.post2', '.tar.gz'],
  ['foo-1.0rc1.tar.bz2', 'foo', '1.0rc1', '.tar.bz2'],
  ['python-ldap-3.4.5.tar.gz', 'python_ldap', '3.4.5', '.tar.gz'],
])('%s of %s is %s', (filename, project, version, extension) => {
  expect(parseSdistFilename(filename, project)).toMatchObject({ version, extension });
});

it.each([
  ['foo-1.0-py3-none-any.whl', 'foo', /ends in none of/],
  ['foobar-1.0.tar.gz', 'foo', /does not begin with the name/],
  ['foo.tar.gz', 'foo', /does not begin with the name/],
  ['a-b-1.tar.gz', 'a', /"b-1" is not a version/],
])('%s is no sdist of %s', (filename, project, message) => {
  expect(() => parseSdistFilename(filename, project)).toThrow(message);
  expect(sdistNameOf(filename, project)).toBeUndefined();
});
