import type { Project, UpstreamProject } from '../../../client/contract.js';
import { at } from '../base.js';
import { FileCard, PipLine } from '../build/file-list.js';
import { ReleaseMatrix } from '../project/release-matrix.js';
import { CopyBlock } from '../ui/copy.js';
import { pipInstall } from '../ui/pip.js';
import { ProblemNote } from '../ui/problem.js';
import { useResource } from '../ui/resource.js';
import { useService } from '../ui/service.js';
import { useTitle } from '../ui/title.js';

/** One project: what of it is here and upstream for which target, and how to install it. */
export function ProjectPage({ name }: { name: string }) {
  useTitle(name);
  const path = `projects/${encodeURIComponent(name)}`;
  const { data: project, error, reload } = useResource<Project>(path, () => 5_000);
  const { data: upstream, error: upstreamError } = useResource<UpstreamProject>(`${path}/upstream`);
  const service = useService();
  const here = project ?? { name, releases: [], dependents: [] };
  const unknown = error !== undefined && upstream?.releases.length === 0;
  return (
    <div class="page">
      <h1>{name}</h1>
      {unknown && <ProblemNote error={error} />}
      {error !== undefined && !unknown && <p class="lead">Nothing of it was built or uploaded here yet.</p>}
      {upstreamError !== undefined && (
        <p class="note warn">What the upstream has is not known: {upstreamError.message}</p>
      )}
      {service !== undefined && project !== undefined && <CopyBlock title="pip" text={pipLine(project, service)} />}
      <ReleaseMatrix project={here} upstream={upstream} onChange={reload} />
      {here.releases
        .filter(({ files }) => files.length > 0)
        .map((release) => (
          <section key={release.version} class="files" aria-label={`Files of ${release.version}`}>
            {release.files.map((file) => (
              <FileCard key={file.filename} project={here.name} file={file} />
            ))}
            <PipLine
              project={here.name}
              version={release.version}
              channel={release.files.some(({ channel }) => channel === 'stable') ? 'stable' : 'trial'}
            />
          </section>
        ))}
      <Dependents names={project?.dependents ?? upstream?.dependents ?? []} />
      {project !== undefined && (
        <p>
          <a href={at(`builds?project=${project.name}`)}>All builds of {project.name}</a>
        </p>
      )}
    </div>
  );
}

function Dependents({ names }: { names: readonly string[] }) {
  if (names.length === 0) return null;
  return (
    <section class="home-section">
      <h2>Taken by builds of</h2>
      <ul class="names">
        {names.map((name) => (
          <li key={name}>
            <a href={at(`packages/${name}`)}>{name}</a>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Of the trial index only where nothing is there for everyone. */
function pipLine({ name, releases }: Project, service: { indexUrl: string; trialIndexUrl: string }): string {
  const channels = new Set(releases.flatMap(({ files }) => files.map(({ channel }) => channel)));
  return pipInstall(channels.has('trial') && !channels.has('stable') ? service.trialIndexUrl : service.indexUrl, name);
}
