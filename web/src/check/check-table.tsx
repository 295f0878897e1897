import type { CheckAnswer } from '../../../client/contract.js';
import { at } from '../base.js';
import { Badge } from '../ui/status.js';

type Row = CheckAnswer['rows'][number];

const LABELS: Record<Row['state'], { tone: 'good' | 'bad' | 'warn' | 'idle'; label: string }> = {
  'not-found': { tone: 'bad', label: 'not found' },
  'no-sdist': { tone: 'bad', label: 'cannot be built' },
  'must-build': { tone: 'warn', label: 'would compile' },
  skipped: { tone: 'idle', label: 'not checked' },
  'wheel-here': { tone: 'good', label: 'wheel here' },
  'wheel-upstream': { tone: 'good', label: 'wheel upstream' },
};
const ORDER = Object.keys(LABELS);

/** The answer of a check: a sentence, then each project, what needs attention first. */
export function CheckTable({ answer }: { answer: CheckAnswer }) {
  const rows = answer.rows.toSorted(
    (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || (a.name < b.name ? -1 : 1),
  );
  const count = (...states: Row['state'][]) => rows.filter(({ state }) => states.includes(state)).length;
  const { python, policy, arch } = answer.target;
  return (
    <section class="home-section">
      <div role="status">
        <h2>
          {answer.kind}: {rows.length} {rows.length === 1 ? 'project' : 'projects'},{' '}
          {count('wheel-here', 'wheel-upstream')} ready, {count('must-build')} would compile,{' '}
          {count('no-sdist', 'not-found')} cannot be had
        </h2>
      </div>
      <p class="detail">
        for {python} on {policy}_{arch}
      </p>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Projects">
        <table class="plain check-table">
          <thead>
            <tr>
              <th scope="col">Project</th>
              <th scope="col">Version</th>
              <th scope="col">State</th>
              <th scope="col">Why</th>
              <th scope="col">Required by</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.name}>
                <th scope="row">
                  {row.state === 'skipped' ? row.name : <a href={at(`packages/${row.name}`)}>{row.name}</a>}
                </th>
                <td>{row.version}</td>
                <td>
                  <Badge tone={LABELS[row.state].tone}>{LABELS[row.state].label}</Badge>
                </td>
                <td>
                  {row.reason}
                  {row.filename !== undefined && <div class="detail filename">{row.filename}</div>}
                </td>
                <td class="detail">{row.requiredBy.join(', ')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
