import { copyFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openContentsIndex } from '../../adapters/debian/contents-index.js';
import { CONTENTS_SCRIPT } from '../../adapters/debian/contents-script.js';
import type { Failure, MissingPart } from '../../core/failure.js';
import { enrichProposal } from '../../core/package-index.js';
import { headerIdea } from '../../core/sdist-headers.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const FIXTURES = 'test/fixtures/debian';
const signal = new AbortController().signal;

async function copyFixtures(folder: string): Promise<void> {
  for (const name of ['files.gz', 'packages.gz']) await copyFile(join(FIXTURES, name), join(folder, name));
}

async function openFixtures() {
  const folder = await mkdtemp(join(tmpdir(), 'wheelwright-contents-'));
  afterAll(() => rm(folder, { recursive: true }));
  return openContentsIndex(join(folder, 'debian-11'), copyFixtures);
}

describe("Debian 11's index of contents", async () => {
  const index = await openFixtures();
  const rows = (await readFile(join(FIXTURES, 'owners.txt'), 'utf8'))
    .trim()
    .split('\n')
    .map((row) => row.split(' '));

  test.each(rows)('%s %s is in %s', async (kind, name, expected) => {
    const [best] = await index.whoHas({ kind: kind as MissingPart['kind'], name: name ?? '' }, signal);
    expect(best?.package).toBe(expected);
  });

  test('what no package has is found nowhere', async () => {
    expect(await index.whoHas({ kind: 'header', name: 'crc32c/crc32c.h' }, signal)).toEqual([]);
    expect(await index.whoHas({ kind: 'pkg-config', name: '.*' }, signal)).toEqual([]);
  });

  test('knows which packages there are', async () => {
    expect(await index.hasPackage('libyaml-dev', signal)).toBe(true);
    expect(await index.hasPackage('libyaml', signal)).toBe(false);
  });
});

test('is fetched once, at the first question, and appears whole or not at all', async () => {
  const parent = temporaryFolder();
  let fetched = 0;
  const failing = openContentsIndex(join(parent, 'suite'), async () => {
    throw new Error('no mirror');
  });
  await expect(failing.hasPackage('libyaml-dev', signal)).rejects.toThrow('no mirror');
  expect(await readdir(parent)).toEqual([]);
  const index = openContentsIndex(join(parent, 'suite'), async (folder) => {
    fetched += 1;
    await copyFixtures(folder);
  });
  const ask = () => index.whoHas({ kind: 'header', name: 'yaml.h' }, signal);
  await Promise.all([ask(), ask()]);
  await ask();
  expect(fetched).toBe(1);
  expect((await stat(join(parent, 'suite', 'files.gz'))).size).toBeGreaterThan(0);
});

describe('enrichProposal', async () => {
  const index = await openFixtures();
  const failure = (missing: MissingPart[], more: Partial<Failure> = {}): Failure => ({
    class: 'missing-header',
    line: '',
    lineNumber: 1,
    cause: 'It is missing.',
    missing,
    ...more,
  });

  test('proposes the package, and says which file made it think so', async () => {
    const { proposal } = await enrichProposal(failure([{ kind: 'header', name: 'yaml.h' }]), index, signal);
    expect(proposal).toEqual({
      edit: { system: { apt: ['libyaml-dev'] } },
      why: 'libyaml-dev has /usr/include/yaml.h',
    });
  });

  test('takes the first of several names that is known', async () => {
    const { proposal } = await enrichProposal(
      failure([{ kind: 'pkg-config', name: 'no-such-client', or: ['mysqlclient'] }]),
      index,
      signal,
    );
    expect(proposal?.edit).toEqual({ system: { apt: ['libmariadb-dev-compat'] } });
  });

  test('a library of the clean image goes to the packages of the consuming image', async () => {
    const missing: MissingPart[] = [{ kind: 'soname', name: 'libexpat.so.1' }];
    const { proposal } = await enrichProposal(failure(missing, { class: 'missing-in-clean-image' }), index, signal);
    expect(proposal?.edit).toEqual({ runtime: { apt: ['libexpat1'] } });
  });

  test.each([
    ['libexpat', 'libexpat1'],
    ['libgobject', 'libglib2.0-0'],
  ])('a library that a wheel names without its version: %s is in %s', async (name, expected) => {
    const missing: MissingPart[] = [{ kind: 'soname', name, loose: true }];
    const { proposal } = await enrichProposal(failure(missing, { class: 'missing-in-clean-image' }), index, signal);
    expect(proposal).toMatchObject({ edit: { runtime: { apt: [expected] } }, guess: true });
  });

  test('a library that a sentence names otherwise than its file is found by its pkg-config file', async () => {
    const { proposal } = await enrichProposal(failure([{ kind: 'library', name: 'zlib' }]), index, signal);
    expect(proposal).toMatchObject({ edit: { system: { apt: ['zlib1g-dev'] } }, guess: true });
  });

  test('of several parts those that packages have, as a guess where another is nowhere', async () => {
    const parts: MissingPart[] = [
      { kind: 'library', name: 'ssl' },
      { kind: 'library', name: 'no-such-thing' },
    ];
    const { proposal, cause } = await enrichProposal(failure(parts), index, signal);
    expect(proposal).toMatchObject({ edit: { system: { apt: ['libssl-dev'] } }, guess: true });
    expect(cause).toContain('no-such-thing');
  });

  test('one of two flavours that have the same file is a guess, and the other is worth a try', async () => {
    const { proposal, ideas } = await enrichProposal(failure([{ kind: 'header', name: 'hdf.h' }]), index, signal);
    expect(proposal).toMatchObject({ edit: { system: { apt: ['libhdf4-alt-dev'] } }, guess: true });
    expect(ideas?.map(({ edit }) => edit)).toEqual([{ system: { apt: ['libhdf4-dev'] } }]);
  });

  test('one of several that only look alike is a guess', async () => {
    const { proposal } = await enrichProposal(failure([{ kind: 'header', name: 'lua.h' }]), index, signal);
    expect(proposal?.guess).toBe(true);
  });

  test('says so where no package has it, and proposes nothing', async () => {
    const enriched = await enrichProposal(failure([{ kind: 'header', name: 'crc32c/crc32c.h' }]), index, signal);
    expect(enriched.proposal).toBeUndefined();
    expect(enriched.cause).toContain('No package of the distribution has the header crc32c/crc32c.h');
  });

  test('leaves a proposal of the diagnosis alone', async () => {
    const proposal = { edit: { toolchains: ['rust'] }, why: 'it is Rust' };
    const enriched = await enrichProposal(failure([{ kind: 'header', name: 'yaml.h' }], { proposal }), index, signal);
    expect(enriched.proposal).toEqual(proposal);
  });
});

