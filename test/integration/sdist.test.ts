import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip, gzipSync } from 'node:zlib';
import tar from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPkgInfo, sdistTar, sdistTexts } from '../../adapters/archive/sdist.js';
import { makeZip } from '../support/zip-maker.js';

const run = promisify(execFile);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sdist-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

type Entry = Partial<tar.Header> & { name: string; data?: string | Buffer };

let count = 0;
async function write(bytes: Buffer): Promise<string> {
  const path = join(folder, `${count++}.tmp`);
  await writeFile(path, bytes);
  return path;
}

async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const pack = tar.pack();
  for (const { data, ...header } of entries) pack.entry(header, data ?? '');
  pack.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of Readable.from(pack)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const sdist = async (entries: readonly Entry[]) => write(gzipSync(await tarOf(entries)));

/** Unpacks by the system's tar, an independent reader. */
async function unpack(path: string): Promise<string> {
  const to = `${path}.d`;
  await mkdir(to);
  await pipeline(sdistTar(path), createWriteStream(`${path}.tar`));
  // Bytes in memory are read as a file is.
  expect((await buffer(sdistTar(await readFile(path)))).equals(await readFile(`${path}.tar`))).toBe(true);
  await run('tar', ['-C', to, '--no-same-owner', '-xf', `${path}.tar`]);
  return to;
}

const drained = async (stream: Readable) => {
  for await (const _ of stream);
};

const mtime = new Date('2024-05-06T07:08:09Z');
const sound: Entry[] = [
  { name: 'demo-1.0/', type: 'directory', mode: 0o700 },
  { name: 'demo-1.0/PKG-INFO', data: 'Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n', mtime: new Date(0) },
  { name: 'demo-1.0/pyproject.toml', data: '[build-system]\n', mtime },
  { name: 'demo-1.0/setup.py', data: 'import setuptools\n', mode: 0o6777, uid: 501, mtime: new Date(0) },
  { name: 'demo-1.0/src/rust/Cargo.lock', data: '', mtime: new Date(0) },
  { name: 'demo-1.0/src/demo.c', data: Buffer.alloc(1 << 20, 'x'), mode: 0o600, mtime: new Date(0) },
  { name: 'demo-1.0/src/link.c', type: 'symlink', linkname: '../src/demo.c' },
  { name: 'demo-1.0/src/hard.c', type: 'link', linkname: 'demo-1.0/src/demo.c' },
];

