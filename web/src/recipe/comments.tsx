import { useEffect, useRef, useState } from 'preact/hooks';
import type { CommentRequest, Submission } from '../../../client/contract.js';
import { post } from '../request.js';
import { useAction } from '../ui/action.js';
import { ActionProblem } from '../ui/action-problem.js';
import { Ago } from '../ui/time.js';

/** What somebody said. */
export function Comment({ comment }: { comment: Submission['comments'][number] }) {
  return (
    <div class="comment">
      <p class="detail">
        <strong>{comment.who}</strong> <Ago iso={comment.at} />
      </p>
      <p>{comment.text}</p>
    </div>
  );
}

interface FormProps {
  submission: Submission;
  /** 1-based, of the submitted recipe. */
  line: number;
  onSaid(): void;
  onClose(): void;
}

/** Says something about one line. */
export function CommentForm({ submission, line, onSaid, onClose }: FormProps) {
  const { say, busy, problem } = useComment(submission.id, onSaid);
  const [text, setText] = useState('');
  const input = useRef<HTMLTextAreaElement>(null);
  useEffect(() => input.current?.focus(), []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void say({ text, line });
  };
  return (
    <form class="comment" onSubmit={submit}>
      <textarea
        ref={input}
        rows={2}
        required
        aria-label={`Comment on line ${line}`}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && onClose()}
      />
      <div class="actions">
        <button type="submit" class="primary" disabled={busy || text.trim() === ''}>
          Comment
        </button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <ActionProblem problem={problem} />
      </div>
    </form>
  );
}

/** Sends a comment on a submission. */
export function useComment(submissionId: string, onSaid: () => void) {
  const { run, busy, problem } = useAction();
  const say = (comment: CommentRequest) =>
    run(async () => {
      await post(`submissions/${submissionId}/comments`, { ...comment, text: comment.text.trim() });
      onSaid();
    });
  return { say, busy, problem };
}
