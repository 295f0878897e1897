import { deletedBecause, type Origin } from '../core/index-assembly.js';
import type { HostedIndex } from './hosted-index.js';
import type { ProjectView } from './project-views.js';

/** Why the index offers a project's files or not: the answer of `GET /explain/<project>[/<file>]`. */
export interface Explanation {
  project: string;
  channel: 'stable' | 'trial';
  known: boolean;
  /** Nothing of the project comes from an upstream. */
  owned: boolean;
  reserved: boolean;
  /** A name owned here that this one can be taken for. */
  looksLike?: string;
  status: string;
  statusReason?: string;
  /** Why nothing of it is offered to anyone. */
  denied?: string;
  /** The upstream cannot be asked, and what it said at this time is used. ISO 8601. */
  upstreamUnavailableSince?: string;
  /** The upstream cannot be asked and has said nothing before: only files of this service are known. */
  withoutUpstream?: true;
  files: FileExplanation[];
}

export interface FileExplanation {
  filename: string;
  offered: boolean;
  /** `here`, or the name of an upstream. */
  from: string;
  reason: string;
}

/**
 * @param hosted knows this service's own files
 * @param filename only this file; its explanation is missing when nobody has heard of it
 */
export function explain(view: ProjectView, hosted: Pick<HostedIndex, 'reader'>, filename?: string): Explanation {
  const { assembly } = view;
  const isMeant = (name: string) => filename === undefined || name === filename;
  const yanked = assembly.offered[0]?.kind === 'here' ? hosted.reader?.yanked(assembly.name) : undefined;
  const meant = assembly.offered.filter(({ file }) => isMeant(file.filename));
  const offered = meant.map((offer) => ({
    filename: offer.file.filename,
    offered: true,
    from: fromText(offer),
    reason:
      offer.kind === 'here'
        ? `this service holds it${yankText(yanked?.get(offer.file.filename))}`
        : `the upstream ${offer.upstream} offers it and the policy allows it${yankText(offer.file.yanked)}`,
  }));
  const notOffered = assembly.withheld.filter((file) => isMeant(file.filename));
  const withheld = notOffered.map((file) => ({
    filename: file.filename,
    offered: false,
    from: fromText(file),
    reason: file.reason,
  }));
  const named = new Set([...offered, ...withheld].map((file) => file.filename));
  const deleted = [...(hosted.reader?.deleted(assembly.name, view.channel) ?? [])]
    .filter(([name]) => isMeant(name) && !named.has(name))
    .map(([name, reason]) => ({ filename: name, offered: false, from: 'here', reason: deletedBecause(reason) }));
  return {
    project: assembly.name,
    channel: view.channel,
    known: view.known,
    owned: view.owned,
    reserved: view.reserved,
    ...(view.looksLike === undefined ? {} : { looksLike: view.looksLike }),
    status: assembly.status,
    ...(assembly.statusReason === undefined ? {} : { statusReason: assembly.statusReason }),
    ...(assembly.denied === undefined ? {} : { denied: assembly.denied }),
    ...degradation(view.degraded),
    files: [...offered, ...withheld, ...deleted],
  };
}

function yankText(yanked: true | string | undefined): string {
  if (yanked === undefined) return '';
  const why = yanked === true ? '' : ` (${yanked})`;
  return `, but it is yanked${why}: installers take it only for a requirement that names its version by ==`;
}

function fromText(origin: Origin): string {
  return origin.kind === 'here' ? 'here' : origin.upstream;
}

function degradation(
  degraded: ProjectView['degraded'],
): Pick<Explanation, 'upstreamUnavailableSince' | 'withoutUpstream'> {
  if (degraded === undefined) return {};
  if (degraded === 'own-files-only') return { withoutUpstream: true };
  return { upstreamUnavailableSince: new Date(degraded.saidAt).toISOString() };
}
