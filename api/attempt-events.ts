// Server-sent events of an attempt: history, then live, from one source, so that nothing is missing or comes twice where they meet.
// https://html.spec.whatwg.org/multipage/server-sent-events.html
import type { AttemptEvent } from '../client/contract.js';
import type { AttemptStatus } from '../core/attempt.js';
import type { AttemptRecord, BuildStore, LogStore } from '../core/store.js';
import type { AttemptSignals } from './attempt-signals.js';

export interface AttemptEventDeps {
  store: Pick<BuildStore, 'attempt'>;
  logs: LogStore;
  signals: AttemptSignals;
}

/** Where a reader left off: the number of its last line, and how many phases it has seen (undefined: those that began up to that line). */
export interface Position {
  line: number;
  phases?: number | undefined;
}

const HEARTBEAT_MS = 15_000;
const LIVE: readonly AttemptStatus[] = ['leased', 'running'];

/** Reads a Last-Event-ID: `120` after line 120, `120.2` after the second phase, which began there. Anything else counts as the beginning. */
export function parsePosition(lastEventId: string | undefined): Position {
  const [, line, phases] = /^(\d{1,15})(?:\.(\d{1,9}))?$/.exec(lastEventId ?? '') ?? [];
  if (line === undefined) return { line: 0 };
  return { line: Number(line), phases: phases === undefined ? undefined : Number(phases) };
}

/** Pieces of the event stream, in its wire form, until the attempt has ended and all of its log was given. */
export async function* attemptEventStream(
  { store, logs, signals }: AttemptEventDeps,
  attemptId: string,
  after: Position,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const watch = signals.watch(attemptId, signal);
  let line = after.line;
  let seen = after.phases;
  try {
    while (!signal.aborted) {
      // In this order: a phase that begins after the attempt was read begins after this line, so it never comes too late.
      const upTo = await logs.lineCount(attemptId);
      const attempt = await store.attempt(attemptId);
      if (attempt === undefined) return;
      seen ??= attempt.phases.filter(({ firstLine }) => line > 0 && firstLine <= line).length;
      const pending = attempt.phases.slice(seen).map((phase, index) => ({ ...phase, seq: (seen ?? 0) + index + 1 }));
      for await (const chunk of logs.read(attemptId, line + 1)) {
        yield renderChunk(chunk, pending, upTo);
        line = Math.min(chunk.firstLine + countLines(chunk.text) - 1, upTo);
        if (line >= upTo) break;
      }
      // What was read of the attempt may be newer than what was read of its log: such a phase waits for its line.
      const due = pending.filter(({ firstLine }) => firstLine <= line + 1);
      if (due.length > 0) yield due.map((phase) => renderPhase(phase, line)).join('');
      seen = attempt.phases.length - pending.length + due.length;
      if (!LIVE.includes(attempt.status)) {
        if ((await logs.lineCount(attemptId)) > line) continue;
        yield render({ event: 'end', status: attempt.status });
        return;
      }
      if ((await watch.wait(HEARTBEAT_MS)) === 'timeout') yield ': still here\n\n';
    }
  } finally {
    watch.stop();
  }
}

type PendingPhase = AttemptRecord['phases'][number] & { seq: number };

/** The chunk's lines up to `upTo`, with the phases that begin among them, which are taken off `pending`. */
function renderChunk(
  { firstLine, text, at }: { firstLine: number; text: string; at: number },
  pending: PendingPhase[],
  upTo: number,
): string {
  const lines = text.split('\n').slice(0, -1);
  let rendered = '';
  for (const [index, line] of lines.entries()) {
    const number = firstLine + index;
    if (number > upTo) break;
    while (pending[0] !== undefined && pending[0].firstLine <= number) {
      rendered += renderPhase(pending.shift() as PendingPhase, number - 1);
    }
    rendered += render({ event: 'line', number, text: line, at }, String(number));
  }
  return rendered;
}

function renderPhase({ phase, startedAt, seq }: PendingPhase, afterLine: number): string {
  return render({ event: 'phase', phase, at: startedAt }, `${afterLine}.${seq}`);
}

function render({ event, ...data }: AttemptEvent, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
