import { describe, expect, it } from 'vitest';
import { addPart, check, first } from '../support/wheel-check.js';
import { makeWheel, type WheelOptions } from '../support/wheel-maker.js';
import { zip64Extra } from '../support/zip-maker.js';

describe('framing', () => {
  const junk = Buffer.from('junk');
  const unicodePath = Buffer.concat([Buffer.from([0x75, 0x70, 9, 0, 1, 0, 0, 0, 0]), Buffer.from('x.py')]);
  const faults: [string, RegExp, WheelOptions][] = [
    ['data before the archive', /data before the archive/, { frame: { prefix: junk, prepended: true } }],
    [
      'data before the archive that offsets count',
      /4 bytes before its entry "demo.py" belong to nothing/,
      { frame: { prefix: junk } },
    ],
    ['data after the archive', /comment or other data after its end/, { frame: { suffix: junk } }],
    ['a comment', /comment or other data after its end/, { frame: { comment: 'hello' } }],
    [
      'data before the directory',
      /4 bytes before its directory belong to nothing/,
      { frame: { beforeDirectory: junk } },
    ],
    ['data inside the directory', /more than the 4 entries/, { frame: { insideDirectory: junk } }],
    ['data before the end', /directory is not where its end says/, { frame: { beforeEnd: junk } }],
    [
      'data between entries',
      /4 bytes before its entry "demo-1.0.dist-info\/WHEEL" belong to nothing/,
      {
        change: (parts) => parts.map((part, n) => (n === 2 ? { ...part, gap: junk } : part)),
      },
    ],
    ['too few entries announced', /more than the 3 entries/, { frame: { extraCount: -1 } }],
    ['too many entries announced', /breaks off after 4 of 5/, { frame: { extraCount: 1 } }],
    ['several volumes', /several volumes/, { frame: { disk: 1 } }],
    ['a part on another volume', /on another volume/, { change: first({ disk: 1 }) }],
    ['two ends that differ in the count', /64-bit end|two ends/, { frame: { end64: { count: 3 } } }],
    ['two ends that differ in the size', /64-bit end|two ends/, { frame: { end64: { size: 3 } } }],
    ['a data descriptor', /data descriptor/, { change: first({ flags: 8 }) }],
    ['encryption', /encrypted/, { change: first({ flags: 1 }) }],
    ['unknown flags', /flags \(8192\)/, { change: first({ flags: 0x2000 }) }],
    ['another compression', /method 12/, { change: first({ method: 12 }) }],
    ['a comment on an entry', /"demo.py" has a comment/, { change: first({ comment: 'x' }) }],
    ['the same name twice', /holds "demo.py" twice/, { change: addPart({ name: 'demo.py', data: 'evil' }) }],
    ['a file in a file', /"demo.py\/x.py" lies in "demo.py", which is/, { change: addPart({ name: 'demo.py/x.py' }) }],
    ['a file deep in a file', /lies in "demo.py", which/, { change: addPart({ name: 'demo.py/a/b/x.py' }) }],
    ['a file and a folder of one name', /holds "demo.py" twice/, { change: addPart({ name: 'demo.py/' }) }],
    [
      'overlapping entries',
      /overlaps|belong to nothing|no header of its own/,
      { change: (parts) => parts.map((part, n) => (n === 2 ? { ...part, shift: -3 } : part)) },
    ],
    [
      'a local header with another name',
      /another name in its header/,
      { change: first({ local: { name: 'evil.py' } }) },
    ],
    ['a local header with another size', /another size/, { change: first({ local: { sizeBytes: 5 } }) }],
    [
      'a local header with another compressed size',
      /another compressed size/,
      { change: first({ local: { compressedBytes: 5 } }) },
    ],
    ['a local header with another checksum', /another checksum/, { change: first({ local: { crc: 5 } }) }],
    ['a local header with another method', /another method/, { change: first({ local: { method: 0 } }) }],
    ['a local header with other flags', /another flags/, { change: first({ local: { flags: 0x800 } }) }],
    [
      'a 64-bit size that is missing',
      /lacks the 64-bit value/,
      { change: first({ local: { sizeBytes: 0xffffffff } }) },
    ],
    [
      'two 64-bit fields',
      /two 64-bit extra fields/,
      { change: first({ extra: Buffer.concat([zip64Extra(1), zip64Extra(2)]) }) },
    ],
    ['a second name in an extra field', /second name/, { change: first({ extra: unicodePath }) }],
    ['a broken extra field', /broken extra field/, { change: first({ extra: Buffer.from([1, 0, 99, 0]) }) }],
    ['a name that is not UTF-8', /is not UTF-8/, { change: first({ name: Buffer.from('d\xe9mo.py', 'latin1') }) }],
    ['a name not marked as UTF-8', /not marked as UTF-8/, { change: first({ name: 'démo.py', flags: 0 }) }],
    ['a stored entry with two sizes', /stored, yet has two sizes/, { change: first({ method: 0, sizeBytes: 3 }) }],
    ['a wrong checksum', /checksum does not match/, { change: first({ crc: 1 }) }],
    ['data longer than announced', /longer than the 3 bytes announced/, { change: first({ sizeBytes: 3 }) }],
    ['data shorter than announced', /12 bytes where 100 are announced/, { change: first({ sizeBytes: 100 }) }],
    ['data behind the compressed data', /more behind its compressed data/, { change: first({ behind: junk }) }],
    ['a symbolic link', /link or a device/, { change: first({ mode: 0o120777 }) }],
    ['a folder with content', /directory with content/, { change: addPart({ name: 'x/', data: 'y' }) }],
  ];
  it.each(faults)('%s', async (_, message, options) => {
    await expect(check(makeWheel(options))).rejects.toThrow(message);
  });

  it('compressed data that is none', async () => {
    const wheel = makeWheel();
    wheel.bytes.fill(0xff, 30 + 'demo.py'.length, 42);
    await expect(check(wheel)).rejects.toThrow(/compressed data cannot be read/);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a text', Buffer.from('<!DOCTYPE html><p>Bad gateway</p>'.repeat(10))],
    ['the first half of a wheel', makeWheel().bytes.subarray(0, 300)],
  ])('%s is no archive', async (_, bytes) => {
    await expect(check({ filename: 'demo-1.0-py3-none-any.whl', bytes })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(/not a ZIP archive/),
      hint: expect.stringMatching(/Send it again/),
    });
  });
});

