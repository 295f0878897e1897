import type { Submission } from '../../../client/review-contract.js';
import { isFinished } from '../../../core/build.js';
import { at } from '../base.js';
import { EditList } from '../recipe/edit-list.js';
import { RecipeDiff } from '../recipe/recipe-diff.js';
import { ReviewForm } from '../recipe/review-form.js';
import { SubmissionStatusBadge } from '../recipe/submission-status.js';
import { ProblemNote } from '../ui/problem.js';
import { useResource } from '../ui/resource.js';
import { Status } from '../ui/status.js';
import { Ago } from '../ui/time.js';
import { useTitle } from '../ui/title.js';

const LIVE_MS = 2_500;

/** One recipe under review: what it changes, what its trials gave, who said what, and the decision. */
export function SubmissionPage({ id }: { id: string }) {
  const path = `submissions/${encodeURIComponent(id)}`;
  const { data, error, reload } = useResource<Submission>(path, (read) => (read?.status === 'open' ? LIVE_MS : 0));
  useTitle(data === undefined ? 'Submission' : `Recipe of ${data.project}, ${data.status}`);
  if (data === undefined) {
    return (
      <div class="page">
        <h1>Submission</h1>
        {error === undefined ? <p class="empty">Loading…</p> : <ProblemNote error={error} />}
      </div>
    );
  }
  return (
    <div class="page">
      <header>
        <h1>Recipe of {data.project}</h1>
        <p class="facts">
          <span role="status">
            <SubmissionStatusBadge status={data.status} />
          </span>
          <span class="detail">
            submitted <Ago iso={data.createdAt} />, tried with <code>{data.requirement}</code>
          </span>
          {data.solveId !== undefined && <a href={at(`solves/${data.solveId}`)}>found by solving</a>}
        </p>
      </header>
      {error !== undefined && <ProblemNote error={error} />}
      <section class="card">
        <h2>What changes</h2>
        <RecipeDiff project={data.project} lines={data.diff} />
        <p>
          <a href={at(`recipes?submission=${data.id}`)}>Write it differently</a>
        </p>
      </section>
      {data.evidence.length > 0 && (
        <section class="card">
          <h2>Why</h2>
          <EditList edits={data.evidence} />
        </section>
      )}
      <Trials submission={data} />
      <History submission={data} />
      {data.status === 'open' && <ReviewForm submission={data} onDecided={reload} />}
    </div>
  );
}

function Trials({ submission: { trials } }: { submission: Submission }) {
  const open = trials.filter(({ status }) => !isFinished(status)).length;
  return (
    <section class="card">
      <h2>
        Trials <span class="detail">{open > 0 ? `${open} still going` : ''}</span>
      </h2>
      <table class="plain">
        <tbody>
          {trials.map(({ buildId, version, python, policy, status, failure }) => (
            <tr key={buildId}>
              <th scope="row">
                <a href={at(`builds/${buildId}`)}>
                  {version} on {python}, {policy}
                </a>
              </th>
              <td>
                <Status status={status} />
              </td>
              <td class="detail">{failure !== undefined && `${failure.class}: ${failure.cause}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function History({ submission: { history } }: { submission: Submission }) {
  return (
    <section class="card">
      <h2>History</h2>
      <ol class="history">
        {history.map(({ action, who, reason, at: when }, index) => (
          <li key={index}>
            <strong>{who}</strong> {action} it <Ago iso={when} />
            {reason !== undefined && <blockquote>{reason}</blockquote>}
          </li>
        ))}
      </ol>
    </section>
  );
}