describe('a sound sdist', () => {
  it('gives the texts that are wanted, except what is too long to have been written by a person', async () => {
    const asked: string[] = [];
    const texts = await sdistTexts(await sdist(sound), (path) => {
      asked.push(path);
      return /\.(?:c|py)$/.test(path);
    });
    expect(texts).toEqual([{ path: 'setup.py', text: 'import setuptools\n' }]);
    expect(asked).toContain('src/demo.c');
  });

  it('says what it is', async () => {
    const deeper = [...sound, { name: 'demo-1.0/demo.egg-info/PKG-INFO', data: 'Name: other' }];
    expect(await readPkgInfo(await sdist(deeper))).toBe('Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n');
    expect(await readPkgInfo(await sdist(sound.filter(({ name }) => !name.endsWith('PKG-INFO'))))).toBeUndefined();
  });

  it('comes out without its top folder, owned by the build user, with clean modes', async () => {
    const path = await sdist(sound);
    const headers: Record<string, Partial<tar.Header>> = {};
    const extract = tar.extract();
    extract.on('entry', (header, stream, next) => {
      headers[header.name] = header;
      stream.on('end', () => next());
      stream.resume();
    });
    await pipeline(sdistTar(path), extract);
    expect(Object.keys(headers)).toEqual([
      'PKG-INFO',
      'pyproject.toml',
      'setup.py',
      'src',
      'src/rust',
      'src/rust/Cargo.lock',
      'src/demo.c',
      'src/link.c',
      'src/hard.c',
    ]);
    expect(headers['setup.py']).toMatchObject({ mode: 0o755, uid: 1000, gid: 1000 });
    expect(headers['src/demo.c']).toMatchObject({ mode: 0o644, size: 1 << 20, mtime: new Date(0) });
    expect(headers.src).toMatchObject({ type: 'directory', mode: 0o755, uid: 1000 });
    expect(headers['src/hard.c']).toMatchObject({ type: 'link', linkname: 'src/demo.c' });

    const unpacked = await unpack(path);
    expect((await readFile(join(unpacked, 'src/link.c'))).equals(Buffer.alloc(1 << 20, 'x'))).toBe(true);
    expect((await stat(join(unpacked, 'src/hard.c'))).nlink).toBe(2);
  });

  it.each([
    ['a leading ./', sound.map((entry) => ({ ...entry, name: `./${entry.name}` }))],
    ['what macOS adds', [{ name: '._demo-1.0', data: 'x' }, ...sound]],
    [
      'folders without their type',
      sound.map((entry) => (entry.type === 'directory' ? { ...entry, type: 'file' as const } : entry)),
    ],
    ['a file twice', [...sound, { name: 'demo-1.0/setup.py', data: 'again' }]],
    ['long names', [...sound, { name: `demo-1.0/${'long/'.repeat(60)}file`, data: 'x' }]],
  ])('may have %s', async (_, entries) => {
    const path = await sdist(entries);
    expect(await readPkgInfo(path)).toContain('Name: demo');
    expect(await readdir(await unpack(path))).toContain('setup.py');
  });

  it('may begin with a global header, as git writes it', async () => {
    const block = await tarOf([{ name: 'pax_global_header', data: '19 comment=abcdefg\n' }]);
    block.write('g', 156);
    const sum = block.subarray(0, 512).reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const path = await write(Buffer.concat([block.subarray(0, 1024), await tarOf(sound)]));
    expect(await readPkgInfo(path)).toContain('Name: demo');
  });

  it('may be a plain tar or a ZIP file', async () => {
    expect(await readPkgInfo(await write(await tarOf(sound)))).toContain('Name: demo');
    const zip = makeZip([
      { name: 'demo-1.0/', mode: 0o040755 },
      { name: 'demo-1.0/PKG-INFO', data: 'Name: demo' },
      { name: 'demo-1.0/src/run.sh', data: 'exit\n', mode: 0o100755 },
    ]);
    const path = await write(zip);
    expect(await readPkgInfo(path)).toBe('Name: demo');
    expect((await stat(join(await unpack(path), 'src/run.sh'))).mode & 0o777).toBe(0o755);
  });
});

