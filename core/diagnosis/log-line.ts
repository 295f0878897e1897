// What a build log looks like before it can be matched: colours, progress bars, decoration and prefixes of the tools that carried it.

/** Characters of a line that are looked at. Longer ones (minified code, a log without newlines) are cut: what a tool has to say comes first. */
export const MAX_LINE_LENGTH = 4096;

const ANSI = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f\ufffd]/g;

/** The line as a person would see it: no colours, no control characters, only what a progress bar ended with, no space at the end. */
export function cleanLine(raw: string): string {
  let line = raw.length > MAX_LINE_LENGTH ? raw.slice(0, MAX_LINE_LENGTH) : raw;
  if (line.includes('\u001b')) line = line.replaceAll(ANSI, '');
  line = line.trimEnd();
  const overwritten = line.lastIndexOf('\r');
  if (overwritten >= 0) line = line.slice(overwritten + 1);
  return line.replaceAll(CONTROL, '');
}

// `2026-11-24T15:10:02.041Z `, `2026-11-24 15:10:02,041 `, BuildKit's `#12 34.56 `, pip's `│ ` and `╰─> `, uv's `[stderr]`.
const CARRIER =
  /^(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?Z?(?: - | )|#\d+ \d+\.\d+ |\[(?:stdout|stderr)\] ?|\s*(?:[│|╰×├]─?[>▶]? ?))+/;

/** A cleaned line without what its carrier put before it; indentation by the tool itself stays. */
export function withoutCarrier(line: string): string {
  return line.replace(CARRIER, '');
}

/** Cuts a byte stream into lines in bounded memory: `onLine` gets each without its newline, cut to a length, and its 1-based number. */
export class LineCutter {
  readonly #decoder = new TextDecoder('utf-8');
  readonly #onLine: (text: string, number: number) => void;
  #rest = '';
  #number = 1;

  constructor(onLine: (text: string, number: number) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Uint8Array): void {
    this.#take(this.#decoder.decode(chunk, { stream: true }));
  }

  /** Gives the last line where no newline ended it. */
  end(): void {
    this.#take(this.#decoder.decode());
    if (this.#rest !== '') this.#onLine(this.#rest, this.#number);
    this.#rest = '';
  }

  #take(text: string): void {
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#keep(text.slice(from, end));
      this.#onLine(this.#rest, this.#number);
      this.#rest = '';
      this.#number += 1;
      from = end + 1;
    }
    this.#keep(text.slice(from));
  }

  #keep(piece: string): void {
    const room = 2 * MAX_LINE_LENGTH - this.#rest.length;
    if (room > 0) this.#rest += piece.length > room ? piece.slice(0, room) : piece;
  }
}
