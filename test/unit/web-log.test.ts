import fc from 'fast-check';
import { expect, test } from 'vitest';
import { markPieces } from '../../web/src/log/line-marks.js';
import { formatLineRange, parseLineRange } from '../../web/src/log/line-range.js';
import { linePieces, plainText } from '../../web/src/log/line-text.js';
import { LogBuffer } from '../../web/src/log/log-buffer.js';
import { LogRows, sectionsOf } from '../../web/src/log/log-rows.js';
import { frameAt, ROW_PX, scrollTopOf } from '../../web/src/log/log-scroll.js';
import { LogSearch } from '../../web/src/log/log-search.js';
import { TimeIndex } from '../../web/src/log/time-index.js';
import { visibleBytes } from '../../web/src/log/visible-bytes.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const filled = (lines: readonly string[]) => {
  const buffer = new LogBuffer();
  for (const line of lines) buffer.appendLine(line);
  return buffer;
};

test('a log comes out as it went in, however the network cuts it', () => {
  const line = fc.string({ unit: 'binary', maxLength: 60 }).map((text) => text.replaceAll(/[\n\ud800-\udfff]/g, ' '));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 40 }), fc.array(fc.nat(50), { minLength: 1 }), (lines, cuts) => {
      const all = bytes(lines.map((each) => `${each}\n`).join(''));
      const buffer = new LogBuffer();
      for (let at = 0, turn = 0; at < all.length; turn += 1) {
        const size = 1 + (cuts[turn % cuts.length] ?? 0);
        buffer.append(all.subarray(at, at + size));
        at += size;
      }
      expect(Array.from({ length: buffer.lineCount }, (_, index) => buffer.line(index + 1))).toEqual(lines);
    }),
  );
});

test('lines longer than a block, and a million short ones, are found by number', () => {
  const long = 'x'.repeat(600_000);
  expect(filled(['a', long, 'b']).line(2)).toBe(long);
  const buffer = new LogBuffer();
  buffer.append(bytes(Array.from({ length: 1_000_000 }, (_, n) => `${n + 1}\n`).join('')));
  expect([buffer.lineCount, buffer.line(1), buffer.line(777_777), buffer.line(1_000_000)]).toEqual([
    1_000_000,
    '1',
    '777777',
    '1000000',
  ]);
  expect(buffer.line(1_000_001)).toBe('');
});

test('a line that was cut off by a lost connection is not kept', () => {
  const buffer = new LogBuffer();
  buffer.append(bytes('one\ntw'));
  buffer.dropRest();
  buffer.append(bytes('two\n'));
  expect([buffer.lineCount, buffer.line(2)]).toEqual([2, 'two']);
});

test('a search finds lines in either case, and goes on as the log grows', async () => {
  const buffer = filled(['nothing', 'An Error', 'fine', 'error: x']);
  const search = new LogSearch(buffer, 'error', () => {});
  await search.run();
  expect(search.matches).toEqual([2, 4]);
  buffer.appendLine('ERRORS');
  await search.run();
  expect(search.matches).toEqual([2, 4, 5]);
});

test('a search matches what is seen: across colours, and nothing that a terminal would not show', async () => {
  const lines = [
    '\u001b[1;31mfatal\u001b[0m error: x',
    '\u001b]0;fatal error\u0007fine',
    'fatal err\rdone',
    'fatal error',
  ];
  const search = new LogSearch(filled(lines), 'fatal error', () => {});
  await search.run();
  expect(search.matches).toEqual([1, 4]);
});

test('what is searched is what is shown, whatever commands stand in a line', () => {
  const command = fc.constantFrom(
    '\u001b[1;31m',
    '\u001b[m',
    '\u001b[?25l',
    '\u001b[2J',
    '\u001b[',
    '\u001b]0;title\u0007',
    '\u001b]8;;https://x.example\u001b\\',
    '\u001bPdata\u009c',
    '\u001b]open',
    '\u001b',
    '\r',
  );
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '7', ';', ' ', 'm', '[', 'é', '漢', '\t') });
  fc.assert(
    fc.property(fc.array(fc.oneof(command, text)), (parts) => {
      const line = parts.join('');
      expect(new TextDecoder().decode(visibleBytes(bytes(line)))).toBe(plainText(line));
    }),
    { numRuns: 2000 },
  );
});

