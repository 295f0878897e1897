// A log of a million lines as strings would be a million objects. It is kept as the bytes that came, in blocks of whole lines.
const BLOCK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

interface Block {
  bytes: Uint8Array;
  used: number;
  /** 1-based number of its first line. */
  firstLine: number;
  /** Where each line starts; one entry per line. */
  starts: Uint32Array;
  lines: number;
}

/** The lines of one attempt's log, appended in order and read by their 1-based number. */
export class LogBuffer {
  readonly #blocks: Block[] = [];
  readonly #decoder = new TextDecoder();
  readonly #encoder = new TextEncoder();
  #lineCount = 0;
  /** What came after the last newline: a line whose end has not come yet. */
  #rest: Uint8Array[] = [];

  get lineCount(): number {
    return this.#lineCount;
  }

  /** Appends bytes as they come from the network; a line counts once its newline is there. */
  append(bytes: Uint8Array): void {
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      const from = this.#rest.length === 0 ? 0 : bytes.indexOf(NEWLINE) + 1;
      if (from > 0) this.#appendLines(joined([...this.#rest, bytes.subarray(0, from)]));
      this.#rest = [];
      this.#appendLines(bytes.subarray(from, end));
    }
    if (end < bytes.length) this.#rest.push(bytes.slice(end));
  }

  /** Appends one line, given without its newline. */
  appendLine(text: string): void {
    this.#appendLines(this.#encoder.encode(`${text.replaceAll('\n', ' ')}\n`));
  }

  /** Forgets a line whose end has not come: it comes again, in full, when the log is read on from the last whole line. */
  dropRest(): void {
    this.#rest = [];
  }

  /** The text of a line, at most `maxBytes` of it. */
  line(number: number, maxBytes = Number.POSITIVE_INFINITY): string {
    const bytes = this.lineBytes(number);
    return this.#decoder.decode(bytes.length > maxBytes ? bytes.subarray(0, maxBytes) : bytes);
  }

  /** The bytes of a line without its newline; a view, not a copy. */
  lineBytes(number: number): Uint8Array {
    const block = this.#blockOf(number);
    if (block === undefined) return new Uint8Array(0);
    const index = number - block.firstLine;
    const start = block.starts[index] ?? 0;
    const end = index + 1 < block.lines ? (block.starts[index + 1] ?? 0) : block.used;
    return block.bytes.subarray(start, end - 1);
  }

  #blockOf(number: number): Block | undefined {
    if (number < 1 || number > this.#lineCount) return undefined;
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#blocks[middle] as Block).firstLine <= number) low = middle;
      else high = middle - 1;
    }
    return this.#blocks[low];
  }

  #appendLines(bytes: Uint8Array): void {
    let from = 0;
    while (from < bytes.length) {
      const block = this.#blockWithRoom(bytes.indexOf(NEWLINE, from) + 1 - from);
      const room = Math.min(block.bytes.length - block.used, bytes.length - from);
      const end = bytes.lastIndexOf(NEWLINE, from + room - 1) + 1;
      block.bytes.set(bytes.subarray(from, end), block.used);
      this.#indexLines(block, block.used + end - from);
      from = end;
    }
  }

  /** The last block where a line of that many bytes fits in, else a new one; a longer line gets a block of its own size. */
  #blockWithRoom(lineBytes: number): Block {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.bytes.length - last.used >= lineBytes) return last;
    if (last !== undefined) last.starts = last.starts.slice(0, last.lines);
    const block: Block = {
      bytes: new Uint8Array(Math.max(BLOCK_BYTES, lineBytes)),
      used: 0,
      firstLine: this.#lineCount + 1,
      starts: new Uint32Array(4096),
      lines: 0,
    };
    this.#blocks.push(block);
    return block;
  }

  #indexLines(block: Block, used: number): void {
    let start = block.used;
    while (start < used) {
      if (block.lines === block.starts.length) {
        const grown = new Uint32Array(block.starts.length * 2);
        grown.set(block.starts);
        block.starts = grown;
      }
      block.starts[block.lines] = start;
      block.lines += 1;
      start = block.bytes.indexOf(NEWLINE, start) + 1;
    }
    this.#lineCount = block.firstLine + block.lines - 1;
    block.used = used;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
