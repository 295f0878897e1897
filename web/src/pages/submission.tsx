import type { Submission } from '../../../client/contract.js';
import { isFinished } from '../../../core/build.js';
import { at } from '../base.js';
import { CommentedDiff } from '../recipe/commented-diff.js';
import { EditList } from '../recipe/edit-list.js';
import { ReviewForm } from '../recipe/review-form.js';
import { SubmissionStatusBadge } from '../recipe/submission-status.js';
import { useSession } from '../session.js';
import { ProblemNote } from '../ui/problem.js';
import { useResource } from '../ui/resource.js';
import { Status } from '../ui/status.js';
import { Ago } from '../ui/time.js';
import { useTitle } from '../ui/title.js';

const LIVE_MS = 2_500;
/** Nothing is tried or decided any more; only comments may still come. */
const DECIDED_MS = 10_000;

/** One recipe under review: what it changes, what its trials gave, who said what, and the decision. */
export function SubmissionPage({ id }: { id: string }) {
  const path = `submissions/${encodeURIComponent(id)}`;
  const { data, error, reload } = useResource<Submission>(path, (read) =>
    read?.status === 'open' ? LIVE_MS : DECIDED_MS,
  );
  const { offers } = useSession();
  const maySay = offers('submit', 'approve');
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
        <CommentedDiff submission={data} open={maySay} onSaid={reload} />
        {maySay && <p class="hint">The number of a line begins a comment on it.</p>}
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
      <ReviewForm submission={data} onChange={reload} />
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
      <table class="plain trials">
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

/** Decisions and comments in the order in which they came. */
function History({ submission: { history, comments } }: { submission: Submission }) {
  const events = [
    ...history.map(({ action, reason, ...event }) => ({ ...event, did: `${action} it`, text: reason })),
    ...comments.map(({ line, ...event }) => ({
      ...event,
      did: line === undefined ? 'said' : `said of line ${line}`,
    })),
  ].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return (
    <section class="card">
      <h2>History</h2>
      <ol class="history" aria-live="polite" aria-relevant="additions">
        {events.map(({ who, did, text, at: when }, index) => (
          <li key={index}>
            <strong>{who}</strong> {did} <Ago iso={when} />
            {text !== undefined && <blockquote>{text}</blockquote>}
          </li>
        ))}
      </ol>
    </section>
  );
}