test('a match is marked in every piece that it reaches over', () => {
  const marks = markPieces(linePieces('a \u001b[1;31mFatal\u001b[0m err, fatal err'), 'fatal err');
  expect(marks.map((parts) => parts.map(({ text, marked }) => (marked ? `<${text}>` : text)))).toEqual([
    ['a '],
    ['<Fatal>'],
    ['< err>', ', ', '<fatal err>'],
  ]);
});

test.each([
  ['plain', [['plain', '']]],
  [
    '\u001b[1;31mbad\u001b[0m ok',
    [
      ['bad', 'ansi-bold ansi-fg-red'],
      [' ok', ''],
    ],
  ],
  [
    'a\u001b[2J\u001b[10;5Hb',
    [
      ['a', ''],
      ['b', ''],
    ],
  ],
  ['\u001b]8;;https://evil.example\u001b\\x\u001b]8;;\u001b\\', [['x', '']]],
  ['10%\r20%\r', [['20%', '']]],
])('the pieces of %j', (line, pieces) => {
  expect(linePieces(line).map(({ text, className }) => [text, className])).toEqual(pieces);
});

test('characters that cannot be seen, or reorder others, are shown by their number', () => {
  expect(linePieces('a\u202eb\u200bc').map(({ text, control }) => control ?? text)).toEqual([
    'a',
    'U+202E',
    'b',
    'U+200B',
    'c',
  ]);
});

test('no line, whatever its bytes, yields text with a control character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (line) => {
      expect(plainText(line.replaceAll('\n', ''))).not.toMatch(
        /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/,
      );
    }),
  );
});

test('rows and lines lead to each other, with phases folded or not', () => {
  const phases = [
    { phase: 'fetch', firstLine: 3 },
    { phase: 'build', firstLine: 6 },
    { phase: 'repair', firstLine: 11 },
  ] as const;
  const rows = new LogRows(sectionsOf(phases, 10, new Set([0])), 10);
  const shown = Array.from({ length: rows.count }, (_, row) => {
    const each = rows.at(row);
    return each.kind === 'line' ? each.number : each.section.phase;
  });
  expect(shown).toEqual([1, 2, 'fetch', 'build', 6, 7, 8, 9, 10, 'repair']);
  expect([1, 4, 6, 10].map((line) => rows.ofLine(line))).toEqual([0, 2, 4, 8]);
  expect(new LogRows(sectionsOf([{ phase: 'fetch' }], 5, new Set()), 5).count).toBe(5);
});

test('every row of a log taller than a browser can scroll is reached', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3_000_000 }), fc.float({ min: 0, max: 1, noNaN: true }), (rows, part) => {
      const row = Math.min(rows - 1, Math.floor(part * rows));
      const { heightPx } = frameAt(0, 600, rows);
      expect(heightPx).toBeLessThanOrEqual(15_000_000);
      const top = Math.min(scrollTopOf(row, 600, rows, 'middle'), Math.max(0, heightPx - 600));
      const frame = frameAt(top, 600, rows);
      expect(frame.first).toBeLessThanOrEqual(row);
      expect(frame.end).toBeGreaterThan(row);
      const y = frame.offsetPx + (row - frame.first) * ROW_PX - top;
      expect(y).toBeGreaterThanOrEqual(-ROW_PX);
      expect(y).toBeLessThanOrEqual(600);
    }),
  );
});

test.each([
  ['#L10', { first: 10, last: 10 }],
  ['#L20-L10', { first: 10, last: 20 }],
  ['#L3-7', { first: 3, last: 7 }],
  ['#L0', undefined],
  ['#other', undefined],
])('the range of %s', (hash, range) => {
  expect(parseLineRange(hash)).toEqual(range);
  if (range !== undefined) expect(parseLineRange(formatLineRange(range))).toEqual(range);
});

test('the time of a line is that of the piece it came in', () => {
  const times = new TimeIndex();
  times.add(1, 100);
  times.add(50, 100);
  times.add(60, 200);
  times.add(10, 999);
  expect([1, 59, 60, 1000].map((line) => times.of(line))).toEqual([100, 100, 200, 200]);
  expect(new TimeIndex().of(1)).toBeUndefined();
});
