// A project's page from its parts. What is left out is kept with its reason, so that `index explain` can never disagree with the page.
import { decideFile, type ProjectRules } from './index-policy.js';
import { denialOf } from './policy-page.js';
import type { IndexFile, ProjectPage, ProjectStatus } from './simple-index.js';

/** Where a file of a page comes from: this service, or the upstream of that name. */
export type Origin = FromHere | FromUpstream;
type FromHere = { kind: 'here' };
type FromUpstream = { kind: 'upstream'; upstream: string };

/** Of a file of this service no more is kept: a page may have thousands, and whoever wants one asks the database. */
export interface HeldFile {
  filename: string;
  version: string;
}

/** For an upstream's file, `url` is where it is fetched. */
export type OfferedFile = (FromHere & { file: HeldFile }) | UpstreamOffer;
export type UpstreamOffer = FromUpstream & { file: IndexFile };

export type WithheldFile = Origin & { filename: string; reason: string };

export interface Assembly {
  name: string;
  status: ProjectStatus;
  statusReason?: string;
  offered: readonly OfferedFile[];
  withheld: readonly WithheldFile[];
  /** Set when nothing of the project is offered to anyone, and why. */
  denied?: string;
  /** When a file's decision changes by itself; milliseconds since the epoch. */
  changesAt?: number;
}

export interface HeldProject {
  status: ProjectStatus;
  statusReason?: string;
  files: readonly HeldFile[];
}

export interface AssemblyParts {
  name: string;
  rules: ProjectRules;
  /** Files of this service and the project's state here; undefined when it has none. */
  here: HeldProject | undefined;
  /** Files of this service that were deleted, with the reason: no other bytes come under their names. */
  deleted: ReadonlyMap<string, string> | undefined;
  /** What the first upstream that knows the project says. */
  upstream: { name: string; page: ProjectPage; refused: ReadonlyMap<string, string> } | undefined;
}

/** Files of this service first, then the upstream's; a file name of this service hides the upstream's file of that name. */
export function assembleProject(parts: AssemblyParts, now: number): Assembly {
  const { name, rules, here, deleted, upstream } = parts;
  const offered: OfferedFile[] = [];
  const withheld: WithheldFile[] = [];
  let changesAt: number | undefined;
  const denied = denialOf(name, rules);

  const add = (offer: OfferedFile, refusal: string | undefined): void => {
    const decision = decideFile(offer.file, name, offer.kind, rules, now);
    const reason = denied ?? refusal ?? (decision.offered ? undefined : decision.reason);
    if (reason === undefined) {
      offered.push(offer);
      return;
    }
    const { file, ...origin } = offer;
    withheld.push({ ...origin, filename: file.filename, reason });
    if (!decision.offered && decision.until !== undefined)
      changesAt = Math.min(changesAt ?? decision.until, decision.until);
  };

  const refusedHere = here?.status === 'quarantined' ? quarantine('here', here.statusReason) : undefined;
  for (const file of here?.files ?? []) {
    add({ kind: 'here', file }, refusedHere);
  }
  if (upstream !== undefined) {
    const names = new Map(here?.files.map(({ filename }) => [filename, 'a file of this service has the same name']));
    const quarantined =
      upstream.page.status === 'quarantined'
        ? quarantine(`by ${upstream.name}`, upstream.page.statusReason)
        : undefined;
    for (const file of upstream.page.files) {
      const hidden = names.get(file.filename);
      if (hidden === undefined) names.set(file.filename, 'the upstream lists another file of the same name before it');
      add(
        { kind: 'upstream', upstream: upstream.name, file },
        hidden ??
          deletion(deleted?.get(file.filename)) ??
          refusedHere ??
          quarantined ??
          upstream.refused.get(file.filename),
      );
    }
  }
  const shown = here !== undefined && here.status !== 'active' ? here : (upstream?.page ?? here);
  return {
    name,
    status: shown?.status ?? 'active',
    ...(shown?.statusReason === undefined ? {} : { statusReason: shown.statusReason }),
    offered,
    withheld,
    ...(denied === undefined ? {} : { denied }),
    ...(changesAt === undefined ? {} : { changesAt }),
  };
}

/** Why no file of the name is offered; undefined where none was deleted. */
function deletion(reason: string | undefined): string | undefined {
  return reason === undefined ? undefined : deletedBecause(reason);
}

export function deletedBecause(reason: string): string {
  return `a file of that name was deleted here: ${reason}`;
}

function quarantine(where: string, reason: string | undefined): string {
  return `the project is quarantined ${where}${reason === undefined ? '' : `: ${reason}`}`;
}
