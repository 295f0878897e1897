import { useEffect, useRef, useState } from 'preact/hooks';
import type { Build } from '../../../client/contract.js';
import { DrawnRows } from './drawn-rows.js';
import { ExpandedLine } from './expanded-line.js';
import { parseLineRange } from './line-range.js';
import { ROW_PX } from './log-scroll.js';
import { LogToolbar } from './log-toolbar.js';
import { useLineRange } from './use-line-range.js';
import { useLog } from './use-log.js';
import { useLogScroll } from './use-log-scroll.js';
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
  const { buffer, times, lineCount, connected, error, loaded, loadTimes } = useLog(attempt.id, live, onPhase);
  const scroll = useLogScroll(attempt.phases, lineCount, live, parseLineRange(location.hash) === undefined);
  const { scroller, rows, frame, following, setFollowing, showLine, showSection } = scroll;
  const { range, select } = useLineRange(showLine);
  const search = useLogSearch(buffer, lineCount);
  const [showTimes, setShowTimes] = useState(false);
  const [expanded, setExpanded] = useState<number>();

  // The line that the address or the failure names, once it is there; after that the reader decides.
  const opened = useRef(false);
  const wanted = range?.first ?? (live ? 0 : (attempt.failure?.lineNumber ?? 0));
  useEffect(() => {
    if (opened.current || wanted === 0 || lineCount < wanted) return;
    opened.current = true;
    showLine(wanted);
  }, [wanted, lineCount]);

  // Only a new request moves the view; lines that come later must not.
  useEffect(() => {
    if (jump === undefined) return;
    opened.current = true;
    if ('line' in jump) showLine(jump.line);
    else showSection(jump.section);
    scroller.current?.focus({ preventScroll: true });
    scroller.current?.scrollIntoView({ block: 'nearest' });
  }, [jump]);
  useEffect(() => {
    if (search.line !== undefined) showLine(search.line);
  }, [search.line, search.step]);

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
  const onTimes = () => {
    loadTimes();
    setShowTimes(!showTimes);
  };

  return (
    <section class="log" aria-label="Log">
      <LogToolbar
        attempt={attempt}
        buffer={buffer}
        lineCount={lineCount}
        range={range}
        search={search}
        live={live}
        connected={connected}
        following={following}
        onFollow={() => setFollowing(!following)}
        showTimes={showTimes}
        onTimes={onTimes}
      />
      {error !== undefined && <p class="problem">{error.message}</p>}
      <div
        class="lines"
        style={live ? undefined : { maxHeight: `${Math.max(8, rows.count + 1) * ROW_PX}px` }}
        ref={scroller}
        onScroll={scroll.onScroll}
        onKeyDown={onKeyDown}
        tabIndex={0}
        role="group"
        aria-label="Log lines"
      >
        <div class="canvas" style={{ height: `${frame.heightPx}px` }}>
          <div class="drawn" style={{ transform: `translateY(${frame.offsetPx}px)` }}>
            <DrawnRows
              attempt={attempt}
              buffer={buffer}
              rows={rows}
              frame={frame}
              range={range}
              query={search.query}
              current={search.line}
              times={showTimes ? times : undefined}
              onSelect={select}
              onExpand={setExpanded}
              onToggle={scroll.toggleFold}
            />
          </div>
        </div>
        {lineCount === 0 && <p class="empty">{emptyText(live, loaded)}</p>}
      </div>
      {expanded !== undefined && (
        <ExpandedLine number={expanded} text={buffer.line(expanded)} onClose={() => setExpanded(undefined)} />
      )}
    </section>
  );
}

function emptyText(live: boolean, loaded: boolean): string {
  if (live) return 'Waiting for the first line…';
  return loaded ? 'This attempt wrote no log.' : 'Loading…';
}
