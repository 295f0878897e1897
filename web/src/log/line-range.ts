/** A range of log lines as it stands in an address, `#L10` or `#L10-L20`; both ends included. */
export interface LineRange {
  first: number;
  last: number;
}

export function parseLineRange(hash: string): LineRange | undefined {
  const match = /^#L(\d{1,9})(?:-L?(\d{1,9}))?$/.exec(hash);
  if (match === null) return undefined;
  const [a, b] = [Number(match[1]), Number(match[2] ?? match[1])];
  return a < 1 || b < 1 ? undefined : { first: Math.min(a, b), last: Math.max(a, b) };
}

export function formatLineRange({ first, last }: LineRange): string {
  return first === last ? `#L${first}` : `#L${first}-L${last}`;
}
