import type { LinePiece } from './line-text.js';

export interface MarkedPart {
  text: string;
  /** Whether it belongs to a match. */
  marked: boolean;
}

/**
 * The text of each piece, cut where matches of a query begin and end; a match may reach over several pieces.
 * @param query in lower case, not empty
 */
export function markPieces(pieces: readonly LinePiece[], query: string): MarkedPart[][] {
  const matches = matchesOf(pieces.map(({ text }) => text).join(''), query);
  let start = 0;
  return pieces.map(({ text }) => {
    const [from, to] = [start, start + text.length];
    start = to;
    const cuts = matches.flatMap((match) => [match.start, match.end]).filter((cut) => cut > from && cut < to);
    const edges = [from, ...cuts, to];
    return edges.slice(0, -1).flatMap((edge, index) => {
      const part = text.slice(edge - from, (edges[index + 1] as number) - from);
      return part === ''
        ? []
        : [{ text: part, marked: matches.some((match) => edge >= match.start && edge < match.end) }];
    });
  });
}

function matchesOf(text: string, query: string): { start: number; end: number }[] {
  const lower = text.toLowerCase();
  // Some letters change their length in lower case, and positions would be wrong.
  if (lower.length !== text.length) return [];
  const matches = [];
  for (let at = lower.indexOf(query); at >= 0; at = lower.indexOf(query, at + query.length)) {
    matches.push({ start: at, end: at + query.length });
  }
  return matches;
}
