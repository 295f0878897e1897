import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { addPart, check, first } from '../support/wheel-check.js';
import { makeWheel, type WheelOptions } from '../support/wheel-maker.js';
import { type ZipPart, zip64Extra } from '../support/zip-maker.js';

const wheelText = (text: string) => ({ wheel: text });
const WHEEL = 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n';

describe('what a wheel says', () => {
  it('is returned', async () => {
    const facts = await check(
      makeWheel({
        filename: 'demo_native-1.0-2-cp313-cp313-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
        files: {
          'pkg/__init__.py': '',
          'pkg/_fast.cpython-313-x86_64-linux-gnu.so': Buffer.from('\x7fELF...', 'latin1'),
          'demo_native.libs/libfoo-1a2b.so.1': Buffer.from('\x7fELF...', 'latin1'),
          'demo_native-1.0.data/platlib/late.py': '',
          'demo_native-1.0.data/scripts/tool': '#!python',
          'with, comma.txt': 'x',
        },
      }),
    );
    expect(facts).toMatchObject({
      name: { project: 'demo-native', version: '1.0' },
      metadata: { name: 'demo_native', requiresPython: '>=3.8' },
    });
    expect(facts.metadataBytes.toString()).toContain('Name: demo_native');
  });
});

describe('plain oddities are accepted', () => {
  const odd: [string, WheelOptions][] = [
    ['everything stored', { change: (parts) => parts.map((part) => ({ ...part, method: 0 })) }],
    ['entries for folders', { change: (parts) => [{ name: 'folder/', mode: 0o040755 }, ...parts] }],
    ['names beyond ASCII', { files: { 'häßlich.txt': 'x' } }],
    ['an empty file', { files: { 'demo.py': '' } }],
    [
      '64-bit sizes in the local header only',
      {
        change: (parts) =>
          first({ local: { sizeBytes: 0xffffffff, compressedBytes: 0xffffffff, extra: zip64Extra(12, 14) } })(parts),
      },
    ],
    ['a 64-bit end', { frame: { end64: {} } }],
    ['another directory order', { frame: { reverseDirectory: true } }],
    ['a dist-info in other spelling', { distInfo: 'Demo-1.0.dist-info' }],
    ['RECORD with sizes left out', { record: (lines) => lines.map((line) => line.replace(/,\d+$/, ',')) }],
    [
      'compressed tags in one line of WHEEL',
      {
        filename: 'demo-1.0-py2.py3-none-any.whl',
        wheel: 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py2.py3-none-any\n',
      },
    ],
    [
      'entry points',
      {
        entryPoints:
          '# scripts\n[console_scripts]\ndemo = demo:main\ndemo2=demo.x:Y.main [extra]\n\n[other.group]\nx = anything\n',
      },
    ],
  ];
  it.each(odd)('%s', async (_, options) => {
    await expect(check(makeWheel(options))).resolves.toMatchObject({ metadata: { version: '1.0' } });
  });

  it('a name in old spelling, where that is allowed', async () => {
    const old = makeWheel({ filename: 'De.mo-1.0-py3-none-any.whl', files: { 'demo.py': '' } });
    await expect(check(old, { requireNormalizedName: false })).resolves.toMatchObject({ name: { project: 'de-mo' } });
    await expect(check(old)).rejects.toThrow(/not with the normalised name "de_mo"/);
  });
});

describe('native files', () => {
  // A real one that is at hand: the database driver's.
  const readNative = () => readFile('node_modules/better-sqlite3/build/Release/better_sqlite3.node');
  const arch = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as 'x64'];
  const native = async (platform: string, bytes?: Buffer, folder = 'demo') =>
    makeWheel({
      filename: `demo-1.0-cp313-cp313-${platform}.whl`,
      files: { 'demo/__init__.py': '', [`${folder}/_native.abi3.so`]: bytes ?? (await readNative()) },
    });

  it('say which libraries they need', async () => {
    const facts = await check(await native(`manylinux_2_40_${arch}`));
    expect(facts).toMatchObject({
      grafted: [],
      needs: expect.arrayContaining(['libstdc++.so.6']),
    });
  });

  it('are grafted where they lie in the folder for that', async () => {
    const facts = await check(await native(`manylinux_2_40_${arch}`, undefined, 'demo.libs'));
    expect(facts.grafted).toEqual(['better_sqlite3.node']);
  });

  it('may not need a newer glibc than the tag promises', async () => {
    const message = /demo\/_native.abi3.so needs glibc 2\.\d+, which the tag manylinux/;
    await expect(check(await native(`manylinux2014_${arch}`))).rejects.toThrow(message);
    await expect(check(await native(`manylinux_2_40_${arch}.manylinux_2_17_${arch}`))).rejects.toThrow(message);
  });

  it('are data when they are for another machine', async () => {
    const bytes = await readNative();
    bytes.writeUInt16LE(22, 18);
    await expect(check(await native(`manylinux2014_${arch}`, bytes))).resolves.toMatchObject({ needs: [] });
  });

  it.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, 5000)],
    [
      'with segments that lead nowhere',
      (bytes: Buffer) => {
        bytes.writeUInt16LE(0xffff, 56);
        return bytes;
      },
    ],
  ])('are refused when they are %s', async (_, breakIt) => {
    const wheel = await native(`manylinux_2_40_${arch}`, breakIt(await readNative()));
    await expect(check(wheel)).rejects.toThrow(/a native file is broken/);
  });
});

