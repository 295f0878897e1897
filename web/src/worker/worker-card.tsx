import type { Worker } from '../../../client/workers.js';
import { at } from '../base.js';
import { post } from '../request.js';
import { useSession } from '../session.js';
import { useAction } from '../ui/action.js';
import { ActionProblem } from '../ui/action-problem.js';
import { formatSize } from '../ui/size.js';
import { Ago } from '../ui/time.js';

/** One worker: what it is, what it has left, what it makes. */
export function WorkerCard({ worker, onChange }: { worker: Worker; onChange(): void }) {
  const { name, state, version, engineVersion, architectures, labels, trust, running } = worker;
  return (
    <li class="card">
      <h3>
        {name} <span class={`chip ${STATE_LOOK[state]}`}>{state}</span>{' '}
        {[...architectures, ...labels, ...(trust.length > 1 ? [] : [`${trust[0]} only`])].map((kind) => (
          <span key={kind} class="chip">
            {kind}
          </span>
        ))}
      </h3>
      <p>{usageOf(worker)}</p>
      <p class="detail">
        version {version}, engine {engineVersion}; seen <Ago iso={worker.lastSeen} />
      </p>
      {running.length > 0 && (
        <ul>
          {running.map(({ attemptId, buildId, project, version: built }) => (
            <li key={attemptId}>
              builds{' '}
              <a href={at(`builds/${buildId}`)}>
                {project} {built}
              </a>
            </li>
          ))}
        </ul>
      )}
      <Steering worker={worker} onChange={onChange} />
    </li>
  );
}

const STATE_LOOK: Record<Worker['state'], string> = { active: '', draining: 'warn', silent: 'bad', stopped: '' };

function usageOf({ slots, used, budget }: Worker): string {
  return [
    `${slots.used} of ${slots.total} slots`,
    `${Number(used.cpus.toFixed(2))} of ${Number(budget.cpus.toFixed(2))} CPUs`,
    `${formatSize(used.memoryBytes)} of ${formatSize(budget.memoryBytes)} memory`,
    `${formatSize(used.diskBytes)} of ${formatSize(budget.diskBytes)} disk`,
  ].join(', ');
}

/** Offered to administrators, for workers that are there. */
function Steering({ worker: { name, state }, onChange }: { worker: Worker; onChange(): void }) {
  const { offers } = useSession();
  const { run, busy, problem } = useAction();
  if (!offers('admin') || (state !== 'active' && state !== 'draining')) return null;
  const action = state === 'active' ? 'drain' : 'resume';
  const act = async () => {
    await run(() => post(`workers/${encodeURIComponent(name)}/${action}`));
    onChange();
  };
  return (
    <div class="actions">
      <ActionProblem problem={problem} />
      <button
        type="button"
        disabled={busy}
        onClick={act}
        aria-label={`${action === 'drain' ? 'Drain' : 'Resume'} ${name}`}
        title={action === 'drain' ? 'Give it nothing more; it finishes what it has' : 'Give it builds again'}
      >
        {action === 'drain' ? 'Drain' : 'Resume'}
      </button>
    </div>
  );
}
