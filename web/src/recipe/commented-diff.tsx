import { useState } from 'preact/hooks';
import type { Submission } from '../../../client/contract.js';
import { Comment, CommentForm } from './comments.js';

interface Props {
  submission: Submission;
  /** Whether the reader may say something. */
  open: boolean;
  onSaid(): void;
}

/** How a submitted recipe changes the present one, with what was said of each line below it; a line's number begins a comment on it. */
export function CommentedDiff({ submission, open, onSaid }: Props) {
  const [asked, setAsked] = useState<number>();
  const { project, comments } = submission;
  return (
    <figure class="recipe-diff">
      <figcaption class="detail">recipes/{project}.yaml</figcaption>
      <ol class="diff commented">
        {numbered(submission.diff).map(({ sign, text, line }, index) => (
          <li key={index}>
            <div class={sign === '+' ? 'row added' : sign === '-' ? 'row removed' : 'row'}>
              {line === undefined ? (
                <span class="number" />
              ) : open ? (
                <button
                  type="button"
                  class="number"
                  onClick={() => setAsked(line)}
                  aria-label={`Comment on line ${line}`}
                >
                  {line}
                </button>
              ) : (
                <span class="number">{line}</span>
              )}
              <code>
                {sign} {text}
              </code>
            </div>
            {line !== undefined &&
              comments
                .filter((comment) => comment.line === line)
                .map((comment) => <Comment key={comment.at} comment={comment} />)}
            {line !== undefined && asked === line && (
              <CommentForm
                submission={submission}
                line={line}
                onSaid={() => {
                  setAsked(undefined);
                  onSaid();
                }}
                onClose={() => setAsked(undefined)}
              />
            )}
          </li>
        ))}
      </ol>
    </figure>
  );
}

/** Each line of a diff with its 1-based number in the submitted recipe; a removed one has none. */
function numbered(diff: Submission['diff']): (Submission['diff'][number] & { line?: number })[] {
  let line = 0;
  return diff.map((each) => {
    if (each.sign === '-') return each;
    line += 1;
    return { ...each, line };
  });
}