describe('paths', () => {
  it.each([
    ['../evil.py', /leads out/],
    ['a/../../evil.py', /leads out/],
    ['/etc/evil', /absolute/],
    ['C:/evil', /absolute/],
    ['a\\b.py', /backslash/],
    ['a//b.py', /empty part/],
    ['./a.py', /empty part/],
    ['a\nb.py', /control characters/],
    ['a\x00b.py', /control characters/],
    [`${'x'.repeat(256)}.py`, /longer than 255/],
  ])('%j', async (name, message) => {
    await expect(check(makeWheel({ change: addPart({ name, data: 'x' }) }))).rejects.toThrow(message);
  });
});

describe('size', () => {
  it('refuses a bomb before it expands it', async () => {
    const bomb = makeWheel({ files: { 'zeros.bin': Buffer.alloc(80 << 20) } });
    await expect(check(bomb)).rejects.toThrow(/expands to 838\d+, \d+ times as much/);
  });

  it('refuses a bomb that lies about its size', async () => {
    const change = first({ sizeBytes: 1000 });
    const bomb = makeWheel({ files: { 'zeros.bin': Buffer.alloc(80 << 20) }, change });
    await expect(check(bomb)).rejects.toThrow(/longer than the 1000 bytes announced/);
  });

  it('keeps the limits given', async () => {
    const wheel = makeWheel();
    await expect(check(wheel, { limits: { maxEntries: 3 } })).rejects.toThrow(/4 entries, more than 3/);
    await expect(check(wheel, { limits: { maxExpandedBytes: 100 } })).rejects.toThrow(/expands to/);
  });
});
