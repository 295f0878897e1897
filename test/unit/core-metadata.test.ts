import { describe, expect, it } from 'vitest';
import { parseCoreMetadata, parseHeaders } from '../../core/core-metadata.js';

const parse = (...lines: string[]) => parseCoreMetadata(Buffer.from(lines.join('\n')), 'METADATA');
const minimal = ['Metadata-Version: 2.1', 'Name: Foo', 'Version: 1.0'];

describe('parseCoreMetadata', () => {
  it('reads the fields that resolvers act on and stops at the description', () => {
    const metadata = parse(
      ...minimal,
      'Summary: two',
      '  lines',
      'Requires-Python: >=3.8',
      'requires-dist: bar >=1; extra == "x"',
      'Requires-Dist: baz',
      'Provides-Extra: x',
      'Dynamic: Requires-Dist',
      '',
      'Requires-Dist: not-a-field',
      'Name: neither',
    );
    expect(metadata).toEqual({
      metadataVersion: '2.1',
      name: 'Foo',
      version: '1.0',
      requiresPython: '>=3.8',
      requiresDist: ['bar >=1; extra == "x"', 'baz'],
      providesExtra: ['x'],
      dynamic: ['requires-dist'],
    });
  });

  it('reads Windows line ends', () => {
    expect(parseCoreMetadata(Buffer.from(`${minimal.join('\r\n')}\r\n\r\ntext`), 'METADATA').version).toBe('1.0');
  });

  it('names every fault at once', () => {
    expect(() => parse('Metadata-Version: 3.0', 'Version: one', 'Version: two', 'Requires-Python: three')).toThrow(
      /METADATA is not valid.*3\.0.*Name is missing.*Version is given 2 times.*Requires-Python "three"/,
    );
  });

  it.each([
    ['no field name', [...minimal, 'some text']],
    ['no field name', [...minimal, 'a field: x']],
    ['continued line', [' Name: Foo']],
    ['Name is missing', ['Metadata-Version: 2.1', 'Name: UNKNOWN', 'Version: 1.0']],
  ])('refuses a text with %s', (message, lines) => {
    expect(() => parse(...lines)).toThrow(message);
  });

  it('refuses what is not UTF-8', () => {
    expect(() => parseCoreMetadata(Buffer.from('Name: F\xf6\xf6', 'latin1'), 'METADATA')).toThrow(/is not UTF-8/);
  });
});

it('joins continued lines', () => {
  expect(parseHeaders(Buffer.from('A: 1\n  2\nB: 3\nA: 4\n'), 'WHEEL')).toEqual(
    new Map([
      ['a', ['1\n2', '4']],
      ['b', ['3']],
    ]),
  );
});
