import type { Build } from '../../../client/contract.js';
import { at } from '../base.js';
import { CopyButton } from '../ui/copy.js';
import type { LineRange } from './line-range.js';
import { plainText } from './line-text.js';
import type { LogBuffer } from './log-buffer.js';
import type { SearchState } from './use-log-search.js';

interface Props {
  attempt: Build['attempts'][number];
  buffer: LogBuffer;
  lineCount: number;
  range: LineRange | undefined;
  search: SearchState;
  live: boolean;
  connected: boolean;
  following: boolean;
  onFollow(): void;
  showTimes: boolean;
  onTimes(): void;
}

export function LogToolbar(props: Props) {
  const { attempt, buffer, range, search, live } = props;
  return (
    <div class="log-toolbar">
      <span class="line-count">
        {props.lineCount.toLocaleString()} {props.lineCount === 1 ? 'line' : 'lines'}
        {live && !props.connected && <span class="reconnecting"> · connecting again…</span>}
      </span>
      <LogSearchBox search={search} />
      <div class="log-actions">
        {range !== undefined && (
          <CopyButton
            label={range.first === range.last ? 'Copy line' : 'Copy lines'}
            text={() => textOf(buffer, range)}
          />
        )}
        {live && (
          <button
            type="button"
            aria-pressed={props.following}
            onClick={props.onFollow}
            title="Keep the newest line in view (f)"
          >
            Follow
          </button>
        )}
        <button type="button" aria-pressed={props.showTimes} onClick={props.onTimes}>
          Times
        </button>
        <a class="button" href={at(`api/v1/attempts/${attempt.id}/log`)} download={`${attempt.id}.log`}>
          Raw
        </a>
      </div>
    </div>
  );
}

function LogSearchBox({ search }: { search: SearchState }) {
  const found = search.matchCount.toLocaleString();
  const status =
    search.query === ''
      ? ''
      : search.matchCount === 0
        ? search.done
          ? 'no match'
          : 'searching…'
        : `${((search.position ?? 0) + 1).toLocaleString()} of ${found}${search.done ? '' : '+'}`;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') event.shiftKey ? search.previous() : search.next();
    if (event.key === 'Escape') search.setQuery('');
  };
  return (
    <search class="log-search">
      <input
        ref={search.input}
        type="search"
        placeholder="Search the log"
        aria-label="Search the log"
        autocomplete="off"
        spellcheck={false}
        value={search.query}
        onInput={(event) => search.setQuery(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <span class="match-count" role="status">
        {status}
      </span>
      <button
        type="button"
        class="icon"
        aria-label="Previous match"
        disabled={search.matchCount === 0}
        onClick={search.previous}
      >
        ↑
      </button>
      <button
        type="button"
        class="icon"
        aria-label="Next match"
        disabled={search.matchCount === 0}
        onClick={search.next}
      >
        ↓
      </button>
    </search>
  );
}

function textOf(buffer: LogBuffer, { first, last }: LineRange): string {
  const lines: string[] = [];
  for (let number = first; number <= Math.min(last, buffer.lineCount); number += 1)
    lines.push(plainText(buffer.line(number)));
  return lines.join('\n');
}
