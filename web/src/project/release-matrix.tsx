import type { Build, Project, UpstreamProject } from '../../../client/contract.js';
import { at } from '../base.js';
import { post } from '../request.js';
import { go } from '../router.js';
import { useSession } from '../session.js';
import { useAction } from '../ui/action.js';
import { ActionProblem } from '../ui/action-problem.js';
import { Badge, Status } from '../ui/status.js';
import { type MatrixCell, matrixRows, nameOfTarget } from './matrix-rows.js';

interface Props {
  project: Project;
  upstream: UpstreamProject | undefined;
  onChange(): void;
}

/** Releases by targets: built here, failed with its class, a wheel here or upstream, or to be built. */
export function ReleaseMatrix({ project, upstream, onChange }: Props) {
  const { offers } = useSession();
  const { run, problem } = useAction();
  const { targets, rows } = matrixRows(project, upstream);
  if (rows.length === 0) return null;
  const platforms = Map.groupBy(targets, ({ policy, arch }) => `${policy}_${arch}`);
  const mayBuild = offers('build');

  const build = (version: string, { target }: MatrixCell) =>
    run(async () => {
      const request = { requirement: `${project.name}==${version}`, python: [target.python], policy: target.policy };
      const { builds } = await post<{ builds: Build[] }>('builds', request);
      onChange();
      if (builds[0] !== undefined) go(`builds/${builds[0].id}`);
    });

  return (
    <>
      <ActionProblem problem={problem} />
      <section class="table-scroll" tabIndex={0} aria-label="Releases by target">
        <table class="matrix">
          <thead>
            <tr>
              <th scope="col" rowSpan={2}>
                Release
              </th>
              {[...platforms].map(([platform, { length }]) => (
                <th key={platform} scope="colgroup" colSpan={length}>
                  {platform}
                </th>
              ))}
            </tr>
            <tr>
              {targets.map((target) => (
                <th key={nameOfTarget(target)} scope="col" aria-label={nameOfTarget(target)}>
                  {target.python}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ version, yanked, cells }) => (
              <tr key={version}>
                <th scope="row">
                  {version} {yanked && <span class="chip warn">yanked</span>}
                </th>
                {cells.map((cell) => (
                  <td key={nameOfTarget(cell.target)}>
                    <Cell cell={cell} onBuild={mayBuild ? () => build(version, cell) : undefined} version={version} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

interface CellProps {
  cell: MatrixCell;
  version: string;
  onBuild: (() => void) | undefined;
}

function Cell({ cell: { built, wheel, offer, target }, version, onBuild }: CellProps) {
  if (built !== undefined) {
    return (
      <a href={at(`builds/${built.buildId}`)} title={built.files.join(', ')}>
        {built.failure === undefined ? (
          <Status status={built.status} />
        ) : (
          <Badge tone="bad">{built.failure.class}</Badge>
        )}
      </a>
    );
  }
  if (wheel !== undefined)
    return (
      <span class="detail" title={wheel}>
        wheel here
      </span>
    );
  if (offer?.kind === 'wheel')
    return (
      <span class="detail" title={offer.filename}>
        upstream wheel
      </span>
    );
  if (offer?.kind === 'nothing') return <span class="detail">no sdist</span>;
  if (offer === undefined || onBuild === undefined) return <span class="detail">not tried</span>;
  return (
    <button type="button" class="small" onClick={onBuild} aria-label={`Build ${version} for ${nameOfTarget(target)}`}>
      Build
    </button>
  );
}
