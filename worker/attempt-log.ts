import type { AttemptInput } from '../core/attempt.js';
import type { Phase } from '../core/phase.js';

/** A batch is sent when it is this old or this large, whichever comes first. */
const BATCH_MS = 100;
const BATCH_CHARS = 256 * 1024;
/** Unsent text past which whoever writes is made to wait: the memory that a slow API may cost. */
const HELD_CHARS = 1024 * 1024;
/** So little may be left for the call that ends the attempt. */
const REST_CHARS = 64 * 1024;
/** Longer lines are broken up, so that one without an end cannot fill the memory. */
const MAX_LINE_CHARS = 64 * 1024;
const MAX_WORDS_CHARS = 300;

/** What was not stored yet; see {@link AttemptLogOptions.append}. */
export interface LogPiece {
  firstLine: number;
  text: string;
  marks: LogMarks;
}

/** What an attempt tells beside its lines, in the same order. */
export interface LogMarks {
  /** Phases that began; `seq` counts those of the attempt from 1, `firstLine` is the next line's number, `at` is by performance.now(). */
  phases: { seq: number; phase: Phase; firstLine: number; at: number }[];
  /** What was taken in. */
  inputs: AttemptInput[];
}

export interface AttemptLogOptions {
  /** Stores whole lines (or none), the first of which has this number, and the marks; resolves once they are safe. Tries again by itself. */
  append: (firstLine: number, text: string, marks: LogMarks) => Promise<void>;
  /** Gets every line with its number, as it is stored. */
  onLine: (text: string, number: number) => void;
  /** Size past which {@link AttemptLog.write} says stop. */
  limitBytes: number;
}

/**
 * The log of one attempt: cuts output into numbered lines and sends them in batches, one at a time, in order and in bounded memory. Phases and inputs travel with
 * them, so that the work waits for none of it.
 * Once a batch cannot be stored, every call throws the reason.
 */
export class AttemptLog {
  readonly #options: AttemptLogOptions;
  #decoder = openDecoder();
  #partial = '';
  #lines = 0;
  #lastWords = '';
  #bytes = 0;
  #held = '';
  #heldFrom = 1;
  #marks: LogMarks = { phases: [], inputs: [] };
  #phases = 0;
  #sending: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failure: { error: unknown } | undefined;

  constructor(options: AttemptLogOptions) {
    this.#options = options;
  }

  /** Number of lines so far. */
  get lineCount(): number {
    return this.#lines;
  }

  /** The last line that says anything, as far as it is short: of a tool that failed most often why. */
  get lastWords(): string {
    return this.#lastWords;
  }

  /** A line of the worker's own, marked so that a reader can tell it from what tools print. */
  say(text: string): void {
    this.endLine();
    for (const line of text.split('\n')) this.#addLine(`[wheelwright] ${line}`);
  }

  /** The next line is the first of a phase. */
  enterPhase(phase: Phase): void {
    this.endLine();
    this.#phases += 1;
    this.#marks.phases.push({ seq: this.#phases, phase, firstLine: this.#lines + 1, at: performance.now() });
    this.#sendSoon(BATCH_MS);
  }

  /** What the attempt took in. */
  record(inputs: readonly AttemptInput[]): void {
    this.#marks.inputs.push(...inputs);
    this.#sendSoon(BATCH_MS);
  }

  /** Output of a container. Resolves when there is room for more, which is what slows a container down that prints faster than can be stored. */
  async write(chunk: Buffer): Promise<'continue' | 'stop'> {
    this.#bytes += chunk.length;
    this.#cut(this.#decoder.decode(chunk, { stream: true }));
    while (this.#held.length > HELD_CHARS && this.#failure === undefined) await this.#send();
    this.#throwFailure();
    return this.#bytes > this.#options.limitBytes ? 'stop' : 'continue';
  }

  /** Ends a line that a container left without its newline. */
  endLine(): void {
    this.#cut(this.#decoder.decode());
    this.#decoder = openDecoder();
    if (this.#partial !== '') this.#addLine(this.#partial);
    this.#partial = '';
  }

  /** Resolves once everything up to here is stored. */
  async flush(): Promise<void> {
    this.endLine();
    while ((this.#holdsAny || this.#sending !== undefined) && this.#failure === undefined) await this.#send();
    this.#throwFailure();
  }

  /** Resolves with what is not stored yet, for the call that ends the attempt: the log's part in it is done. Undefined when that is nothing. */
  async rest(): Promise<LogPiece | undefined> {
    this.endLine();
    while ((this.#held.length > REST_CHARS || this.#sending !== undefined) && this.#failure === undefined) {
      await this.#send();
    }
    this.#throwFailure();
    clearTimeout(this.#timer);
    return this.#take();
  }

  #cut(text: string): void {
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#addLine(this.#partial + text.slice(from, end));
      this.#partial = '';
      from = end + 1;
    }
    this.#partial += text.slice(from);
    while (this.#partial.length > MAX_LINE_CHARS) {
      this.#addLine(this.#partial.slice(0, MAX_LINE_CHARS));
      this.#partial = this.#partial.slice(MAX_LINE_CHARS);
    }
  }

  #addLine(raw: string): void {
    const text = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    this.#lines += 1;
    if (this.#held === '') this.#heldFrom = this.#lines;
    this.#held += `${text}\n`;
    if (text.trim() !== '') this.#lastWords = text.trim().slice(0, MAX_WORDS_CHARS);
    this.#options.onLine(text, this.#lines);
    if (this.#held.length >= BATCH_CHARS) this.#sendSoon(0);
    else this.#sendSoon(BATCH_MS);
  }

  #sendSoon(delayMs: number): void {
    if (this.#sending !== undefined || this.#failure !== undefined) return;
    if (delayMs === 0) {
      void this.#send();
      return;
    }
    this.#timer ??= setTimeout(() => void this.#send(), delayMs);
  }

  /** Sends what is held, or waits for the batch on its way. */
  #send(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending ??= this.#sendOne().finally(() => {
      this.#sending = undefined;
      if (this.#holdsAny) this.#sendSoon(BATCH_MS);
    });
    return this.#sending;
  }

  async #sendOne(): Promise<void> {
    const piece = this.#take();
    if (piece === undefined) return;
    try {
      await this.#options.append(piece.firstLine, piece.text, piece.marks);
    } catch (error) {
      this.#failure = { error };
    }
  }

  #take(): LogPiece | undefined {
    if (!this.#holdsAny) return undefined;
    const [text, marks] = [this.#held, this.#marks];
    this.#held = '';
    this.#marks = { phases: [], inputs: [] };
    return { firstLine: text === '' ? this.#lines + 1 : this.#heldFrom, text, marks };
  }

  get #holdsAny(): boolean {
    return this.#held !== '' || this.#marks.phases.length > 0 || this.#marks.inputs.length > 0;
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** A byte order mark is a character of the output like any other. */
function openDecoder() {
  return new TextDecoder('utf-8', { ignoreBOM: true });
}
