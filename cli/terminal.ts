// Results go to stdout, everything else to stderr, so that output can be piped.
import { styleText } from 'node:util';
import { createLogUpdate } from 'log-update';
import { cleanLine } from '../core/diagnosis/log-line.js';
import { formatDuration } from './format.js';

export interface Terminal {
  /** A line of the result. */
  print(line?: string): void;
  /** A piece of the log of a build: as it is, but on a terminal without anything except colours that a terminal would obey. */
  writeLog(text: string): void;
  /** The result as one JSON document. */
  printJson(value: unknown): void;
  /** A line for the person watching. */
  note(line: string): void;
  /** Starts a display of things under way; one at a time. */
  progress(): Progress;
  /** Styles text for stderr where that is a terminal. */
  style(format: Parameters<typeof styleText>[0], text: string): string;
}

/** Rows of things under way: redrawn on a terminal, a line per change elsewhere. */
export interface Progress {
  /** What a row is doing now; the first call adds the row. */
  set(row: string, state: string): void;
  /** The newest line of output behind a row; shown on a terminal, and elsewhere only now and then. */
  detail(row: string, line: string): void;
  /** The row is over; its line stays. */
  end(row: string, state: string, outcome: 'good' | 'bad'): void;
  close(): void;
}

export interface TerminalStreams {
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  environment: Readonly<Record<string, string | undefined>>;
}

const REDRAW_MS = 120;
/** Without a terminal, how long a row may stay silent before it says that it is still alive. */
const ALIVE_MS = 30_000;
const FRAMES = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';

export function openTerminal({ stdout, stderr, environment }: TerminalStreams): Terminal {
  const live = stderr.isTTY === true && environment.TERM !== 'dumb' && !environment.CI;
  const style: Terminal['style'] = (format, text) =>
    live && environment.NO_COLOR === undefined ? styleText(format, text) : text;
  const note = (line: string) => void stderr.write(`${line}\n`);
  return {
    print: (line = '') => void stdout.write(`${line}\n`),
    writeLog: (text) => void stdout.write(stdout.isTTY ? withoutCommands(text) : text),
    printJson: (value) => void stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    note,
    style,
    progress: () => (live ? liveProgress(stderr, style) : plainProgress(note)),
  };
}

interface Row {
  state: string;
  detail: string;
  since: number;
  changed: number;
}

function liveProgress(stderr: NodeJS.WriteStream, style: Terminal['style']): Progress {
  const rows = new Map<string, Row>();
  const update = createLogUpdate(stderr);
  let frame = 0;
  const draw = () => {
    frame += 1;
    const spinner = FRAMES[frame % FRAMES.length] ?? '';
    const width = (stderr.columns ?? 80) - 1;
    const lines = [...rows].flatMap(([name, { state, detail, since }]) => [
      `${style('cyan', spinner)} ${style('bold', name)}  ${state} ${style('dim', formatDuration(Date.now() - since))}`,
      ...(detail === '' ? [] : [style('dim', `    ${detail.slice(0, width - 4)}`)]),
    ]);
    update(lines.join('\n'));
  };
  const timer = setInterval(draw, REDRAW_MS);
  const above = (line: string) => {
    update.clear();
    stderr.write(`${line}\n`);
    draw();
  };
  return {
    set: (name, state) => {
      const now = Date.now();
      rows.set(name, { state, detail: '', since: rows.get(name)?.since ?? now, changed: now });
    },
    detail: (name, line) => {
      const row = rows.get(name);
      if (row !== undefined) row.detail = cleanLine(line);
    },
    end: (name, state, outcome) => {
      const since = rows.get(name)?.since ?? Date.now();
      rows.delete(name);
      const mark = outcome === 'good' ? style('green', '✔') : style('red', '✖');
      above(`${mark} ${style('bold', name)}  ${state} ${style('dim', formatDuration(Date.now() - since))}`);
    },
    close: () => {
      clearInterval(timer);
      update.clear();
      update.done();
    },
  };
}

function plainProgress(note: (line: string) => void): Progress {
  const rows = new Map<string, Row>();
  const timer = setInterval(() => {
    const now = Date.now();
    for (const [name, row] of rows) {
      if (now - row.changed < ALIVE_MS) continue;
      row.changed = now;
      const detail = row.detail === '' ? '' : `: ${row.detail.slice(0, 160)}`;
      note(`${name}: still ${row.state} after ${formatDuration(now - row.since)}${detail}`);
    }
  }, 1000);
  return {
    set: (name, state) => {
      const now = Date.now();
      const row = rows.get(name);
      if (row?.state !== state) note(`${name}: ${state}`);
      rows.set(name, { state, detail: row?.detail ?? '', since: row?.since ?? now, changed: now });
    },
    detail: (name, line) => {
      const row = rows.get(name);
      if (row !== undefined) row.detail = cleanLine(line);
    },
    end: (name, state) => {
      const since = rows.get(name)?.since ?? Date.now();
      rows.delete(name);
      note(`${name}: ${state} (${formatDuration(Date.now() - since)})`);
    },
    close: () => clearInterval(timer),
  };
}

/** What foreign code prints could set the clipboard or the title of a terminal, or overwrite what it shows. */
function withoutCommands(text: string): string {
  return text.replaceAll(/\x1b(?!\[[0-9;]*m)|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]/g, '');
}
