import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readElf } from '../../adapters/archive/elf.js';
import { readPkgInfo } from '../../adapters/archive/sdist.js';
import { checkWheel } from '../../adapters/archive/wheel.js';
import { WheelwrightError } from '../../core/errors.js';
import { makeWheel } from '../support/wheel-maker.js';
import { makeZip } from '../support/zip-maker.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fuzz-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Some bytes changed, and perhaps the end cut off. */
const damage = (bytes: Buffer, within = bytes.length) =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.nat(within - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.option(fc.nat(bytes.length), { freq: 4 }),
    )
    .map(([changes, end]) => {
      const damaged = Buffer.from(bytes);
      for (const [at, value] of changes) damaged[at] = value;
      return end === null ? damaged : damaged.subarray(0, end);
    });

/** Whatever happens to the bytes, the answer is a verdict on them and not an accident of ours. */
async function verdict<Value>(judging: Promise<Value>): Promise<Value | undefined> {
  try {
    return await judging;
  } catch (error) {
    expect(error).toBeInstanceOf(WheelwrightError);
    expect(error).toMatchObject({ code: 'invalid' });
    return undefined;
  }
}

it('a damaged wheel is refused, or says what the sound one says', async () => {
  const { filename, bytes } = makeWheel({ entryPoints: '[console_scripts]\ndemo = demo:main\n' });
  const path = join(folder, 'fuzz.whl');
  await writeFile(path, bytes);
  const sound = await checkWheel(path, { filename });
  await fc.assert(
    fc.asyncProperty(damage(bytes), async (damaged) => {
      await writeFile(path, damaged);
      const facts = await verdict(checkWheel(path, { filename }));
      if (facts !== undefined) expect(facts).toEqual(sound);
    }),
    { numRuns: 1500 },
  );
});

it('a damaged source archive is refused or read', async () => {
  const bytes = makeZip([
    { name: 'demo-1.0/', mode: 0o040755 },
    { name: 'demo-1.0/PKG-INFO', data: 'Name: demo' },
  ]);
  const path = join(folder, 'fuzz.zip');
  await fc.assert(
    fc.asyncProperty(damage(bytes), async (damaged) => {
      await writeFile(path, damaged);
      await verdict(readPkgInfo(path));
    }),
    { numRuns: 500 },
  );
});

it('a damaged native file is refused or read', async () => {
  const bytes = await readFile('node_modules/better-sqlite3/build/Release/better_sqlite3.node');
  const read = (from: Buffer) => (offset: number, length: number) =>
    Promise.resolve(from.subarray(offset, offset + length));
  const { needed } = (await readElf(read(bytes))) ?? {};
  expect(needed).toContain('libc.so.6');
  // The headers, and then the section that they lead to.
  await fc.assert(
    fc.asyncProperty(damage(bytes, 1024), (damaged) => verdict(readElf(read(damaged))).then(() => {})),
    { numRuns: 300 },
  );
});

it('a native file that claims endless symbol versions is read in finite time', async () => {
  const bytes = await readFile('node_modules/better-sqlite3/build/Release/better_sqlite3.node');
  const sound = await readElf((offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)));
  const tag = Buffer.alloc(8);
  tag.writeBigUInt64LE(0x6fffffffn);
  const at = bytes.indexOf(tag);
  expect(at).toBeGreaterThan(0);
  bytes.writeBigUInt64LE(1n << 52n, at + 8);
  const claimed = await readElf((offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)));
  expect(claimed).toEqual(sound);
});
