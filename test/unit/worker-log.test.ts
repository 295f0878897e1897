import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { AttemptLog, type LogMarks } from '../../worker/attempt-log.js';

function open(append: (firstLine: number, text: string) => Promise<void>, limitBytes = 1e9) {
  const lines: string[] = [];
  const log = new AttemptLog({
    append,
    limitBytes,
    onLine: (text, number) => {
      expect(number).toBe(lines.length + 1);
      lines.push(text);
    },
  });
  return { log, lines };
}

it('stores every line once, in order, under its number, however the output is cut', async () => {
  const texts = fc.array(fc.string({ unit: 'binary', maxLength: 30 }), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 1, max: 7 }), async (parts, size) => {
      let stored = '';
      const { log, lines } = open(async (firstLine, text) => {
        expect(firstLine).toBe(stored.split('\n').length);
        stored += text;
      });
      const bytes = Buffer.from(parts.join('\n'));
      for (let at = 0; at < bytes.length; at += size) await log.write(bytes.subarray(at, at + size));
      await log.flush();
      expect(stored).toBe(lines.map((line) => `${line}\n`).join(''));
      const text = bytes.toString('utf8');
      const whole = text === '' || text.endsWith('\n') ? text : `${text}\n`;
      expect(stored).toBe(whole.replaceAll('\r\n', '\n'));
    }),
    // What a random text seldom has: a last line of a carriage return alone, and byte order marks.
    {
      examples: [
        [['\r'], 1],
        [['a', '\r'], 7],
        [['\ufeffa', '\ufeff'], 2],
      ],
    },
  );
});

it('makes the writer wait while nothing can be stored, and holds a bounded amount', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { log } = open(() => held);
  const chunk = Buffer.from(`${'x'.repeat(999)}\n`.repeat(64));
  let written = 0;
  const writing = (async () => {
    for (let turn = 0; turn < 100; turn += 1) {
      await log.write(chunk);
      written += chunk.length;
    }
  })();
  await new Promise((resolve) => setImmediate(resolve));
  for (let turn = 0; turn < 1000; turn += 1) await Promise.resolve();
  expect(written).toBeLessThan(2_000_000);
  release();
  await writing;
  await log.flush();
  expect(log.lineCount).toBe(6400);
});

it('breaks a line without an end up instead of keeping it', async () => {
  let longest = 0;
  const { log } = open(async (_firstLine, text) => {
    for (const line of text.split('\n')) longest = Math.max(longest, line.length);
  });
  for (let turn = 0; turn < 50; turn += 1) await log.write(Buffer.from('y'.repeat(50_000)));
  await log.flush();
  expect(longest).toBe(64 * 1024);
});

it('says stop past the limit', async () => {
  const { log } = open(async () => undefined, 10);
  expect(await log.write(Buffer.from('12345\n'))).toBe('continue');
  expect(await log.write(Buffer.from('67890\n'))).toBe('stop');
});

it('tells every later call that a batch could not be stored', async () => {
  const { log } = open(async () => {
    throw new Error('the lease is gone');
  });
  log.say('one');
  await expect(log.flush()).rejects.toThrow('the lease is gone');
  await expect(log.write(Buffer.from('two\n'))).rejects.toThrow('the lease is gone');
});

it('sends the begin of a phase with the lines that follow at once, and in time where none do', async () => {
  const sent: [text: string, phases: LogMarks['phases']][] = [];
  const append = async (_firstLine: number, text: string, { phases }: LogMarks) => {
    sent.push([text, phases]);
  };
  const log = new AttemptLog({ append, limitBytes: 1e9, onLine: () => undefined });
  log.enterPhase('fetch');
  log.say('one');
  log.enterPhase('build');
  await log.flush();
  expect(sent).toEqual([
    [
      '[wheelwright] one\n',
      [
        { seq: 1, phase: 'fetch', firstLine: 1, at: expect.any(Number) },
        { seq: 2, phase: 'build', firstLine: 2, at: expect.any(Number) },
      ],
    ],
  ]);
  log.enterPhase('repair');
  await vi.waitFor(() => expect(sent[1]).toMatchObject(['', [{ seq: 3, phase: 'repair' }]]));
});

it('leaves a short rest to the call that ends the attempt, and sends a long one itself', async () => {
  const sent: string[] = [];
  let arrive: () => void = () => undefined;
  const { log } = open(async (_firstLine, text) => {
    sent.push(text);
    await new Promise<void>((resolve) => {
      arrive = resolve;
    });
  });
  expect(await log.rest()).toBeUndefined();
  const long = `${'x'.repeat(300 * 1024)}\n`;
  await log.write(Buffer.from(long));
  log.enterPhase('publish');
  log.say('last');
  const rest = log.rest();
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  arrive();
  expect(await rest).toMatchObject({
    text: '[wheelwright] last\n',
    marks: { phases: [{ seq: 1, phase: 'publish' }], inputs: [] },
  });
  // Nothing of it is sent a second time.
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(sent).toHaveLength(1);
});
