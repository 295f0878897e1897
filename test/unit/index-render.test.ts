import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { IndexFile, ProjectPage } from '../../core/simple-index.js';
import { parseProjectHtml, parseProjectJson } from '../../core/simple-index-parse.js';
import { LINE_SEPARATOR, pageFrame, pageLine } from '../../core/simple-index-render.js';

const PAGE_URL = 'https://upstream.example/simple/demo/';
const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/);
// What a person may write, and what tries to get out of an attribute.
const text = fc
  .oneof(fc.string({ minLength: 1 }), fc.constantFrom('">', "'&<script>", '&amp;', '>=3.8,<4'))
  .filter((value) => value === value.replaceAll(/[\r\0]/g, ''));
const files = fc.uniqueArray(
  fc.record(
    {
      filename: fc.stringMatching(/^demo-[0-9]{1,3}(\.[0-9]{1,3})?(\+[a-z]{1,3})?-py3-none-any\.whl$/),
      hash: sha256,
      requiresPython: text,
      yanked: fc.oneof(fc.constant(true as const), text),
      metadata: fc.oneof(fc.constant(true as const), fc.record({ sha256 })),
    },
    { requiredKeys: ['filename', 'hash'] },
  ),
  { selector: ({ filename }) => filename, maxLength: 5 },
);

describe('what is rendered is read as it was', () => {
  test.each(['json', 'html'] as const)('%s', (format) => {
    fc.assert(
      fc.property(files, fc.option(text, { nil: undefined }), (given, reason) => {
        const page: ProjectPage = {
          name: 'demo',
          ...(reason === undefined ? {} : { status: 'archived' as const, statusReason: reason }),
          files: given.map(
            ({ filename, hash, metadata, ...rest }): IndexFile => ({
              filename,
              url: `${PAGE_URL}files/${encodeURIComponent(filename)}`,
              hashes: { sha256: hash },
              ...rest,
              ...(metadata === undefined ? {} : { coreMetadata: metadata }),
            }),
          ),
        };
        const { start, end } = pageFrame(format, page, []);
        const lines = page.files.map((file) =>
          pageLine(format, file, { url: `files/${encodeURIComponent(file.filename)}` }),
        );
        const text = start + lines.join(LINE_SEPARATOR[format]) + end;
        const read = (format === 'json' ? parseProjectJson : parseProjectHtml)(text, 'demo', PAGE_URL);
        expect(read).toEqual(page);
      }),
    );
  });
});

describe('pages of other indexes', () => {
  const anchor = (attributes: string) =>
    parseProjectHtml(`<html><a ${attributes}>x</a></html>`, 'demo', PAGE_URL).files;

  test.each([
    ['href="demo-1-py3-none-any.whl"', { url: `${PAGE_URL}demo-1-py3-none-any.whl`, hashes: {} }],
    [
      'href="../../f/demo-1-py3-none-any.whl#md5=ABC"',
      { url: 'https://upstream.example/f/demo-1-py3-none-any.whl', hashes: { md5: 'abc' } },
    ],
    [
      'href="//other.example/demo-1-py3-none-any.whl?x=1#sha256=ab"',
      { url: 'https://other.example/demo-1-py3-none-any.whl?x=1', hashes: { sha256: 'ab' } },
    ],
    ['href="demo-1-py3-none-any.whl" data-yanked=""', { yanked: true }],
    ['href="demo-1-py3-none-any.whl" data-yanked="a &amp; b"', { yanked: 'a & b' }],
    ['href="demo-1-py3-none-any.whl" data-dist-info-metadata="sha256=ab"', { coreMetadata: { sha256: 'ab' } }],
    ['href="demo-1-py3-none-any.whl" data-core-metadata="true"', { coreMetadata: true }],
  ])('<a %s>', (attributes, expected) => {
    expect(anchor(attributes)).toEqual([expect.objectContaining({ filename: 'demo-1-py3-none-any.whl', ...expected })]);
  });

  test.each(['href="/"', 'href="https://["', 'href="javascript:x.whl"', 'name="x"'])(
    '<a %s> is no file',
    (attributes) => {
      expect(
        parseProjectHtml(
          `<!doctype html><meta name="pypi:repository-version" content="1.0"><a ${attributes}>x</a>`,
          'demo',
          PAGE_URL,
        ).files,
      ).toEqual([]);
    },
  );

  test.each([
    ['2024-01-02T03:04:05Z', '2024-01-02T03:04:05Z'],
    ['2024-01-02T03:04:05.123456Z', '2024-01-02T03:04:05.123456Z'],
    ['2024-01-02T05:04:05.123456789+02:00', '2024-01-02T03:04:05.123Z'],
    ['2024-01-02', '2024-01-02T00:00:00.000Z'],
    ['2024-01-02T03:04:05', undefined],
    ['2024-13-02T03:04:05Z', undefined],
    ['yesterday', undefined],
    ['', undefined],
  ])('an upload time that is %j is %j', (said, uploadTime) => {
    const files = [{ filename: 'demo-1.tar.gz', url: 'x', hashes: {}, 'upload-time': said }];
    expect(parseProjectJson(JSON.stringify({ files }), 'demo', PAGE_URL).files[0]?.uploadTime).toBe(uploadTime);
  });

  test('texts of an upstream become one line, and hashes lower case', () => {
    const file = { filename: 'demo-1.tar.gz', url: 'x', hashes: { sha256: 'AB' } };
    const files = [{ ...file, yanked: 'a\u0000b\r\nc', 'requires-python': '>=3\u0000' }];
    const status = { status: 'archived', reason: 'a\u0000\nb' };
    const page = parseProjectJson(JSON.stringify({ files, 'project-status': status }), 'demo', PAGE_URL);
    expect([page.files[0]?.yanked, page.statusReason]).toEqual(['a b c', 'a b']);
    expect([page.files[0]?.requiresPython, page.files[0]?.hashes]).toEqual(['>=3 ', { sha256: 'ab' }]);
  });

  test('false metadata is none, and null is what was not said', () => {
    const [file] = parseProjectJson(
      JSON.stringify({
        meta: { 'api-version': '1.1' },
        files: [
          {
            filename: 'demo-1.tar.gz',
            url: 'x',
            hashes: {},
            size: null,
            'requires-python': null,
            yanked: false,
            'core-metadata': false,
            'upload-time': null,
          },
        ],
      }),
      'demo',
      PAGE_URL,
    ).files;
    expect(file).toEqual({ filename: 'demo-1.tar.gz', url: `${PAGE_URL}x`, hashes: {} });
  });

  test('an index without any file of the project is an empty page, and a page that is no index is an error', () => {
    expect(parseProjectHtml('<!DOCTYPE html><html><body></body></html>', 'demo', PAGE_URL).files).toEqual([]);
    expect(() => parseProjectHtml('<html><a href="/login">log in</a></html>', 'demo', PAGE_URL)).toThrow(
      'is not an index page',
    );
    expect(() => parseProjectHtml('<meta name="pypi:repository-version" content="2.0">', 'demo', PAGE_URL)).toThrow(
      'only 1.x is known',
    );
  });
});
