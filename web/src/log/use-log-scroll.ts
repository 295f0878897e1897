import type { RefObject } from 'preact';
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { LogRows, type LogSection, type PhaseStart, sectionsOf } from './log-rows.js';
import { bottomOf, frameAt, type Place, type ScrollFrame, scrollTopOf } from './log-scroll.js';

interface LogScroll {
  scroller: RefObject<HTMLDivElement>;
  rows: LogRows;
  frame: ScrollFrame;
  /** Whether the newest line is kept in view. */
  following: boolean;
  setFollowing(following: boolean): void;
  onScroll(): void;
  toggleFold(section: LogSection): void;
  /** Puts a line in the middle of the view, unfolding its phase. */
  showLine(line: number): void;
  /** Puts the heading of a phase at the top. */
  showSection(index: number): void;
}

/** Where a reader is in a log: what is folded, what is in view, and whether the view follows the end. */
export function useLogScroll(
  phases: readonly PhaseStart[],
  lineCount: number,
  live: boolean,
  follow: boolean,
): LogScroll {
  const scroller = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [viewportPx, setViewportPx] = useState(480);
  const [folded, setFolded] = useState<ReadonlySet<number>>(new Set());
  const [following, setFollowing] = useState(live && follow);
  const lastTop = useRef(0);
  const rows = useMemo(
    () => new LogRows(sectionsOf(phases, lineCount, folded), lineCount),
    [phases, lineCount, folded],
  );

  const scrollTo = useCallback((top: number) => {
    if (scroller.current === null) return;
    scroller.current.scrollTop = top;
    lastTop.current = scroller.current.scrollTop;
    setScrollTop(scroller.current.scrollTop);
  }, []);

  // A row may be asked for in the same moment in which its phase unfolds: it is scrolled to once it is there.
  const [asked, setAsked] = useState<{ row: number; place: Place }>();
  useEffect(() => {
    if (asked === undefined) return;
    setAsked(undefined);
    scrollTo(scrollTopOf(asked.row, viewportPx, rows.count, asked.place));
  }, [asked, rows, viewportPx, scrollTo]);

  useEffect(() => {
    const element = scroller.current as HTMLDivElement;
    const observer = new ResizeObserver(() => setViewportPx(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    if (following) scrollTo(scroller.current?.scrollHeight ?? 0);
  }, [following, rows.count, viewportPx, scrollTo]);

  const fold = (next: ReadonlySet<number>) => {
    setFollowing(false);
    setFolded(next);
    return new LogRows(sectionsOf(phases, lineCount, next), lineCount);
  };
  return {
    scroller: scroller as RefObject<HTMLDivElement>,
    rows,
    // The end is drawn at once: the scroll position follows only after the new rows are there.
    frame: frameAt(following ? bottomOf(viewportPx, rows.count) : scrollTop, viewportPx, rows.count),
    following,
    setFollowing,
    onScroll: () => {
      const element = scroller.current as HTMLDivElement;
      const atEnd = element.scrollTop + element.clientHeight >= element.scrollHeight - 2;
      if (element.scrollTop < lastTop.current - 2) setFollowing(false);
      else if (live && atEnd) setFollowing(true);
      lastTop.current = element.scrollTop;
      setScrollTop(element.scrollTop);
    },
    toggleFold: ({ index }) => {
      const next = new Set(folded);
      if (!next.delete(index)) next.add(index);
      fold(next);
    },
    showLine: (line) => {
      const unfolded = fold(new Set([...folded].filter((index) => index !== rows.sectionOf(line)?.index)));
      setAsked({ row: unfolded.ofLine(line), place: 'middle' });
    },
    showSection: (index) => {
      setFollowing(false);
      setAsked({ row: rows.ofSection(index), place: 'top' });
    },
  };
}
