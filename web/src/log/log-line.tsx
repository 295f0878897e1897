import { memo } from 'preact/compat';
import { formatClock } from '../ui/time.js';
import { type MarkedPart, markPieces } from './line-marks.js';
import { type LinePiece, linePieces } from './line-text.js';

/** Longer lines are cut, and shown in full on demand: a browser lays out a line of 1 MB in seconds. */
export const SHOWN_BYTES = 2_000;

interface Props {
  number: number;
  text: string;
  /** Bytes of the line that are not in `text`. */
  cutBytes: number;
  selected: boolean;
  decisive: boolean;
  current: boolean;
  query: string;
  time: number | undefined;
  showTime: boolean;
  onSelect(number: number, extend: boolean): void;
  onExpand(number: number): void;
}

export const LogLine = memo(function LogLine(props: Props) {
  const { number, selected, decisive, current, cutBytes } = props;
  const pieces = linePieces(props.text);
  const marks = props.query === '' ? undefined : markPieces(pieces, props.query);
  const classes = ['line', selected && 'selected', decisive && 'decisive', current && 'current'].filter(Boolean);
  return (
    <div class={classes.join(' ')} data-line={number}>
      <a
        class="number"
        href={`${location.pathname}${location.search}#L${number}`}
        aria-label={`Line ${number}`}
        onClick={(event) => {
          event.preventDefault();
          props.onSelect(number, event.shiftKey);
        }}
      >
        {number}
      </a>
      {props.showTime && <span class="time">{props.time === undefined ? '' : formatClock(props.time)}</span>}
      <span class="text">
        {pieces.map((piece, index) => (
          <Piece piece={piece} parts={marks?.[index]} />
        ))}
        {cutBytes > 0 && (
          <button type="button" class="more" onClick={() => props.onExpand(number)}>
            {cutBytes.toLocaleString()} more bytes
          </button>
        )}
      </span>
    </div>
  );
});

function Piece({ piece, parts }: { piece: LinePiece; parts: readonly MarkedPart[] | undefined }) {
  if (piece.control !== undefined) {
    return (
      <span class="control" title="An invisible character that is in the log">
        {piece.control}
      </span>
    );
  }
  const content = parts?.map(({ text, marked }) => (marked ? <mark>{text}</mark> : text)) ?? piece.text;
  if (piece.className === '' && piece.color === undefined && piece.background === undefined) return <>{content}</>;
  const style = {
    ...(piece.color === undefined ? {} : { color: `rgb(${piece.color})` }),
    ...(piece.background === undefined ? {} : { backgroundColor: `rgb(${piece.background})` }),
  };
  return (
    <span class={piece.className} style={style}>
      {content}
    </span>
  );
}
