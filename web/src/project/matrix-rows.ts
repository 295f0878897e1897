import type { Project, UpstreamProject } from '../../../client/contract.js';
import { wheelServesTarget } from '../../../core/tag.js';
import { compareVersions } from '../../../core/version.js';

type Built = Project['releases'][number]['targets'][number];
type Offer = UpstreamProject['releases'][number]['offers'][number];
export type Target = UpstreamProject['targets'][number];

/** One release on one target: what became of it here, else a wheel that is here and serves it too (uploaded, or built for another), else what the upstream offers. */
export interface MatrixCell {
  target: Target;
  built?: Built;
  /** File name. */
  wheel?: string;
  offer?: Offer;
}

export interface MatrixRow {
  version: string;
  yanked: boolean;
  cells: MatrixCell[];
}

/** Releases here and upstream, newest first, on every target that is built for or was. */
export function matrixRows(
  project: Project,
  upstream: UpstreamProject | undefined,
): { targets: Target[]; rows: MatrixRow[] } {
  const built = project.releases.flatMap(({ targets }) => targets);
  const all = [...(upstream?.targets ?? []), ...built.map(({ policy, arch, python }) => ({ policy, arch, python }))];
  const distinct = new Map(all.map((target) => [nameOfTarget(target), target]));
  const targets = [...distinct.values()].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  const offered = upstream?.targets.map(nameOfTarget) ?? [];
  return {
    targets,
    rows: versionsOf(project, upstream).map((version) => {
      const here = project.releases.find((release) => release.version === version);
      const there = upstream?.releases.find((release) => release.version === version);
      return {
        version,
        yanked: there?.yanked ?? false,
        cells: targets.map((target) => {
          const made = here?.targets.find((each) => nameOfTarget(each) === nameOfTarget(target));
          const offer = there?.offers[offered.indexOf(nameOfTarget(target))];
          const wheel = here?.files.find(({ filename }) => wheelServesTarget(filename, target))?.filename;
          return { target, ...(made && { built: made }), ...(wheel && { wheel }), ...(offer && { offer }) };
        }),
      };
    }),
  };
}

export function nameOfTarget({ python, policy, arch }: Target): string {
  return `${python} ${policy}_${arch}`;
}

/** By platform, so that the columns of one stand together. */
function sortKey({ policy, arch, python }: Target): string {
  return `${policy}_${arch} ${python.replace(/\d+/, (digits) => digits.padStart(4, '0'))}`;
}

/** Newest first. */
function versionsOf(project: Project, upstream: UpstreamProject | undefined): string[] {
  const all = [...project.releases, ...(upstream?.releases ?? [])].map(({ version }) => version);
  return [...new Set(all)].sort((a, b) => compareVersions(b, a));
}
