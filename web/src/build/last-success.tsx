import { useEffect, useState } from 'preact/hooks';
import type { Build, BuildPage } from '../../../client/contract.js';
import type { AttemptInput } from '../../../core/attempt.js';
import { at } from '../base.js';
import { get } from '../request.js';
import { useResource } from '../ui/resource.js';
import { type InputChange, inputChanges } from './input-changes.js';

interface Props {
  build: Build;
  attempt: Build['attempts'][number];
}

/** What went in this time and not the last time that the project was built, or the other way round: often the cause. */
export function LastSuccess({ build, attempt }: Props) {
  const { data } = useResource<BuildPage>(`builds?status=succeeded&project=${build.project}&limit=20`);
  const sameTarget = (other: Build) =>
    other.target.python === build.target.python && other.target.policy === build.target.policy;
  const earlier = data?.builds.filter(({ attempts }) => attempts.some(({ status }) => status === 'succeeded'));
  const success = earlier?.find(sameTarget) ?? earlier?.[0];
  const changes = useChanges(attempt.id, success?.attempts.find(({ status }) => status === 'succeeded')?.id);
  if (success === undefined || changes === undefined) return null;
  return (
    <details class="last-success">
      <summary>
        {changes.length === 0 ? 'Nothing' : changes.length} {changes.length === 1 ? 'input differs' : 'inputs differ'}{' '}
        from the last success
      </summary>
      <p class="detail">
        <a href={at(`builds/${success.id}`)}>
          {success.project} {success.version}
        </a>{' '}
        on {success.target.python}, {success.target.policy}
      </p>
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
                {name} <span class="detail">{kind}</span>
              </th>
              <td>{before ?? 'not there'}</td>
              <td>{after ?? 'not there'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function useChanges(attemptId: string, successId: string | undefined): InputChange[] | undefined {
  const [changes, setChanges] = useState<InputChange[]>();
  useEffect(() => {
    if (successId === undefined) return;
    const abort = new AbortController();
    const inputsOf = (id: string) => get<{ inputs: AttemptInput[] }>(`attempts/${id}/inputs`, abort.signal);
    Promise.all([inputsOf(successId), inputsOf(attemptId)]).then(
      ([before, after]) => setChanges(inputChanges(before.inputs, after.inputs)),
      () => {},
    );
    return () => abort.abort();
  }, [attemptId, successId]);
  return changes;
}
