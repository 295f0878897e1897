// What the index would not offer, nothing is built of, and `check` counts on none of it.
import {
  decideFile,
  type IndexPolicy,
  type ProjectRules,
  rulesFor,
  type UpstreamSettings,
  upstreamsFor,
} from './index-policy.js';
import type { ProjectPage } from './simple-index.js';

/** Gives the page of a normalised project name; undefined where there is no such project. */
export type ProjectPages = (name: string, signal: AbortSignal) => Promise<ProjectPage | undefined>;

/** The policy denies the project to everyone; undefined where it does not. */
export function denialOf(project: string, { access, reason }: ProjectRules): string | undefined {
  return access === 'deny' ? `the policy denies ${project}${reason === undefined ? '' : `: ${reason}`}` : undefined;
}

/**
 * Pages of the first upstream of the policy that knows a project, without what the policy keeps back. That only wheels are offered keeps no sdist from being built.
 * @param pagesOf of one upstream
 * @param clock milliseconds since the epoch
 */
export function pagesByPolicy(
  policy: IndexPolicy,
  pagesOf: (upstream: UpstreamSettings) => ProjectPages,
  clock: () => number,
): ProjectPages {
  return async (name, signal) => {
    const rules = rulesFor(policy, name);
    const keptBack = denialOf(name, rules);
    if (keptBack !== undefined) return { name, files: [], keptBack };
    for (const upstream of upstreamsFor(policy, name)) {
      const page = await pagesOf(upstream)(name, signal);
      if (page !== undefined) return withoutKeptBack(page, rules, clock());
    }
    return undefined;
  };
}

function withoutKeptBack(page: ProjectPage, rules: ProjectRules, now: number): ProjectPage {
  if (rules.versions === undefined && rules.cooldownDays === 0) return page;
  let first: string | undefined;
  const files = page.files.filter((file) => {
    const decision = decideFile(file, page.name, 'upstream', { ...rules, wheelsOnly: false }, now);
    if (!decision.offered) first ??= `the policy keeps ${file.filename} back: ${decision.reason}`;
    return decision.offered;
  });
  return first === undefined ? page : { ...page, files, keptBack: first };
}
