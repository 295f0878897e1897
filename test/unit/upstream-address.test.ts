import { describe, expect, test } from 'vitest';
import { isInternalAddress } from '../../adapters/upstream/address-guard.js';
import { resolveUpstreamUrl } from '../../adapters/upstream/upstream-url.js';

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['10.0.0.1', true],
  ['172.16.0.1', true],
  ['192.168.1.1', true],
  ['169.254.169.254', true],
  ['100.64.0.1', true],
  ['0.0.0.0', true],
  ['255.255.255.255', true],
  ['224.0.0.1', true],
  ['::1', true],
  ['::', true],
  ['fe80::1', true],
  ['fd00::1', true],
  ['ff02::1', true],
  ['::ffff:127.0.0.1', true],
  ['::ffff:a00:1', true],
  ['64:ff9b::7f00:1', true],
  ['2002:7f00:1::', true],
  ['nonsense', true],
  ['8.8.8.8', false],
  ['2606:4700::1111', false],
])('%s is internal: %s', (address, internal) => {
  expect(isInternalAddress(address)).toBe(internal);
});

describe('the upstream that pip would use', () => {
  const none = () => Promise.reject(new Error('no python'));
  const python =
    (config: string, builtIn = 'https://built-in.example/simple') =>
    async (args: readonly string[]) =>
      args.includes('config') ? config : `${builtIn}\n`;

  test.each([
    [
      { WHEELWRIGHT_UPSTREAM: 'https://set.example/simple', PIP_INDEX_URL: 'https://pip.example/' },
      none,
      'https://set.example/simple/',
    ],
    [{ PIP_INDEX_URL: 'https://pip.example/simple/' }, none, 'https://pip.example/simple/'],
    [{}, python("global.index-url='https://global.example/simple'\n"), 'https://global.example/simple/'],
    [
      {},
      python("global.index-url='https://global.example/'\ninstall.index-url='https://install.example/'\n"),
      'https://install.example/',
    ],
    [{}, python("global.extra-index-url='https://extra.example/'\n"), 'https://built-in.example/simple/'],
    [{ WHEELWRIGHT_UPSTREAM: '' }, python(''), 'https://built-in.example/simple/'],
  ])('%j', async (environment, run, expected) => {
    expect(await resolveUpstreamUrl(environment, run)).toBe(expected);
  });

  test('nothing says it', async () => {
    await expect(resolveUpstreamUrl({}, none)).rejects.toThrow('no upstream index is known');
  });
});