describe('is refused', () => {
  const file = (name: string): Entry => ({ name, data: 'x' });
  const link = (name: string, linkname: string): Entry => ({ name, type: 'symlink', linkname });
  const hard = (name: string, linkname: string): Entry => ({ name, type: 'link', linkname });
  const faults: [string, RegExp, Entry[]][] = [
    ['an absolute path', /absolute/, [file('/etc/passwd')]],
    ['a path that escapes', /leads out of the archive/, [file('demo-1.0/../../evil')]],
    ['a path that escapes at once', /leads out of the archive/, [file('../evil')]],
    ['a path with control characters', /control characters/, [file('demo-1.0/a\nb')]],
    ['a link to an absolute path', /which is absolute/, [link('demo-1.0/x', '/etc/passwd')]],
    ['a link that escapes', /leads out of the archive/, [link('demo-1.0/x', '../../../etc/passwd')]],
    ['a link to the folder above', /leads out of the archive/, [link('demo-1.0/x', '..')]],
    [
      'a link that escapes through another',
      /down and then up/,
      [link('demo-1.0/a/b/c', '../..'), link('demo-1.0/a/b/d', 'c/../x')],
    ],
    [
      'a file below a link',
      /something below "x", which is a symlink/,
      [link('demo-1.0/x', 'y'), file('demo-1.0/x/evil')],
    ],
    [
      'a file in place of a link',
      /"x" is in it as a symlink and again as a file/,
      [link('demo-1.0/x', 'y'), file('demo-1.0/x')],
    ],
    [
      'a link in place of a folder',
      /as a directory and again as a symlink/,
      [file('demo-1.0/x/y'), link('demo-1.0/x', 'z')],
    ],
    ['a hard link out of the archive', /no file before it/, [hard('demo-1.0/x', '/etc/passwd')]],
    ['a hard link to a link', /no file before it/, [link('demo-1.0/y', 'z'), hard('demo-1.0/x', 'demo-1.0/y')]],
    ['a hard link to what comes later', /no file before it/, [hard('demo-1.0/x', 'demo-1.0/y'), file('demo-1.0/y')]],
    ['an endless path', /path of more than 4000/, [file(`demo-1.0/${'/'.repeat(5000)}x`)]],
    ['a device', /is a device/, [{ name: 'demo-1.0/x', type: 'character-device', devmajor: 1, devminor: 3 }]],
    ['a pipe', /is a device, a pipe/, [{ name: 'demo-1.0/x', type: 'fifo' }]],
    [
      'a second top-level folder',
      /"other" beside its top-level folder "demo-1.0"/,
      [file('demo-1.0/a'), file('other/b')],
    ],
    ['a top-level file', /is "setup.py", which is no folder/, [file('setup.py')]],
    ['nothing', /it is empty/, []],
    [
      'an enormous PKG-INFO',
      /PKG-INFO in the source archive has/,
      [{ name: 'demo-1.0/PKG-INFO', data: Buffer.alloc(5 << 20) }],
    ],
  ];
  it.each(faults)('%s', async (name, message, entries) => {
    const path = await sdist(entries);
    await expect(readPkgInfo(path)).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/\.$/),
    });
    if (!name.startsWith('an enormous')) await expect(drained(sdistTar(path))).rejects.toThrow(message);
  });

  it.each([
    ['an error page', Buffer.from('<!DOCTYPE html>'), /is not an archive/],
    ['nothing', Buffer.alloc(0), /is not an archive/],
    ['bzip2', Buffer.from('BZh91AY&SY'), /compressed with bzip2/],
    ['xz', Buffer.from('\xfd7zXZ\x00', 'latin1'), /compressed with xz/],
    ['gzip of something else', gzipSync('hello, this is no tar at all '.repeat(50)), /is broken/],
    ['what only begins like gzip', Buffer.from('\x1f\x8bnothing more than this', 'latin1'), /is broken/],
  ])('what is no archive: %s', async (_, bytes, message) => {
    await expect(readPkgInfo(await write(bytes))).rejects.toThrow(message);
  });

  it('an archive cut off in the middle', async () => {
    const whole = gzipSync(
      await tarOf([
        ...sound,
        { name: 'demo-1.0/noise', data: Buffer.from(Array.from({ length: 9999 }, (_, n) => (n * n) % 251)) },
      ]),
    );
    await expect(readPkgInfo(await write(whole.subarray(0, whole.length - 400)))).rejects.toThrow(
      /is broken: unexpected end/,
    );
    const plain = await tarOf(sound);
    await expect(readPkgInfo(await write(plain.subarray(0, 2000)))).rejects.toThrow(/is broken/);
  });

  it('more entries or bytes than the limits allow', async () => {
    const limits = { maxEntries: 5, maxExpandedBytes: 4 * 2 ** 30 };
    await expect(readPkgInfo(await sdist(sound), limits)).rejects.toThrow(/more than 5 entries/);
    const small = { maxEntries: 100, maxExpandedBytes: 1 << 20 };
    await expect(readPkgInfo(await sdist(sound), small)).rejects.toThrow(/expands to more than 1048576/);
  });

  it('a bomb of 50 GB, after a fraction of it', async () => {
    const path = join(folder, 'bomb.tar.gz');
    // A header that announces 50 GB, and as many zeros as a small file holds of them.
    const pack = tar.pack();
    const header = pack.entry({ name: 'demo-1.0/zeros', size: 50 * 10 ** 9 });
    header.on('error', () => {});
    const head = Buffer.from(
      await Readable.from(pack)
        .take(1)
        .toArray()
        .then(([chunk]) => chunk as Uint8Array),
    );
    const zeros = Buffer.alloc(1 << 20);
    const blocks = function* () {
      yield head;
      for (let n = 0; n < 150; n++) yield zeros;
    };
    await pipeline(Readable.from(blocks()), createGzip({ level: 1 }), createWriteStream(path));
    await expect(readPkgInfo(path)).rejects.toThrow(/expands to more than/);
    await expect(drained(sdistTar(path))).rejects.toThrow(/expands to more than/);
    expect(process.memoryUsage().rss).toBeLessThan(1 << 30);
  });
});