test('the script names no mirror: the sources are those of the image', () => {
  expect(CONTENTS_SCRIPT).not.toMatch(/https?:/);
});

describe('headerIdea', async () => {
  const index = await openFixtures();
  const silent: Failure = { class: 'unknown', phase: 'build', line: 'RuntimeError: 1', lineNumber: 1, cause: '' };
  const texts = [
    {
      path: 'src/ham.c',
      text: '#include <stdio.h>\n#include <openssl/ssl.h>\n#include "own.h"\n#include <numpy/x.h>\n',
    },
    { path: 'src/ham.pyx', text: 'cdef extern from "sasl/sasl.h":\n    pass\n' },
    { path: 'setup.py', text: "probe('#include <openssl/ssl.h>')\nopen('/usr/include/openssl/ssl.h')" },
  ];
  const owns = (header: string) => header === 'own.h';

  test('where a log says nothing, the packages of the headers that the sources include', async () => {
    const idea = await headerIdea(silent, texts, owns, index, signal);
    expect(idea).toMatchObject({ edit: { system: { apt: ['libssl-dev', 'libsasl2-dev'] } }, guess: true });
    expect(idea?.why).toContain('libsasl2-dev has /usr/include/sasl/sasl.h');
  });

  test('and of the programs that a setup script looks for by name', async () => {
    const text = "if not shutil.which('gperf') and find_executable('gcc'):\n    sys.exit(1)\n";
    const idea = await headerIdea(silent, [{ path: 'setup.py', text }], owns, index, signal);
    expect(idea?.edit).toEqual({ system: { apt: ['gperf'] } });
  });

  test('a name that any project has for a header of its own is no library’s', async () => {
    const asked: string[] = [];
    const spy = {
      ...index,
      async whoHas({ name }: { name: string }) {
        asked.push(name);
        return [];
      },
    };
    const text = '#include "Version.h"\n#include "types.h"\n#include <sasl/sasl.h>\n';
    await headerIdea(silent, [{ path: 'src/ham.cpp', text }], owns, spy, signal);
    expect(asked).toEqual(['sasl/sasl.h']);
  });

  test('a header of the sdist itself is nobody else’s, and a log that says something is believed', async () => {
    expect(await headerIdea(silent, texts, () => true, index, signal)).toBeUndefined();
    const said = await enrichProposal(failureOf('yaml.h'), index, signal);
    expect(await headerIdea(said, texts, owns, index, signal)).toBeUndefined();
  });

  test('a download that does not say of what may be for want of the library that the sources use', async () => {
    const download: Failure = { ...silent, class: 'network-needed', line: 'error: <urlopen error [Errno -3]>' };
    expect(await headerIdea(download, texts, owns, index, signal)).toMatchObject({
      edit: { system: { apt: ['libssl-dev', 'libsasl2-dev'] } },
    });
    const named: Failure = { ...download, missing: [{ kind: 'cmake', name: 'ham', loose: true }] };
    expect(await headerIdea(named, texts, owns, index, signal)).toBeUndefined();
  });

  test('what pkg-config is asked for by a name that nobody has, other packages do not bring', async () => {
    const missing = [{ kind: 'pkg-config' as const, name: 'girepository-9.0' }];
    const named: Failure = { ...silent, class: 'missing-library', missing };
    expect(await headerIdea(named, texts, owns, index, signal)).toBeUndefined();
  });

  function failureOf(name: string): Failure {
    return { ...silent, class: 'missing-header', missing: [{ kind: 'header', name }] };
  }
});
