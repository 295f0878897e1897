import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openSourceIndex } from '../../adapters/debian/source-index.js';
import { RULES_SCRIPT, SOURCES_SCRIPT } from '../../adapters/debian/sources-script.js';
import type { SourcePackage } from '../../core/source-package.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const signal = new AbortController().signal;
const SHA256 = 'ab642492f5cf882b74aa0cb730cd410a81edcdbec895183ce930e706c1c759b8';
const LINES = [
  [
    'bookworm',
    'oldstable',
    'mpclib3',
    '1.3.1-1',
    'mpclib3_1.3.1.orig.tar.gz',
    SHA256,
    '773573',
    'libmpc-dev, libmpc3',
    'debhelper (>= 11), libmpfr-dev (>= 4.1.1), libgmp-dev',
  ],
  ['bookworm', 'oldstable', 'mpc', '0.1-1', 'mpc_0.1.orig.tar.gz', SHA256, '1', 'libmpc-dev-bin', ''],
  [
    'trixie',
    'stable',
    'mpclib3',
    '2:1.4+dfsg-1',
    'mpclib3_1.4+dfsg.orig.tar.xz',
    SHA256,
    '773574',
    'libmpc3, libmpc-dev',
    'libcurl4-gnutls-dev | libcurl-ssl-dev, python3:any, libx-dev [!amd64], libhurd-dev [hurd-i386], liby-dev [linux-any], check <!nocheck>',
  ],
];

async function write(folder: string): Promise<void> {
  await writeFile(join(folder, 'sources.gz'), gzipSync(`${LINES.map((line) => line.join('\t')).join('\n')}\n`));
}

const writeRules =
  ({ suite, name }: SourcePackage) =>
  async (folder: string) =>
    writeFile(join(folder, 'rules.gz'), gzipSync(`# ${name} of ${suite}`));

test('the source packages that a binary package is made from, and what builds them here', async () => {
  const index = openSourceIndex(join(temporaryFolder(), 'suite'), write, writeRules);
  const [old, stable, ...others] = await index.sourcesOf('libmpc-dev', signal);
  expect(others).toEqual([]);
  expect(old).toEqual({
    suite: 'bookworm',
    stable: false,
    name: 'mpclib3',
    version: '1.3.1',
    filename: 'mpclib3_1.3.1.orig.tar.gz',
    sha256: SHA256,
    sizeBytes: 773573,
    buildDepends: [['debhelper'], ['libmpfr-dev'], ['libgmp-dev']],
  });
  expect(stable).toMatchObject({
    suite: 'trixie',
    stable: true,
    version: '1.4',
    buildDepends: [['libcurl4-gnutls-dev', 'libcurl-ssl-dev'], ['python3'], ['liby-dev']],
  });
  expect(await index.sourcesOf('libmpc', signal)).toEqual([]);
  expect(await index.rulesOf(stable as SourcePackage, signal)).toBe('# mpclib3 of trixie');
});

test('lists of the day before yesterday are fetched anew', async () => {
  const folder = join(temporaryFolder(), 'suite');
  let fetched = 0;
  const index = openSourceIndex(
    folder,
    async (into) => {
      fetched += 1;
      await write(into);
    },
    writeRules,
  );
  await index.sourcesOf('libmpc-dev', signal);
  await index.sourcesOf('libmpc-dev', signal);
  expect(fetched).toBe(1);
  const old = Date.now() / 1000 - 2 * 24 * 3600;
  await utimes(join(folder, 'sources.gz'), old, old);
  await index.sourcesOf('libmpc-dev', signal);
  expect(fetched).toBe(2);
});

test('the script names no mirror: the image’s own has the later suites', () => {
  expect(SOURCES_SCRIPT + RULES_SCRIPT).not.toMatch(/https?:/);
});
