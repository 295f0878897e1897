import type { Build } from '../../../client/contract.js';
import { Status } from '../ui/status.js';
import { Duration } from '../ui/time.js';

interface Props {
  attempts: Build['attempts'];
  selected: number;
  onSelect(number: number): void;
}

/** Every attempt is kept; this chooses which one is shown. */
export function AttemptTabs({ attempts, selected, onSelect }: Props) {
  return (
    <fieldset class="attempts">
      <legend class="visually-hidden">Attempt</legend>
      {attempts.map((attempt) => (
        <label key={attempt.id}>
          <input
            type="radio"
            name="attempt"
            checked={attempt.number === selected}
            onChange={() => onSelect(attempt.number)}
          />
          <span>
            Attempt {attempt.number} <Status status={attempt.status} />{' '}
            <span class="detail">
              <Duration from={attempt.startedAt} to={attempt.finishedAt} /> on {attempt.worker}
            </span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
