import type { Submission } from '../../../client/contract.js';
import { at } from '../base.js';
import { Ago } from '../ui/time.js';
import { SubmissionStatusBadge } from './submission-status.js';

/** Submitted recipes, each a link to its page. */
export function SubmissionList({ submissions }: { submissions: readonly Submission[] }) {
  return (
    <ul class="project-list">
      {submissions.map((submission) => (
        <li key={submission.id}>
          <a href={at(`submissions/${submission.id}`)}>
            <strong>{submission.project}</strong>
            <SubmissionStatusBadge status={submission.status} />
            <span class="detail">{trialsText(submission)}</span>
            <span class="detail">by {submission.history[0]?.who}</span>
            <Ago iso={submission.createdAt} />
          </a>
        </li>
      ))}
    </ul>
  );
}

function trialsText({ trials }: Submission): string {
  const succeeded = trials.filter(({ status }) => status === 'succeeded').length;
  return `${succeeded} of ${trials.length} trials succeeded`;
}
