import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Build } from '../../../client/contract.js';
import { ExpandedLine } from './expanded-line.js';
import { formatLineRange, type LineRange, parseLineRange } from './line-range.js';
import { LogLine, SHOWN_BYTES } from './log-line.js';
import { LogRows, type LogSection, sectionsOf } from './log-rows.js';
import { frameAt, ROW_PX, scrollTopOf } from './log-scroll.js';
import { LogToolbar } from './log-toolbar.js';
import { PhaseHeading } from './phase-heading.js';
import { useLog } from './use-log.js';
import { useLogSearch } from './use-log-search.js';

type Attempt = Build['attempts'][number];

interface Props {
  attempt: Attempt;
  /** Something outside asks to show a line or a phase; a new object each time. */
  jump: { line: number } | { section: number } | undefined;
  onPhase(): void;
}

/** An attempt's log: live, foldable, searchable, and only as many elements as fit on the screen. */
export function LogView({ attempt, jump, onPhase }: Props) {
  const live = attempt.finishedAt === undefined;
  const decisiveLine = attempt.failure?.lineNumber ?? 0;
  const { buffer, times, lineCount, connected, error, loaded, loadTimes } = useLog(attempt.id, live, onPhase);
  const scroller = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [viewportPx, setViewportPx] = useState(480);
  const [folded, setFolded] = useState<ReadonlySet<number>>(new Set());
  const [range, setRange] = useState<LineRange | undefined>(() => parseLineRange(location.hash));
  const [following, setFollowing] = useState(live && range === undefined);
  const [showTimes, setShowTimes] = useState(false);
  const [expanded, setExpanded] = useState<number>();
  const search = useLogSearch(buffer, lineCount);

  const sections = useMemo(() => sectionsOf(attempt.phases, lineCount, folded), [attempt.phases, lineCount, folded]);
  const rows = useMemo(() => new LogRows(sections, lineCount), [sections, lineCount]);
  const frame = frameAt(scrollTop, viewportPx, rows.count);
  const programmatic = useRef(0);

  const scrollTo = useCallback((top: number) => {
    if (scroller.current === null) return;
    scroller.current.scrollTop = top;
    programmatic.current = scroller.current.scrollTop;
    setScrollTop(scroller.current.scrollTop);
  }, []);

  const showLine = useCallback(
    (line: number) => {
      setFollowing(false);
      const section = sections.findLast(({ firstLine }) => firstLine <= line);
      if (section?.folded) {
        const open = new Set(folded);
        open.delete(section.index);
        setFolded(open);
        const opened = new LogRows(sectionsOf(attempt.phases, lineCount, open), lineCount);
        requestAnimationFrame(() => scrollTo(scrollTopOf(opened.ofLine(line), viewportPx, opened.count)));
        return;
      }
      scrollTo(scrollTopOf(rows.ofLine(line), viewportPx, rows.count));
    },
    [sections, folded, rows, viewportPx, attempt.phases, lineCount, scrollTo],
  );

  useEffect(() => {
    const element = scroller.current as HTMLDivElement;
    const observer = new ResizeObserver(() => setViewportPx(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    if (following) scrollTo(scroller.current?.scrollHeight ?? 0);
  }, [following, rows.count, viewportPx, scrollTo]);

  // The line that the address or the failure names, once it is there; after that the reader decides.
  const opened = useRef(false);
  const wanted = range?.first ?? (live ? 0 : decisiveLine);
  useEffect(() => {
    if (opened.current || wanted === 0 || lineCount < wanted) return;
    opened.current = true;
    showLine(wanted);
  }, [wanted, lineCount, showLine]);

  useEffect(() => {
    if (jump === undefined) return;
    opened.current = true;
    if ('line' in jump) showLine(jump.line);
    else {
      setFollowing(false);
      scrollTo((rows.ofSection(jump.section) * ROW_PX * frame.heightPx) / Math.max(1, rows.count * ROW_PX));
    }
    scroller.current?.focus({ preventScroll: true });
    scroller.current?.scrollIntoView({ block: 'nearest' });
    // Only a new request jumps; rows that come later must not.
  }, [jump]);

  useEffect(() => {
    if (search.line !== undefined) showLine(search.line);
  }, [search.line, search.step]);

  const select = useCallback((line: number, extend: boolean) => {
    setRange((before) => {
      const next =
        extend && before !== undefined
          ? { first: Math.min(before.first, line), last: Math.max(before.first, line) }
          : { first: line, last: line };
      history.replaceState(null, '', location.pathname + location.search + formatLineRange(next));
      return next;
    });
  }, []);

  useEffect(() => {
    const read = () => {
      const named = parseLineRange(location.hash);
      setRange(named);
      if (named !== undefined) showLine(named.first);
    };
    addEventListener('hashchange', read);
    return () => removeEventListener('hashchange', read);
  }, [showLine]);

  const onScroll = () => {
    const element = scroller.current as HTMLDivElement;
    if (element.scrollTop < programmatic.current - 2) setFollowing(false);
    else if (live && element.scrollTop + element.clientHeight >= element.scrollHeight - 2) setFollowing(true);
    programmatic.current = element.scrollTop;
    setScrollTop(element.scrollTop);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const find = event.key === '/' || ((event.ctrlKey || event.metaKey) && event.key === 'f');
    if (find) search.input.current?.focus();
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === 'n') search.next();
    else if (event.key === 'N') search.previous();
    else if (event.key === 'f' && live) setFollowing(!following);
    else return;
    event.preventDefault();
  };

  const toggleFold = (section: LogSection) => {
    const next = new Set(folded);
    if (!next.delete(section.index)) next.add(section.index);
    setFollowing(false);
    setFolded(next);
  };

  const drawn = [];
  for (let index = frame.first; index < frame.end; index += 1) {
    const row = rows.at(index);
    if (row.kind === 'phase') {
      const phase = attempt.phases[row.section.index];
      drawn.push(
        <PhaseHeading key={`p${row.section.index}`} section={row.section} phase={phase} onToggle={toggleFold} />,
      );
      continue;
    }
    const { number } = row;
    drawn.push(
      <LogLine
        key={number}
        number={number}
        text={buffer.line(number, SHOWN_BYTES)}
        cutBytes={Math.max(0, buffer.lineBytes(number).length - SHOWN_BYTES)}
        selected={range !== undefined && number >= range.first && number <= range.last}
        decisive={number === decisiveLine}
        current={number === search.line}
        query={search.query}
        showTime={showTimes}
        time={showTimes ? times.of(number) : undefined}
        onSelect={select}
        onExpand={setExpanded}
      />,
    );
  }

  return (
    <section class="log" aria-label="Log">
      <LogToolbar
        attempt={attempt}
        buffer={buffer}
        lineCount={lineCount}
        loaded={loaded}
        range={range}
        search={search}
        live={live}
        connected={connected}
        following={following}
        onFollow={() => setFollowing(!following)}
        showTimes={showTimes}
        onTimes={() => {
          loadTimes();
          setShowTimes(!showTimes);
        }}
      />
      {error !== undefined && <p class="problem">{error.message}</p>}
      <div
        class="lines"
        style={live ? undefined : { maxHeight: `${Math.max(8, rows.count + 1) * ROW_PX}px` }}
        ref={scroller}
        onScroll={onScroll}
        onKeyDown={onKeyDown}
        tabIndex={0}
        role="group"
        aria-label="Log lines"
      >
        <div class="canvas" style={{ height: `${frame.heightPx}px` }}>
          <div class="drawn" style={{ transform: `translateY(${frame.offsetPx}px)` }}>
            {drawn}
          </div>
        </div>
        {lineCount === 0 && (
          <p class="empty">
            {live ? 'Waiting for the first line…' : loaded ? 'This attempt wrote no log.' : 'Loading…'}
          </p>
        )}
      </div>
      {expanded !== undefined && (
        <ExpandedLine number={expanded} text={buffer.line(expanded)} onClose={() => setExpanded(undefined)} />
      )}
    </section>
  );
}
