import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { formatLineRange, type LineRange, parseLineRange } from './line-range.js';

interface SelectedLines {
  range: LineRange | undefined;
  /** Puts a line into the address; `extend`: all from the first one selected to this one. */
  select(line: number, extend: boolean): void;
}

/**
 * The lines that the address names.
 * @param onNamed called when the reader follows a link to other lines of the same log
 */
export function useLineRange(onNamed: (line: number) => void): SelectedLines {
  const [range, setRange] = useState<LineRange | undefined>(() => parseLineRange(location.hash));
  const named = useRef(onNamed);
  named.current = onNamed;

  useEffect(() => {
    const read = () => {
      const found = parseLineRange(location.hash);
      setRange(found);
      if (found !== undefined) named.current(found.first);
    };
    addEventListener('hashchange', read);
    return () => removeEventListener('hashchange', read);
  }, []);

  const select = useCallback((line: number, extend: boolean) => {
    setRange((before) => {
      const from = extend && before !== undefined ? before.first : line;
      const next = { first: Math.min(from, line), last: Math.max(from, line) };
      history.replaceState(null, '', location.pathname + location.search + formatLineRange(next));
      return next;
    });
  }, []);
  return { range, select };
}
