import { useEffect, useState } from 'preact/hooks';
import type { Build, BuildPage } from '../../../client/contract.js';
import type { AttemptInput } from '../../../core/attempt.js';
import { plainText } from '../log/line-text.js';
import { LogBuffer } from '../log/log-buffer.js';
import { readLog } from '../log/log-feed.js';
import { get } from '../request.js';
import { useResource } from '../ui/resource.js';
import { type InputChange, inputChanges } from './input-changes.js';
import { MAX_COMPARED_LINES, newLines } from './new-lines.js';

type Attempt = Build['attempts'][number];

interface Props {
  build: Build;
  attempt: Attempt;
  onJump(line: number): void;
}

interface Other {
  attemptId: string;
  label: string;
}

/** How a failed attempt differs from the last success of its project, or from another attempt: what went in, and what its log says that the other's does not. */
export function Comparison({ build, attempt, onJump }: Props) {
  const { data } = useResource<BuildPage>(`builds?status=succeeded&project=${build.project}&limit=20`);
  const [chosen, setChosen] = useState<string>();
  const others = [...lastSuccess(build, data?.builds ?? []), ...otherAttempts(build, attempt)];
  const other = others.find(({ attemptId }) => attemptId === chosen) ?? others[0];
  const changes = useChanges(attempt.id, other?.attemptId);
  if (data === undefined || other === undefined || changes === undefined) return null;
  return (
    <details class="comparison">
      <summary>
        {changes.length === 0 ? 'No input' : changes.length}{' '}
        {changes.length > 1 ? 'inputs differ' : changes.length === 1 ? 'input differs' : 'differs'} from {other.label}
      </summary>
      {others.length > 1 && (
        <label>
          Compare with{' '}
          <select value={other.attemptId} onChange={(event) => setChosen(event.currentTarget.value)}>
            {others.map(({ attemptId, label }) => (
              <option key={attemptId} value={attemptId}>
                {label}
              </option>
            ))}
          </select>
        </label>
      )}
      {changes.length > 0 && <ChangeTable changes={changes} />}
      <NewLines key={other.attemptId} attemptId={attempt.id} otherId={other.attemptId} onJump={onJump} />
    </details>
  );
}

function lastSuccess(build: Build, succeeded: readonly Build[]): Other[] {
  const sameTarget = ({ target }: Build) =>
    target.python === build.target.python && target.policy === build.target.policy;
  const made = succeeded.filter(
    ({ id, attempts }) => id !== build.id && attempts.some(({ status }) => status === 'succeeded'),
  );
  const success = made.find(sameTarget) ?? made[0];
  const attempt = success?.attempts.find(({ status }) => status === 'succeeded');
  if (success === undefined || attempt === undefined) return [];
  return [{ attemptId: attempt.id, label: `the last success, ${success.version} on ${success.target.python}` }];
}

function otherAttempts({ attempts }: Build, attempt: Attempt): Other[] {
  return attempts
    .filter(({ id, finishedAt }) => id !== attempt.id && finishedAt !== undefined)
    .toReversed()
    .map(({ id, number }) => ({ attemptId: id, label: `attempt ${number}` }));
}

function ChangeTable({ changes }: { changes: readonly InputChange[] }) {
  return (
    <table class="plain">
      <thead>
        <tr>
          <th scope="col">Input</th>
          <th scope="col">Then</th>
          <th scope="col">Now</th>
        </tr>
      </thead>
      <tbody>
        {changes.map(({ kind, name, before, after }) => (
          <tr key={`${kind} ${name}`}>
            <th scope="row">
              {name} <span class="detail">{kind.replaceAll('-', ' ')}</span>
            </th>
            <td>{before ?? 'not there'}</td>
            <td>{after ?? 'not there'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const SHOWN_LINES = 100;

function NewLines({ attemptId, otherId, onJump }: { attemptId: string; otherId: string; onJump(line: number): void }) {
  const [found, setFound] = useState<{ numbers: number[]; log: LogBuffer } | 'reading' | 'too long'>();
  const compare = async () => {
    setFound('reading');
    const [log, other] = [new LogBuffer(), new LogBuffer()];
    await Promise.all([readLog(attemptId, log), readLog(otherId, other)]);
    setFound(
      log.lineCount + other.lineCount > MAX_COMPARED_LINES ? 'too long' : { log, numbers: newLines(log, other) },
    );
  };
  if (found === undefined) {
    return (
      <button type="button" onClick={() => compare().catch(() => setFound(undefined))}>
        Compare the logs
      </button>
    );
  }
  if (found === 'reading') return <p class="detail">Reading both logs…</p>;
  if (found === 'too long')
    return <p class="detail">Together they have more than {MAX_COMPARED_LINES.toLocaleString()} lines.</p>;
  const { numbers, log } = found;
  return (
    <div>
      <p class="detail" role="status">
        {numbers.length.toLocaleString()} {numbers.length === 1 ? 'line is' : 'lines are'} in this log only
        {numbers.length > SHOWN_LINES ? `; the last ${SHOWN_LINES}:` : numbers.length === 0 ? '.' : ':'}
      </p>
      <ul class="new-lines">
        {numbers.slice(-SHOWN_LINES).map((number) => (
          <li key={number}>
            <button type="button" class="small" onClick={() => onJump(number)}>
              {number.toLocaleString()}
            </button>
            <code>{plainText(log.line(number, 400))}</code>
          </li>
        ))}
      </ul>
    </div>
  );
}

function useChanges(attemptId: string, otherId: string | undefined): InputChange[] | undefined {
  const [changes, setChanges] = useState<InputChange[]>();
  useEffect(() => {
    if (otherId === undefined) return;
    const abort = new AbortController();
    const inputsOf = (id: string) => get<{ inputs: AttemptInput[] }>(`attempts/${id}/inputs`, abort.signal);
    Promise.all([inputsOf(otherId), inputsOf(attemptId)]).then(
      ([before, after]) => setChanges(inputChanges(before.inputs, after.inputs)),
      () => {},
    );
    return () => abort.abort();
  }, [attemptId, otherId]);
  return changes;
}
