import { useState } from 'preact/hooks';
import type { Submission } from '../../../client/review-contract.js';
import { post } from '../request.js';
import { useSession } from '../session.js';
import { useAction } from '../ui/action.js';

interface Props {
  submission: Submission;
  /** Also when somebody else was faster: what is shown is out of date then. */
  onDecided(): void;
}

/** Approve, or reject with a reason; hidden from tokens without the scope. */
export function ReviewForm({ submission, onDecided }: Props) {
  const { session, may } = useSession();
  const { run, busy, problem } = useAction();
  const [reason, setReason] = useState('');
  if (session?.signedIn && !may('approve')) return null;
  const tried = submission.trials.every(({ status }) => status === 'succeeded');

  const decide = async (decision: 'approve' | 'reject') => {
    const said = reason.trim();
    await run(() => post(`submissions/${submission.id}/${decision}`, said === '' ? {} : { reason: said }));
    onDecided();
  };
  return (
    <section class="card" aria-labelledby="review-title">
      <h2 id="review-title">Review</h2>
      {problem !== undefined && (
        <p class="note bad" role="alert">
          {problem}
        </p>
      )}
      <label for="review-reason">Comment</label>
      <textarea id="review-reason" rows={3} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      <div class="actions">
        <button type="button" class="primary" disabled={busy || !tried} onClick={() => decide('approve')}>
          Approve
        </button>
        <button type="button" disabled={busy || reason.trim() === ''} onClick={() => decide('reject')}>
          Reject
        </button>
        <span class="hint">
          {tried
            ? 'Approved, it is what builds use, and its wheels move to /simple/.'
            : 'It can be approved once every trial has succeeded.'}{' '}
          Rejecting takes a comment.
        </span>
      </div>
    </section>
  );
}
