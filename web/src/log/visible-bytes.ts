// What a reader sees of a line, as bytes: the same as linePieces shows, at the speed that a search over a million coloured lines takes.
const ESCAPE = 0x1b;
const CARRIAGE_RETURN = 0x0d;
const BELL = 0x07;
/** `[`, which begins a control sequence such as a colour. */
const CONTROL_SEQUENCE = 0x5b;
/** `]`, `P`, `X`, `^` and `_`: a window title, a link and the like, up to a terminator. */
const STRINGS = new Set([0x5d, 0x50, 0x58, 0x5e, 0x5f]);

/** The line without terminal commands, after its last carriage return; a view of the same bytes where there are none. */
export function visibleBytes(line: Uint8Array): Uint8Array {
  return without(without(afterCarriageReturn(line), endOfString), endOfCommand);
}

/** @param endOf where the text goes on after the escape character at a position; that position itself where it is text. */
function without(bytes: Uint8Array, endOf: (bytes: Uint8Array, at: number) => number): Uint8Array {
  let kept: Uint8Array | undefined;
  let used = 0;
  let from = 0;
  for (let at = bytes.indexOf(ESCAPE); at >= 0; at = bytes.indexOf(ESCAPE, Math.max(from, at + 1))) {
    const end = endOf(bytes, at);
    if (end === at) continue;
    kept ??= new Uint8Array(bytes.length);
    kept.set(bytes.subarray(from, at), used);
    used += at - from;
    from = end;
  }
  if (kept === undefined) return bytes;
  kept.set(bytes.subarray(from), used);
  return kept.subarray(0, used + bytes.length - from);
}

function afterCarriageReturn(line: Uint8Array): Uint8Array {
  if (!line.includes(CARRIAGE_RETURN)) return line;
  let end = line.length;
  while (end > 0 && line[end - 1] === CARRIAGE_RETURN) end -= 1;
  return end === 0 ? line.subarray(0, 0) : line.subarray(line.lastIndexOf(CARRIAGE_RETURN, end - 1) + 1, end);
}

/** Of a broken command only what introduces it is left out. */
function endOfCommand(bytes: Uint8Array, at: number): number {
  return bytes[at + 1] === CONTROL_SEQUENCE ? endOfControlSequence(bytes, at + 2) : at + 1;
}

function endOfControlSequence(bytes: Uint8Array, start: number): number {
  let at = start;
  const skip = (first: number, last: number, other = first) => {
    for (let byte = bytes[at] ?? 0; (byte >= first && byte <= last) || byte === other; byte = bytes[at] ?? 0) at += 1;
  };
  skip(0x3c, 0x3f, 0x21);
  skip(0x30, 0x39, 0x3b);
  skip(0x20, 0x2c);
  const final = bytes[at] ?? 0;
  return final >= 0x40 && final <= 0x7e ? at + 1 : start;
}

/** A string without an end is text. */
function endOfString(bytes: Uint8Array, start: number): number {
  if (!STRINGS.has(bytes[start + 1] ?? 0)) return start;
  for (let at = start + 2; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === BELL) return at + 1;
    // The terminator U+009C is two bytes in UTF-8.
    if (byte === 0xc2 && bytes[at + 1] === 0x9c) return at + 2;
    if (byte === ESCAPE) return bytes[at + 1] === 0x5c ? at + 2 : start;
  }
  return bytes.length;
}
