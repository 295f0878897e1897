import type { Build } from '../../../client/contract.js';
import type { LineRange } from './line-range.js';
import type { LogBuffer } from './log-buffer.js';
import { LogLine, SHOWN_BYTES } from './log-line.js';
import type { LogRows, LogSection } from './log-rows.js';
import type { ScrollFrame } from './log-scroll.js';
import { PhaseHeading } from './phase-heading.js';
import type { TimeIndex } from './time-index.js';

interface Props {
  attempt: Build['attempts'][number];
  buffer: LogBuffer;
  rows: LogRows;
  frame: ScrollFrame;
  range: LineRange | undefined;
  query: string;
  /** The line of the present match. */
  current: number | undefined;
  /** Undefined while times are not asked for. */
  times: TimeIndex | undefined;
  onSelect(line: number, extend: boolean): void;
  onExpand(line: number): void;
  onToggle(section: LogSection): void;
}

/** The rows of a log that are in view. */
export function DrawnRows({ attempt, buffer, rows, frame, range, times, ...more }: Props) {
  const drawn = [];
  for (let index = frame.first; index < frame.end; index += 1) {
    const row = rows.at(index);
    if (row.kind === 'phase') {
      const { section } = row;
      const phase = attempt.phases[section.index];
      drawn.push(
        <PhaseHeading key={`phase ${section.index}`} section={section} phase={phase} onToggle={more.onToggle} />,
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
        decisive={number === attempt.failure?.lineNumber}
        current={number === more.current}
        query={more.query}
        showTime={times !== undefined}
        time={times?.of(number)}
        onSelect={more.onSelect}
        onExpand={more.onExpand}
      />,
    );
  }
  return <>{drawn}</>;
}
