import type { Build } from '../../../client/contract.js';
import { linePieces } from '../log/line-text.js';
import { Comparison } from './comparison.js';
import { ProposalDiff } from './proposal-diff.js';

type Attempt = Build['attempts'][number];
type Failure = NonNullable<Attempt['failure']>;

interface Props {
  build: Build;
  attempt: Attempt;
  failure: Failure;
  onJump(line: number): void;
}

/** First thing on the page of a failed build: what it was, in a sentence, in the words of the log, and what to change. */
export function FailurePanel({ build, attempt, failure, onJump }: Props) {
  return (
    <section class={`failure ${attempt.status}`} aria-labelledby="failure-title">
      <p class="failure-class">
        <span class={`chip ${attempt.status === 'lost' ? 'warn' : 'bad'}`}>{failure.class}</span>
        <span class="detail">
          {failure.phase !== undefined && `in the ${failure.phase} phase`}
          {build.status !== 'failed' && ` of attempt ${attempt.number}; the build is ${build.status} now`}
        </span>
      </p>
      <h2 id="failure-title">{failure.cause}</h2>
      {failure.line !== '' && (
        <div class="decisive-line">
          <code>
            {linePieces(failure.line.slice(0, 2000)).map((piece) =>
              piece.control === undefined ? piece.text : <span class="control">{piece.control}</span>,
            )}
          </code>
          {failure.lineNumber > 0 && (
            <button type="button" onClick={() => onJump(failure.lineNumber)}>
              Go to line {failure.lineNumber.toLocaleString()}
            </button>
          )}
        </div>
      )}
      <Comparison build={build} attempt={attempt} onJump={onJump} />
      {failure.proposal !== undefined && <ProposalDiff build={build} proposal={failure.proposal} />}
    </section>
  );
}