describe('contents', () => {
  const without = (file: string) => (parts: ZipPart[]) => parts.filter((part) => !part.name.toString().endsWith(file));
  const faults: [string, RegExp, WheelOptions][] = [
    ['no METADATA', /METADATA is missing/, { change: without('METADATA') }],
    ['no WHEEL', /WHEEL is missing/, { change: without('WHEEL') }],
    ['no RECORD', /RECORD is missing/, { change: without('RECORD') }],
    ['no dist-info', /no .dist-info/, { change: () => [{ name: 'a.py', data: 'x' }] }],
    [
      'two dist-infos',
      /more than one .dist-info/,
      { change: addPart({ name: 'other-1.dist-info/METADATA', data: 'x' }) },
    ],
    ['dist-info of another project', /does not belong to demo 1.0/, { distInfo: 'other-1.0.dist-info' }],
    ['dist-info of another version', /does not belong to demo 1.0/, { distInfo: 'demo-2.0.dist-info' }],
    [
      'METADATA of another project',
      /METADATA says other 1.0/,
      { metadata: 'Metadata-Version: 2.1\nName: other\nVersion: 1.0\n' },
    ],
    [
      'METADATA of another version',
      /METADATA says demo 1.1/,
      { metadata: 'Metadata-Version: 2.1\nName: demo\nVersion: 1.1\n' },
    ],
    ['METADATA without a version', /Version is missing/, { metadata: 'Metadata-Version: 2.1\nName: demo\n' }],
    ['data of another project', /no folder that installers know/, { files: { 'other-1.0.data/scripts/x': '' } }],
    ['data for an unknown place', /no folder that installers know/, { files: { 'demo-1.0.data/etc/x': '' } }],
    ['WHEEL of an unknown format', /Wheel-Version 2.0/, wheelText(WHEEL.replace('1.0', '2.0'))],
    ['WHEEL without Root-Is-Purelib', /Root-Is-Purelib/, wheelText(WHEEL.replace('true', 'maybe'))],
    ['WHEEL without tags', /has the tags \(none\)/, wheelText(WHEEL.replace(/Tag:.*\n/, ''))],
    [
      'WHEEL with another tag',
      /has the tags py2-none-any; the file name says py3/,
      wheelText(WHEEL.replace('py3', 'py2')),
    ],
    ['WHEEL with more tags', /has the tags py2-none-any, py3-none-any/, wheelText(`${WHEEL}Tag: py2-none-any\n`)],
    [
      'WHEEL with another build',
      /Build 3; the file name says 2/,
      { filename: 'demo-1.0-2-py3-none-any.whl', ...wheelText(`${WHEEL}Build: 3\n`) },
    ],
    ['a plain linux tag', /linux_x86_64 may not be published/, { filename: 'demo-1.0-cp313-cp313-linux_x86_64.whl' }],
    [
      'a file that RECORD does not list',
      /"evil.py" is in the wheel but not in RECORD/,
      { change: addPart({ name: 'evil.py', data: 'x' }) },
    ],
    ['a file that only RECORD lists', /RECORD lists "demo.py", which is not/, { change: without('demo.py') }],
    ['a file with another hash', /"demo.py" has another sha256/, { change: first({ data: 'answer = 41\n' }) }],
    [
      'a file with another size in RECORD',
      /RECORD says 11/,
      { record: (lines) => lines.map((line) => line.replace(/,12$/, ',11')) },
    ],
    [
      'RECORD with a weak hash',
      /no sha256 or better \(md5/,
      { record: (lines) => lines.map((line) => line.replace('sha256=', 'md5=')) },
    ],
    [
      'RECORD without a hash',
      /"demo.py" no hash/,
      { record: (lines) => lines.map((line) => line.replace(/^demo.py,.*/, 'demo.py,,')) },
    ],
    ['RECORD with a line twice', /lists "demo.py" again/, { record: (lines) => [lines[0] as string, ...lines] }],
    ['RECORD with a broken line', /line 1 of .* has 1 columns/, { record: (lines) => ['demo.py', ...lines] }],
    [
      'a script outside its folder',
      /line 2 .*outside its folder/,
      { entryPoints: '[console_scripts]\n../../bin/sh = demo:main\n' },
    ],
    [
      'a script that refers to nothing',
      /must refer to module:object/,
      { entryPoints: '[console_scripts]\nx = demo\n' },
    ],
    [
      'an endless entry point',
      /it has \d+ characters/,
      { entryPoints: `[console_scripts]\nx = a:b${'['.repeat(1 << 20)}\n` },
    ],
    ['an endless line in RECORD', /has \d+ characters/, { record: () => [',"'.repeat(1 << 20)] }],
    [
      'endless tags in WHEEL',
      /more than 10000 tags/,
      wheelText(`${WHEEL}Tag: ${'a.'.repeat(999)}a-${'b.'.repeat(999)}b-any\n`),
    ],
    [
      'endless spaces in Requires-Python',
      /Requires-Python has \d+ characters/,
      { metadata: `Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Python: >${' '.repeat(1 << 20)}3\n` },
    ],
    ['an entry point before any group', /before any group/, { entryPoints: 'x = demo:main\n' }],
  ];
  it.each(faults)('%s', async (_, message, options) => {
    await expect(check(makeWheel(options))).rejects.toMatchObject({
      name: 'WheelwrightError',
      code: 'invalid',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/\.$/),
    });
  });
});
