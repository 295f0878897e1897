import { closeSync, constants, fdatasync, openSync, writeSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { WheelwrightError } from '../../core/errors.js';
import type { LeaseRef, LogStore, Progress } from '../../core/store.js';
import { statOf } from './data-folder.js';
import { syncFolder } from './sync-folder.js';

/** One appended piece of a log: which lines (1-based) are which bytes of its file. */
export interface LogChunk {
  firstLine: number;
  lineCount: number;
  byteOffset: number;
  byteCount: number;
  at: number;
}

/** The rows that decide which bytes of a log's file count; kept in the database. */
export interface LogRows {
  last(attemptId: string): Promise<LogChunk | undefined>;
  /** Chunks that reach to `fromLine` or beyond, in order, at most `limit`. */
  from(attemptId: string, fromLine: number, limit: number): Promise<LogChunk[]>;
  /** @throws WheelwrightError `conflict` for a stale token, or when another chunk begins at that line. */
  add(lease: LeaseRef, chunk: LogChunk | undefined, more: Progress | undefined, now: number): Promise<void>;
  /** As {@link last}, for who writes. @throws WheelwrightError `conflict` for a stale token */
  lastUnder(lease: LeaseRef): Promise<LogChunk | undefined>;
  /** One chunk in the place of all that there are of an attempt. */
  replace(attemptId: string, chunk: LogChunk): Promise<void>;
}

const sync = promisify(fdatasync);

const CHUNKS_PER_QUERY = 50;

/**
 * Logs as files `<folder>/<attempt>.log`. Bytes are written and synced before their row, at the offset where the last row ends, so what a crash tore is
 * overwritten by the next append and was never shown.
 */
export async function openLogStore(folder: string, rows: LogRows): Promise<LogStore> {
  await mkdir(folder, { recursive: true });
  const pathOf = (attemptId: string) => join(folder, `${checkedId(attemptId)}.log`);
  const serially = createSerialiser();
  return {
    append: (lease, firstLine, text, now, more) =>
      serially(lease.attemptId, async () => {
        const tail = endOf(await rows.lastUnder(lease));
        const fresh = text === '' && more !== undefined ? '' : dropKnownLines(text, firstLine, tail.line);
        if (fresh === '') {
          if (more !== undefined) await rows.add(lease, undefined, more, now);
          return tail.line;
        }
        const bytes = Buffer.from(fresh);
        const lineCount = countLines(bytes);
        const written = writeAt(pathOf(lease.attemptId), bytes, tail.byteOffset);
        // Both at once, which a journal makes one write of.
        await Promise.all([written, tail.byteOffset === 0 && syncFolder(folder)]);
        const { line, byteOffset } = tail;
        const chunk = { firstLine: line, lineCount, byteOffset, byteCount: bytes.length, at: now };
        await rows.add(lease, chunk, more, now);
        return tail.line + lineCount;
      }),

    read: (attemptId, fromLine) => read(pathOf(attemptId), rows, attemptId, fromLine),

    async lineCount(attemptId) {
      return endOf(await rows.last(attemptId)).line - 1;
    },

    replace: (attemptId, text, now) =>
      serially(attemptId, async () => {
        const bytes = Buffer.from(text);
        const path = pathOf(attemptId);
        // Whoever reads the former file goes on doing so. Broken off before the rows are changed, it is simply done again.
        await writeAt(`${path}.new`, bytes, 0);
        await rename(`${path}.new`, path);
        await syncFolder(folder);
        const lines = { firstLine: 1, lineCount: countLines(bytes) };
        await rows.replace(attemptId, { ...lines, byteOffset: 0, byteCount: bytes.length, at: now });
      }),

    async strays(writtenBefore) {
      const strays: string[] = [];
      for (const name of await readdir(folder)) {
        // First, since it lets others have a turn between two of perhaps a million files.
        const file = await statOf(join(folder, name));
        if (file === undefined || file.mtimeMs >= writtenBefore) continue;
        const id = /^([0-9a-z]+)\.log$/.exec(name)?.[1];
        if (id === undefined || (await rows.last(id)) === undefined) strays.push(name);
      }
      return strays;
    },

    removeStray: (name) => rm(join(folder, name), { force: true }),
  };
}

/** Where the next line goes. */
function endOf(last: LogChunk | undefined): { line: number; byteOffset: number } {
  if (last === undefined) return { line: 1, byteOffset: 0 };
  return { line: last.firstLine + last.lineCount, byteOffset: last.byteOffset + last.byteCount };
}

/** The lines from `expected` on; empty when all of them are there already. @throws WheelwrightError `conflict` for a gap, `invalid` for a line without its end. */
function dropKnownLines(text: string, firstLine: number, expected: number): string {
  if (firstLine > expected) {
    throw new WheelwrightError('conflict', `the log continues at line ${expected}, not at line ${firstLine}`, {
      hint: `Lines ${expected} to ${firstLine - 1} are missing. Send again from line ${expected}.`,
    });
  }
  if (!text.endsWith('\n')) {
    throw new WheelwrightError('invalid', 'a piece of a log ends in the middle of a line', {
      hint: 'Send whole lines, each ended by a line feed.',
    });
  }
  return fromLineOn(text, expected - firstLine);
}

/** The text without its first `count` lines. */
function fromLineOn(text: string, count: number): string {
  let start = 0;
  for (let dropped = 0; dropped < count; dropped++) {
    const end = text.indexOf('\n', start);
    if (end < 0) return '';
    start = end + 1;
  }
  return text.slice(start);
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}

async function writeAt(path: string, bytes: Buffer, offset: number): Promise<void> {
  // Only the sync waits for the disk: the rest touches the page cache, and its way to the thread pool and back would take longer than it does.
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  try {
    for (let written = 0; written < bytes.length; ) {
      written += writeSync(file, bytes, written, bytes.length - written, offset + written);
    }
    await sync(file);
  } finally {
    closeSync(file);
  }
}

async function* read(path: string, rows: LogRows, attemptId: string, fromLine: number) {
  let line = fromLine;
  for (;;) {
    const chunks = await rows.from(attemptId, line, CHUNKS_PER_QUERY);
    const wanted = chunks.filter((chunk) => chunk.firstLine + chunk.lineCount > line);
    if (wanted.length === 0) return;
    const handle = await open(path, 'r');
    try {
      for (const chunk of wanted) {
        const bytes = Buffer.alloc(chunk.byteCount);
        await handle.read(bytes, 0, chunk.byteCount, chunk.byteOffset);
        const text = fromLineOn(bytes.toString('utf8'), line - chunk.firstLine);
        yield { firstLine: line, text, at: chunk.at };
        line = chunk.firstLine + chunk.lineCount;
      }
    } finally {
      await handle.close();
    }
  }
}

/** Runs the tasks of one key one after the other, and those of different keys side by side. */
function createSerialiser() {
  const tails = new Map<string, Promise<unknown>>();
  return async <T>(key: string, task: () => Promise<T>): Promise<T> => {
    const before = tails.get(key) ?? Promise.resolve();
    const result = before.then(task, task);
    tails.set(key, result);
    try {
      return await result;
    } finally {
      if (tails.get(key) === result) tails.delete(key);
    }
  };
}

/** Ids become part of a path. */
function checkedId(attemptId: string): string {
  if (!/^[0-9a-z]+$/.test(attemptId)) {
    throw new WheelwrightError('not-found', `there is no attempt ${JSON.stringify(attemptId.slice(0, 80))}`);
  }
  return attemptId;
}
