const LEVELS: Record<number, string> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };
/** Fields that say nothing to someone watching a terminal. */
const HIDDEN = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'program', 'name', 'err']);

/** A line of a program's structured log for reading: `17:28:03 info  listening url=http://127.0.0.1:8080`. Other lines stay as they are. */
export function readableLogLine(line: string): string {
  const entry = parseEntry(line);
  if (entry === undefined) return line;
  const fields = Object.entries(entry)
    .filter(([name, value]) => !HIDDEN.has(name) && value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
  const time = new Date(Number(entry.time)).toTimeString().slice(0, 8);
  const level = (LEVELS[Number(entry.level)] ?? String(entry.level)).padEnd(5);
  const error = entry.err as { message?: string } | undefined;
  const fault = error?.message === undefined || entry.msg === error.message ? [] : [`(${error.message})`];
  return [time, level, String(entry.msg ?? ''), ...fault, ...fields].join(' ').trimEnd();
}

function parseEntry(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry: unknown = JSON.parse(line);
    return typeof entry === 'object' && entry !== null && 'level' in entry && 'time' in entry
      ? (entry as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
