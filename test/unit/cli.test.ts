import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { pipLine, reportBuild } from '../../cli/build-report.js';
import { reportError } from '../../cli/exit-code.js';
import { formatDuration, formatLibraries, formatPhases, formatSize, formatTable } from '../../cli/format.js';
import { readableLogLine } from '../../cli/service/log-line.js';
import { openTerminal } from '../../cli/terminal.js';
import type { Build } from '../../client/contract.js';
import { WheelwrightError } from '../../core/errors.js';

function build(more: Partial<Build> = {}): Build {
  return {
    id: 'b1',
    project: 'spam',
    version: '1.0',
    requirement: 'spam',
    target: {
      policy: 'manylinux_2_31',
      arch: 'x86_64',
      python: 'cp313',
      image: 'debian-11',
      builderDigest: 'd'.repeat(64),
    },
    channel: 'stable',
    status: 'succeeded',
    createdAt: '2026-11-24T10:00:00.000Z',
    sdist: { filename: 'spam-1.0.tar.gz', sha256: 'a'.repeat(64) },
    recipeDigest: 'r'.repeat(64),
    needs: [],
    attempts: [],
    files: [],
    warnings: [],
    ...more,
  } as Build;
}

function collect(stdoutIsTerminal: boolean) {
  const texts = { out: '', err: '' };
  const stream = (name: 'out' | 'err', isTTY: boolean) => {
    const through = Object.assign(new PassThrough(), { isTTY });
    through.on('data', (chunk: Buffer) => {
      texts[name] += chunk.toString();
    });
    return through as unknown as NodeJS.WriteStream;
  };
  const streams = { stdout: stream('out', stdoutIsTerminal), stderr: stream('err', false), environment: {} };
  return { terminal: openTerminal(streams), texts };
}

describe('format', () => {
  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1000, '1.0 s'],
    [59_949, '59.9 s'],
    [60_000, '1 min 00 s'],
    [3_725_000, '62 min 05 s'],
  ])('%d ms is %s', (durationMs, text) => {
    expect(formatDuration(durationMs)).toBe(text);
  });

  test.each([
    [999, '999 B'],
    [12_800, '12.8 kB'],
    [5_400_000, '5.4 MB'],
  ])('%d bytes are %s', (sizeBytes, text) => {
    expect(formatSize(sizeBytes)).toBe(text);
  });

  test('columns line up and nothing trails', () => {
    expect(
      formatTable([
        ['A', 'B'],
        ['long', ''],
      ]),
    ).toEqual(['A     B', 'long']);
  });

  test('phases that came twice are added up; one that never ended counts to the end of the attempt', () => {
    const at = (second: number) => new Date(second * 1000).toISOString();
    const phase = (name: string, from: number, to?: number) => ({
      phase: name,
      startedAt: at(from),
      ...(to === undefined ? {} : { finishedAt: at(to) }),
    });
    const phases = [phase('fetch', 0, 2), phase('build', 2, 3), phase('fetch', 3, 4), phase('build', 4)];
    const attempt = { phases, finishedAt: at(9) } as unknown as Build['attempts'][number];
    expect(formatPhases(attempt)).toBe('fetch 3.0 s, build 6.0 s');
  });

  test("libraries are named without auditwheel's hash", () => {
    expect(formatLibraries(['libpq-89ec2766.so.5.13', 'liblber-2-dfe6a708.4.so.2'])).toBe(
      'libpq.so.5.13, liblber-2.4.so.2',
    );
  });
});

describe('what is told of a build', () => {
  test('what the image must bring is said with the file', () => {
    const file = {
      filename: 'spam-1.0-cp313-cp313-x.whl',
      sha256: 'a',
      sizeBytes: 5,
      url: 'u',
      grafted: [],
      needs: ['libexpat.so.1'],
    };
    expect(reportBuild(build({ files: [file] }))).toContain('  the image must bring: libexpat.so.1');
    const wide = { ...file, cpu: 'x86-64-v3' as const };
    expect(reportBuild(build({ files: [wide] }))).toContain('  it may need a processor of the level x86-64-v3');
  });

  test('a build that failed without an attempt names what it needed', () => {
    expect(reportBuild(build({ status: 'failed', needs: ['b7'] })).join('\n')).toContain(
      'a build that it needs failed: b7',
    );
  });

  test('wheels of recipes that nobody approved are installed from /trial/simple/', () => {
    expect(pipLine('http://h:1', [build({ channel: 'trial' })])).toBe(
      'pip install --index-url http://h:1/trial/simple/ spam',
    );
    expect(pipLine('http://h:1', [build(), build()])).toBe('pip install --index-url http://h:1/simple/ spam');
  });
});

describe('the terminal', () => {
  test('without one, each change of a row is one line and a repetition none', () => {
    const { terminal, texts } = collect(false);
    const progress = terminal.progress();
    progress.set('spam', 'queued');
    progress.set('spam', 'build');
    progress.set('spam', 'build');
    progress.detail('spam', 'cc spam.c');
    progress.close();
    expect(texts.err).toBe('spam: queued\nspam: build\n');
    expect(texts.out).toBe('');
  });

  const hostile = 'a\u001b[31mred\u001b[0m\u001b]52;c;aGk=\u0007\u001b[2J\u009b2Jb\n';

  test('the log of a build keeps its colours and cannot command a terminal', () => {
    const { terminal, texts } = collect(true);
    terminal.writeLog(hostile);
    expect(texts.out).toBe('a\u001b[31mred\u001b[0m]52;c;aGk=[2J2Jb\n');
  });

  test('a log that goes into a file stays as it is', () => {
    const { terminal, texts } = collect(false);
    terminal.writeLog(hostile);
    expect(texts.out).toBe(hostile);
  });
});

describe('errors', () => {
  test.each([
    ['invalid', 2],
    ['unavailable', 3],
    ['not-found', 1],
    ['conflict', 1],
  ] as const)('%s exits %d', (code, exit) => {
    expect(reportError(new WheelwrightError(code, 'x'), collect(false).terminal, false)).toBe(exit);
  });

  test('what happened, each fault with its place, and the next step', () => {
    const { terminal, texts } = collect(false);
    const faults = [{ message: 'unknown key', path: 'sistem', line: 2, column: 1 }, { message: 'too long' }];
    reportError(
      new WheelwrightError('invalid', 'the recipe has faults', { hint: 'Mend them.', faults }),
      terminal,
      false,
    );
    expect(texts.err).toBe('error: the recipe has faults\n  line 2, column 1: unknown key\n  too long\nMend them.\n');
  });
});

describe("a program's log line", () => {
  test('is made readable', () => {
    const line = JSON.stringify({
      level: 40,
      time: 0,
      pid: 1,
      hostname: 'h',
      name: 'api',
      msg: 'slow',
      waitedMs: 5,
      err: { message: 'no' },
    });
    expect(readableLogLine(line)).toMatch(/^\d\d:\d\d:\d\d warn {2}slow \(no\) waitedMs=5$/);
  });

  test.each(['plain text', '{not json', '{"some":"json"}'])('%s stays as it is', (line) => {
    expect(readableLogLine(line)).toBe(line);
  });
});
