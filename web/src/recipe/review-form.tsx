import { useState } from 'preact/hooks';
import type { Submission } from '../../../client/contract.js';
import { post } from '../request.js';
import { useSession } from '../session.js';
import { useAction } from '../ui/action.js';
import { ActionProblem } from '../ui/action-problem.js';
import { useComment } from './comments.js';

interface Props {
  submission: Submission;
  /** Also when somebody else was faster: what is shown is out of date then. */
  onChange(): void;
}

/** Say something, approve, or reject with a reason; each only where the token may. */
export function ReviewForm({ submission, onChange }: Props) {
  const { offers } = useSession();
  const deciding = useAction();
  const [text, setText] = useState('');
  const comment = useComment(submission.id, () => {
    setText('');
    onChange();
  });
  const mayDecide = submission.status === 'open' && offers('approve');
  if (!offers('submit', 'approve')) return null;
  const said = text.trim();
  const busy = deciding.busy || comment.busy;
  const problem = deciding.problem ?? comment.problem;

  const decide = async (decision: 'approve' | 'reject') => {
    await deciding.run(() => post(`submissions/${submission.id}/${decision}`, said === '' ? {} : { reason: said }));
    onChange();
  };
  const tried = submission.trials.every(({ status }) => status === 'succeeded');
  return (
    <section class="card" aria-labelledby="review-title">
      <h2 id="review-title">{mayDecide ? 'Review' : 'Say something'}</h2>
      <ActionProblem problem={problem} />
      <label for="review-text">Comment</label>
      <textarea id="review-text" rows={3} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      <div class="actions">
        {mayDecide && (
          <>
            <button type="button" class="primary" disabled={busy || !tried} onClick={() => decide('approve')}>
              Approve
            </button>
            <button type="button" disabled={busy || said === ''} onClick={() => decide('reject')}>
              Reject
            </button>
          </>
        )}
        <button type="button" disabled={busy || said === ''} onClick={() => comment.say({ text })}>
          Only comment
        </button>
        {mayDecide && (
          <span class="hint">
            {tried
              ? 'Approved, it is what builds use, and its wheels move to /simple/.'
              : 'It can be approved once every trial has succeeded.'}{' '}
            Rejecting takes a comment.
          </span>
        )}
      </div>
    </section>
  );
}
