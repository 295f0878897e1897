import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LogBuffer } from './log-buffer.js';
import { LogSearch } from './log-search.js';

export interface SearchState {
  input: RefObject<HTMLInputElement | null>;
  /** In lower case; empty while nothing is searched for. */
  query: string;
  setQuery(query: string): void;
  matchCount: number;
  done: boolean;
  /** 0-based position among the matches. */
  position: number | undefined;
  /** The line that the position stands for. */
  line: number | undefined;
  /** Counts the reader's steps, so that the same line can be asked for again. */
  step: number;
  next(): void;
  previous(): void;
}

/** Search over a whole log that may still grow. */
export function useLogSearch(buffer: LogBuffer, lineCount: number): SearchState {
  const input = useRef<HTMLInputElement>(null);
  const search = useRef<LogSearch | undefined>(undefined);
  const [query, setQuery] = useState('');
  const [, setRound] = useState(0);
  const [position, setPosition] = useState<number>();
  const [step, setStep] = useState(0);

  useEffect(() => {
    setPosition(undefined);
    if (query === '') {
      search.current = undefined;
      return;
    }
    const own = new LogSearch(buffer, query, () => {
      setRound((round) => round + 1);
      if (own.matches.length > 0) setPosition((before) => before ?? 0);
    });
    search.current = own;
    void own.run();
    return () => own.stop();
  }, [buffer, query]);

  useEffect(() => {
    void search.current?.run();
  }, [lineCount]);

  const matches = search.current?.matches ?? [];
  const move = (by: 1 | -1) => {
    if (matches.length === 0) return;
    setPosition((before) => (before === undefined ? 0 : (before + by + matches.length) % matches.length));
    setStep((before) => before + 1);
  };
  return {
    input,
    query,
    setQuery: (text) => setQuery(text.toLowerCase()),
    matchCount: matches.length,
    done: search.current?.done ?? true,
    position,
    line: position === undefined ? undefined : matches[position],
    step,
    next: () => move(1),
    previous: () => move(-1),
  };
}
