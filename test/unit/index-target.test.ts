import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchesEtag, requestedRange } from '../../index-server/byte-range.js';
import { parseRequestTarget } from '../../index-server/request-target.js';

test('whatever the bytes of a request target, what comes out is a normalised name, a hash and a plain file name', () => {
  const piece = fc.oneof(
    fc.constantFrom('simple', 'files', 'trial', 'integrity', '..', '%2e%2e', '%2f', '', 'a'.repeat(64)),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const { target } = parseRequestTarget(`/${pieces.join('/')}`);
      if ('project' in target) expect(target.project).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
      if ('filename' in target) expect(target.filename).toMatch(/^[A-Za-z0-9][A-Za-z0-9._+!-]*$/);
      if ('sha256' in target) expect(target.sha256).toMatch(/^[0-9a-f]{64}$/);
      if (target.kind === 'redirect') expect(target.location).not.toMatch(/^\/|^[a-z]+:|\\/);
    }),
  );
});

test.each([
  [undefined, 'whole'],
  ['bytes=0-9', { start: 0, end: 9 }],
  ['bytes=90-', { start: 90, end: 99 }],
  ['bytes=90-1000', { start: 90, end: 99 }],
  ['bytes=-10', { start: 90, end: 99 }],
  ['bytes=-1000', { start: 0, end: 99 }],
  ['bytes=100-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=9-0', 'whole'],
  ['bytes=0-1,5-6', 'whole'],
  ['items=0-1', 'whole'],
  ['bytes=-', 'whole'],
])('Range: %s of 100 bytes', (range, expected) => {
  expect(requestedRange(range, undefined, '"a"', 100)).toEqual(expected);
});

test('a range counts only for the file that If-Range names, strongly', () => {
  expect(requestedRange('bytes=0-0', '"a"', '"a"', 100)).toEqual({ start: 0, end: 0 });
  expect(requestedRange('bytes=0-0', 'W/"a"', '"a"', 100)).toBe('whole');
  expect(requestedRange('bytes=0-0', 'Tue, 01 Jan 2030 00:00:00 GMT', '"a"', 100)).toBe('whole');
});

test('If-None-Match', () => {
  expect(matchesEtag('"b", W/"a"', '"a"')).toBe(true);
  expect(matchesEtag('"ab"', '"a"')).toBe(false);
  expect(matchesEtag(undefined, '"a"')).toBe(false);
});
