// A log is written by foreign code. Here its lines become data: pieces of text with a style, nothing that a browser could run, reorder or hide.
import Anser, { type AnserJsonEntry } from 'anser';

export interface LinePiece {
  text: string;
  /** Class names for the 16 colours and decorations. */
  className: string;
  /** Colours outside the 16, as `r, g, b`. */
  color?: string;
  background?: string;
  /** Set on a character that would otherwise be invisible or change how the line reads. */
  control?: string;
}

// Operating system commands and the other string sequences: window titles, links, images. Their content is no part of the line.
const STRING_SEQUENCES = /\u001b[\]PX^_][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c|$)/g;
// C0 and C1 controls but tab, zero-width characters, and what Unicode calls bidirectional formatting.
const INVISIBLE = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
const INVISIBLE_EACH = new RegExp(`(${INVISIBLE.source})`, 'g');

/** The pieces of one line, in order, as a terminal would show them: after a carriage return the line starts again. */
export function linePieces(line: string): LinePiece[] {
  const shown = afterCarriageReturn(line);
  if (!shown.includes('\u001b')) return withControlsShown([{ text: shown, className: '' }]);
  const entries = Anser.ansiToJson(shown.replaceAll(STRING_SEQUENCES, ''), {
    json: true,
    remove_empty: true,
    use_classes: true,
  });
  return withControlsShown(entries.map(styledPiece));
}

/** A line as plain text: no colours, no terminal commands. */
export function plainText(line: string): string {
  return linePieces(line)
    .map(({ text }) => text)
    .join('');
}

function afterCarriageReturn(line: string): string {
  if (!line.includes('\r')) return line;
  const parts = line.split('\r').filter((part) => part !== '');
  return parts.at(-1) ?? '';
}

function styledPiece(entry: AnserJsonEntry): LinePiece {
  const decorations = entry.decorations.filter((each) => each !== 'hidden' && each !== 'blink');
  const classes = [...decorations, colorClass(entry.fg, 'fg'), colorClass(entry.bg, 'bg')].filter(
    (each) => each !== '',
  );
  const color = rgbOf(entry.fg, entry.fg_truecolor);
  const background = rgbOf(entry.bg, entry.bg_truecolor);
  return {
    text: entry.content,
    className: classes.map((each) => `ansi-${each}`).join(' '),
    ...(color === undefined ? {} : { color }),
    ...(background === undefined ? {} : { background }),
  };
}

function colorClass(name: string | null, side: 'fg' | 'bg'): string {
  if (name === null || name === 'ansi-truecolor' || name.startsWith('ansi-palette-')) return '';
  return `${side}-${name.replace('ansi-', '')}`;
}

function rgbOf(name: string | null, truecolor: string | null): string | undefined {
  if (name === 'ansi-truecolor') return truecolor ?? undefined;
  const palette = /^ansi-palette-(\d+)$/.exec(name ?? '');
  return palette === null ? undefined : paletteColor(Number(palette[1]));
}

/** xterm's 256 colours from 16 on: a cube of 6 × 6 × 6, then 24 greys. */
function paletteColor(index: number): string {
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return `${grey}, ${grey}, ${grey}`;
  }
  const level = (step: number) => (step === 0 ? 0 : 55 + step * 40);
  const cube = index - 16;
  return [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(level).join(', ');
}

function withControlsShown(pieces: readonly LinePiece[]): LinePiece[] {
  return pieces.flatMap((piece) => {
    if (!INVISIBLE.test(piece.text)) return [piece];
    return piece.text
      .split(INVISIBLE_EACH)
      .filter((part) => part !== '')
      .map((part) =>
        INVISIBLE.test(part) ? { text: '', className: 'control', control: codePoint(part) } : { ...piece, text: part },
      );
  });
}

function codePoint(character: string): string {
  return `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
}
