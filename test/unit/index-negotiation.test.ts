import { expect, test } from 'vitest';
import { negotiateEncoding, negotiatePage } from '../../core/simple-index-negotiation.js';

const JSON_TYPE = 'application/vnd.pypi.simple.v1+json';

test.each([
  ['', 'html'],
  [`${JSON_TYPE};q=.5, text/html;q=.4`, 'json'],
  [`${JSON_TYPE} ; q = 0.5, text/html;q=0.4`, 'json'],
  [`${JSON_TYPE};q=0.001, text/html;q=0.0001`, 'json'],
  [`${JSON_TYPE};q=nonsense, text/html;q=0.1`, 'html'],
  [`,,${JSON_TYPE.toUpperCase()},,`, 'json'],
  ['text/*', 'html'],
  ['application/*;q=0.1', 'json'],
  ['application/vnd.pypi.simple.v2+json, text/html;q=0.1', 'html'],
  ['*/*;q=0', undefined],
  [`${JSON_TYPE};q=0`, undefined],
  ['application/json', undefined],
])('Accept: %s gets %s', (accept, format) => {
  expect(negotiatePage(accept, undefined)?.format).toBe(format);
});

test.each(['', 'json', 'toString', 'constructor', '__proto__'])('?format=%s is no format', (format) => {
  expect(negotiatePage(JSON_TYPE, format)).toBeUndefined();
});

test.each([
  ['gzip', 'gzip'],
  ['gzip, deflate, br, zstd', 'gzip'],
  ['br;q=1, gzip;q=0.8, *;q=0.1', 'gzip'],
  ['*', 'gzip'],
  ['GZIP', 'gzip'],
  ['gzip;q=0.5, identity', 'identity'],
  ['gzip;q=0', 'identity'],
  ['br', 'identity'],
  ['*;q=0', 'identity'],
  ['', 'identity'],
])('Accept-Encoding: %s gets %s', (accepted, encoding) => {
  expect(negotiateEncoding(accepted)).toBe(encoding);
});
