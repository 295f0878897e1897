import type { Build, Solve } from '../../../client/contract.js';
import { at } from '../base.js';
import { failureOf } from '../build/failure-of.js';
import { EditList } from '../recipe/edit-list.js';
import { CopyBlock } from '../ui/copy.js';
import { ProblemNote } from '../ui/problem.js';
import { useResource } from '../ui/resource.js';
import { Badge, Status } from '../ui/status.js';
import { Ago, Duration } from '../ui/time.js';
import { useTitle } from '../ui/title.js';

const LIVE_MS = 2_000;
const TONES = { running: 'busy', solved: 'good', 'gave-up': 'bad', cancelled: 'idle' } as const;
const PURPOSES: Record<Solve['steps'][number]['purpose'], string> = {
  first: 'As asked for',
  edit: 'With one more change',
  'older-release': 'An older release',
  without: 'With one change fewer',
};

/** A search for a recipe with which something can be built: each try, what it changed, and how it ended. */
export function SolvePage({ id }: { id: string }) {
  const path = `solves/${encodeURIComponent(id)}`;
  const { data, error } = useResource<Solve>(path, (read) =>
    read === undefined || read.status === 'running' ? LIVE_MS : 0,
  );
  useTitle(data === undefined ? 'Solve' : `Solving ${data.project}, ${data.status}`);
  if (data === undefined) {
    return (
      <div class="page">
        <h1>Solve</h1>
        {error === undefined ? <p class="empty">Loading…</p> : <ProblemNote error={error} />}
      </div>
    );
  }
  return (
    <div class="page">
      <header>
        <h1>Solving {data.requirement}</h1>
        <p class="facts">
          <span role="status">
            <Badge tone={TONES[data.status]}>{data.status}</Badge>
          </span>
          <span class="detail">
            began <Ago iso={data.createdAt} />, <Duration from={data.createdAt} to={data.finishedAt} />
          </span>
        </p>
      </header>
      {error !== undefined && <ProblemNote error={error} />}
      {data.reason !== undefined && <p class="note">{data.reason}</p>}
      {data.recipe !== undefined && <CopyBlock title="The recipe that works" text={data.recipe} />}
      {data.submissionId !== undefined && (
        <p>
          <a class="button" href={at(`submissions/${data.submissionId}`)}>
            Review it
          </a>
        </p>
      )}
      <ol class="cards">
        {data.steps.map((step) => (
          <Step key={step.number} step={step} />
        ))}
      </ol>
    </div>
  );
}

function Step({ step }: { step: Solve['steps'][number] }) {
  const { data: build } = useResource<Build>(`builds/${step.buildId}`, (read) =>
    read?.finishedAt === undefined ? LIVE_MS : 0,
  );
  const failure = build === undefined ? undefined : failureOf(build);
  return (
    <li class="card">
      <h2>
        {step.number}. {PURPOSES[step.purpose]}
      </h2>
      <p class="facts">
        <a href={at(`builds/${step.buildId}`)}>version {step.version}</a>
        {build !== undefined && <Status status={build.status} />}
        {step.parent !== undefined && step.parent !== step.number - 1 && (
          <span class="detail">from try {step.parent}</span>
        )}
      </p>
      <EditList edits={step.edits} />
      {failure !== undefined && (
        <p class="detail">
          {failure.class}: {failure.cause}
        </p>
      )}
    </li>
  );
}
