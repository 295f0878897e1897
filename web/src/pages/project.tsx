import type { Project } from '../../../client/contract.js';
import { at } from '../base.js';
import { FileCard } from '../build/file-list.js';
import { CopyBlock } from '../ui/copy.js';
import { ProblemNote } from '../ui/problem.js';
import { useResource } from '../ui/resource.js';
import { useService } from '../ui/service.js';
import { Badge, Status } from '../ui/status.js';
import { useTitle } from '../ui/title.js';

type Release = Project['releases'][number];

/** One project: what of it is here for which target, and how to install it. */
export function ProjectPage({ name }: { name: string }) {
  useTitle(name);
  const { data: project, error } = useResource<Project>(`projects/${encodeURIComponent(name)}`, () => 5_000);
  const service = useService();
  return (
    <div class="page">
      <h1>{name}</h1>
      {error !== undefined && project === undefined && <ProblemNote error={error} />}
      {project !== undefined && (
        <>
          {service !== undefined && <CopyBlock title="pip" text={pipLine(project, service)} />}
          <Matrix project={project} />
          {project.releases
            .filter(({ files }) => files.length > 0)
            .map((release) => (
              <section key={release.version} class="files" aria-label={`Files of ${release.version}`}>
                {release.files.map((file) => (
                  <FileCard key={file.filename} file={file} />
                ))}
              </section>
            ))}
          <p>
            <a href={at(`builds?project=${project.name}`)}>All builds of {project.name}</a>
          </p>
        </>
      )}
    </div>
  );
}

/** The newest release with a file for everyone; a trial one only where there is nothing else. */
function pipLine({ name, releases }: Project, service: { indexUrl: string; trialIndexUrl: string }): string {
  const has = (channel: 'stable' | 'trial') =>
    releases.find(({ files }) => files.some((file) => file.channel === channel));
  const stable = has('stable');
  const release = stable ?? has('trial');
  const index = stable === undefined && release !== undefined ? service.trialIndexUrl : service.indexUrl;
  return `pip install --index-url ${index} '${name}${release === undefined ? '' : `==${release.version}`}'`;
}

function Matrix({ project }: { project: Project }) {
  const targets = [...new Set(project.releases.flatMap(({ targets: each }) => each.map(nameOf)))].sort();
  if (targets.length === 0) return null;
  return (
    <section class="table-scroll" tabIndex={0} aria-label="Releases by target">
      <table class="matrix">
        <thead>
          <tr>
            <th scope="col">Release</th>
            {targets.map((target) => (
              <th key={target} scope="col">
                {target}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {project.releases.map((release) => (
            <tr key={release.version}>
              <th scope="row">{release.version}</th>
              {targets.map((target) => (
                <td key={target}>
                  <Cell target={release.targets.find((each) => nameOf(each) === target)} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Cell({ target }: { target: Release['targets'][number] | undefined }) {
  if (target === undefined) return <span class="detail">not tried</span>;
  return (
    <a href={at(`builds/${target.buildId}`)} title={target.files.join(', ')}>
      {target.failure === undefined ? (
        <Status status={target.status} />
      ) : (
        <Badge tone="bad">{target.failure.class}</Badge>
      )}
    </a>
  );
}

function nameOf({ python, policy, arch }: Release['targets'][number]): string {
  return `${python} ${policy}_${arch}`;
}
