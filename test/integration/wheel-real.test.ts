import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPromise } from 'yauzl';
import { checkWheel } from '../../adapters/archive/wheel.js';
import { ZipArchive } from '../../adapters/archive/zip-archive.js';

const run = promisify(execFile);

/** One wheel a backend, and a few of their old versions: what they write must be taken. */
const WHEELS: Record<string, string[]> = {
  setuptools: ['requests', 'zope.interface'],
  'old setuptools': ['django==1.11', 'six==1.10.0', 'pygments==2.2.0'],
  flit: ['flit_core', 'typing-extensions'],
  hatchling: ['hatchling'],
  poetry: ['poetry-core', 'poetry==1.0.0'],
  pdm: ['pdm-backend'],
  maturin: ['pydantic-core', 'maturin'],
  'setuptools-rust': ['cryptography'],
  'meson-python': ['numpy'],
  'scikit-build-core': ['ninja'],
  uv: ['uv-build'],
  'cython and cibuildwheel': ['pyyaml', 'lxml'],
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'real-wheels-'));
  const requirements = Object.values(WHEELS).flat();
  // Separately, since two versions of one project are among them.
  const pinned = requirements.filter((requirement) => requirement.includes('=='));
  const newest = requirements.filter((requirement) => !requirement.includes('=='));
  for (const some of [newest, pinned]) {
    await run('python3', ['-m', 'pip', 'download', '-q', '--no-deps', '--only-binary', ':all:', '-d', folder, ...some]);
  }
}, 180_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

it('accepts what the backends of the day write', async () => {
  const filenames = (await readdir(folder)).filter((filename) => filename.endsWith('.whl'));
  expect(filenames).toHaveLength(Object.values(WHEELS).flat().length);
  for (const filename of filenames) {
    const facts = await checkWheel(join(folder, filename), { filename });
    if (filename.endsWith('-any.whl')) expect(facts, filename).toMatchObject({ grafted: [], needs: [] });
    if (filename.startsWith('numpy')) {
      expect(facts.grafted).toContainEqual(expect.stringMatching(/openblas/));
      expect(facts.needs).toContain('libstdc++.so.6');
    }
  }
});

it('sees in them what another reader sees', async () => {
  for (const filename of (await readdir(folder)).filter((each) => each.endsWith('.whl'))) {
    const path = join(folder, filename);
    const theirs = [];
    for await (const entry of (await openPromise(path)).eachEntry()) {
      theirs.push([entry.fileName.replace(/\/$/, ''), entry.uncompressedSize, entry.crc32]);
    }
    const archive = await ZipArchive.open(path, { maxEntries: 100_000, maxExpandedBytes: 2 ** 32 });
    await archive.close();
    const ours = archive.entries.map(({ name, sizeBytes, crc32 }) => [name, sizeBytes, crc32]);
    expect(ours.sort(), filename).toEqual(theirs.sort());
  }
});
