import type { Submission } from '../../../client/contract.js';
import { SUBMISSION_STATUSES } from '../../../core/review.js';
import { SubmissionList } from '../recipe/submission-list.js';
import { setQuery, usePlace } from '../router.js';
import { ProblemNote } from '../ui/problem.js';
import { useResource } from '../ui/resource.js';
import { useTitle } from '../ui/title.js';

const LIVE_MS = 5_000;

/** Recipes on their way to everybody's builds: what waits for a review, and what was decided. */
export function SubmissionsPage() {
  useTitle('Submissions');
  const status = usePlace().query.get('status') ?? 'open';
  const filter = status === 'all' ? '' : `?status=${encodeURIComponent(status)}`;
  const { data, error } = useResource<{ submissions: Submission[] }>(`submissions${filter}`, () => LIVE_MS);
  return (
    <div class="page">
      <h1>Submissions</h1>
      <p class="lead">Recipes that somebody wants everybody’s builds to use.</p>
      <fieldset class="choices">
        <legend class="visually-hidden">Status</legend>
        {[...SUBMISSION_STATUSES, 'all'].map((each) => (
          <label key={each}>
            <input type="radio" name="status" checked={status === each} onChange={() => setQuery({ status: each })} />
            <span>{each}</span>
          </label>
        ))}
      </fieldset>
      {error !== undefined && <ProblemNote error={error} />}
      {data?.submissions.length === 0 && (
        <p class="empty">{status === 'open' ? 'No recipe waits for a review.' : 'There is none.'}</p>
      )}
      {data !== undefined && <SubmissionList submissions={data.submissions} />}
    </div>
  );
}
