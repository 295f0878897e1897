import { describe, expect, test } from 'vitest';
import { WheelwrightError } from '../../core/errors.js';
import { type Marker, markerApplies } from '../../core/marker.js';
import { parseRequirement } from '../../core/requirement.js';

function refusal(text: string): WheelwrightError {
  try {
    parseRequirement(text);
  } catch (error) {
    if (error instanceof WheelwrightError) return error;
    throw error;
  }
  throw new Error(`${text} was accepted`);
}

describe('parseRequirement', () => {
  test('takes a name, extras, specifiers and a marker apart', () => {
    const requirement = parseRequirement(' Foo_Bar[Test.Extra] >=1.0, <2 ; python_version < "3.12"  # why ');
    expect(requirement).toMatchObject({ name: 'foo-bar', extras: ['test-extra'], specifier: '>=1.0,<2' });
    expect(requirement.marker).toEqual({ left: 'python_version', operator: '<', right: '"3.12"' });
  });

  test.each([
    ['psycopg2', ''],
    ['psycopg2==2.9.*', '==2.9.*'],
    ['psycopg2 (>=2.9)', '>=2.9'],
    ['psycopg2===2.9.9', '==2.9.9'],
    ['psycopg2~=2.9.1', '~=2.9.1'],
    ['psycopg2==1!2.0+abc', '==1!2.0+abc'],
  ])('%s asks for %j', (text, specifier) => {
    expect(parseRequirement(text)).toMatchObject({ name: 'psycopg2', specifier });
  });

  test.each([
    ['', /empty/, /psycopg2/],
    ['# only a comment', /empty/, /psycopg2/],
    ['psycopg2 2.9', /not a requirement/, /character 10/],
    ['psycopg2>=', /not a requirement/, /character 11/],
    ['psycopg2==banana', /"==banana".*not a version specifier/, /PEP 440/],
    ['psycopg2>=2.*', /not a version specifier/, /== and != only/],
    ['psycopg2~=2', /not a version specifier/, /Versions look like/],
    ['ünïcode', /not a project name/, /ASCII/],
    ['x @ https://upstream.example/x-1.tar.gz', /direct reference/, /pinned by its hash/],
    ['https://upstream.example/x-1.tar.gz', /not a requirement/, /not files and addresses/],
    ['./x-1.tar.gz', /not a requirement/, /not files and addresses/],
    ['-e .', /not a requirement/, /Options of requirements files/],
    ['x==1 --hash=sha256:00', /not a requirement/, /--hash/],
    ['-r requirements.txt', /names a file/, /one by one/],
    ['x\ny', /not a requirement/, /character 2/],
    [`x${'!'.repeat(500)}`, /^.{0,140}$/, /character/],
  ])('refuses %j and says why', (text, message, hint) => {
    const error = refusal(text);
    expect(error.code).toBe('invalid');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });
});

describe('markerApplies', () => {
  const target = { python: 'cp313', arch: 'x86_64' };
  const marker = (text: string) => parseRequirement(`x; ${text}`).marker as Marker;

  test.each([
    ['python_version < "3.12"', false],
    ['python_version >= "3.9"', true],
    ['"3.9" <= python_version', true],
    ['python_full_version >= "3.13.1"', true],
    ['sys_platform == "linux"', true],
    ['sys_platform == "win32" or platform_machine == "x86_64"', true],
    ['sys_platform == "win32" and platform_machine == "x86_64"', false],
    ['sys_platform == "linux" and (os_name == "nt" or implementation_name == "cpython")', true],
    ['platform_system in "Linux Darwin"', true],
    ['python_version not in "2.7, 3.13"', false],
    ['platform_python_implementation != "PyPy"', true],
    ['extra == "test"', false],
  ])('%s is %s on CPython 3.13', (text, applies) => {
    expect(markerApplies(marker(text), target)).toBe(applies);
  });

  test('compares versions as versions, not as text', () => {
    expect(markerApplies(marker('python_version >= "3.9"'), { python: 'cp310', arch: 'x86_64' })).toBe(true);
  });

  test('an extra that is being installed applies', () => {
    expect(markerApplies(marker('extra == "test"'), { ...target, extra: 'test' })).toBe(true);
  });

  test('refuses what is not the tag of a CPython', () => {
    expect(() => markerApplies(marker('python_version > "3"'), { python: '3.13', arch: 'x86_64' })).toThrow(/tag/);
  });
});
