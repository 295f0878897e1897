import type { LogBuffer } from '../log/log-buffer.js';

/** Logs with more lines than this are not compared: it would hold up the page. */
export const MAX_COMPARED_LINES = 300_000;

/** Numbers of the lines of a log that are in no line of another, apart from numbers, hashes and temporary names in them. */
export function newLines(log: LogBuffer, other: LogBuffer): number[] {
  const known = new Set<string>();
  for (let number = 1; number <= other.lineCount; number += 1) known.add(essence(other.line(number)));
  const found: number[] = [];
  for (let number = 1; number <= log.lineCount; number += 1) {
    const line = essence(log.line(number));
    if (line !== '' && !known.has(line)) found.push(number);
  }
  return found;
}

/** A line without what differs from one run to the next. */
function essence(line: string): string {
  return line
    .slice(0, 400)
    .replaceAll(/\/tmp\/[\w./-]+/g, '/tmp')
    .replaceAll(/[0-9a-f]{8,}|\d+(\.\d+)*/g, '0')
    .trim();
}
