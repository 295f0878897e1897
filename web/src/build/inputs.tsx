import type { AttemptInput } from '../../../core/attempt.js';
import { useResource } from '../ui/resource.js';

/** What an attempt took in, by kind; closed until someone asks. */
export function Inputs({ attemptId, live }: { attemptId: string; live: boolean }) {
  const { data } = useResource<{ inputs: AttemptInput[] }>(`attempts/${attemptId}/inputs`, () => (live ? 5_000 : 0));
  if (data === undefined || data.inputs.length === 0) return null;
  const kinds = Map.groupBy(data.inputs, ({ kind }) => kind);
  return (
    <details class="inputs">
      <summary>
        What went in{' '}
        <span class="detail">
          {[...kinds].map(([kind, { length }]) => `${length} × ${kind.replaceAll('-', ' ')}`).join(', ')}
        </span>
      </summary>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Inputs">
        <table class="plain check-table">
          <thead>
            <tr>
              <th scope="col">Kind</th>
              <th scope="col">Name</th>
              <th scope="col">Version</th>
              <th scope="col">sha256</th>
            </tr>
          </thead>
          <tbody>
            {data.inputs.map(({ kind, name, version, sha256 }) => (
              <tr key={`${kind} ${name} ${version}`}>
                <td class="detail">{kind.replaceAll('-', ' ')}</td>
                <th scope="row">{name}</th>
                <td>{version}</td>
                <td>{sha256 !== undefined && <code title={sha256}>{sha256.slice(0, 16)}…</code>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
