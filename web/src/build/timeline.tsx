import type { Build } from '../../../client/contract.js';
import { Duration, useNow } from '../ui/time.js';

type Attempt = Build['attempts'][number];

/** The phases of an attempt in order, each as wide as it took long; a click shows where it begins in the log. */
export function Timeline({ attempt, onSelect }: { attempt: Attempt; onSelect(section: number): void }) {
  const now = useNow(attempt.finishedAt === undefined ? 1000 : 0);
  if (attempt.phases.length === 0) return null;
  const last = attempt.phases.length - 1;
  return (
    <section class="timeline" aria-label="Phases">
      <ol>
        {attempt.phases.map((phase, index) => {
          const end =
            phase.finishedAt === undefined ? Math.max(now, Date.parse(phase.startedAt)) : Date.parse(phase.finishedAt);
          const seconds = (end - Date.parse(phase.startedAt)) / 1000;
          const state = index < last ? 'done' : lastState(attempt);
          return (
            // Square roots, so that a phase of two seconds can still be read beside one of an hour.
            <li key={index} class={state} style={{ flexGrow: String(Math.sqrt(seconds) + 0.5) }}>
              <button type="button" onClick={() => onSelect(index)} title={`Show the ${phase.phase} phase in the log`}>
                <span class="name">{phase.phase}</span>
                <Duration from={phase.startedAt} to={phase.finishedAt} />
                <span class="visually-hidden">{state}</span>
              </button>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function lastState(attempt: Attempt): 'done' | 'failed' | 'running' | 'stopped' {
  switch (attempt.status) {
    case 'leased':
    case 'running':
      return 'running';
    case 'failed':
      return 'failed';
    case 'succeeded':
      return 'done';
    case 'lost':
    case 'cancelled':
    case 'deferred':
      return 'stopped';
    default:
      return attempt.status satisfies never;
  }
}
