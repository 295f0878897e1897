import type { CheckInput, CheckResult, CheckRow } from './check.js';
import { checkRequirement } from './check.js';
import type { DependencyFile } from './dependency-file.js';
import { WheelwrightError } from './errors.js';
import { type MarkerTarget, markerApplies } from './marker.js';
import { parseRequirement, type Requirement } from './requirement.js';
import type { ProjectPage } from './simple-index.js';
import type { TagTarget } from './tag.js';

export interface CheckSources {
  /** Wheels of a project that are here; `owned`: the project belongs to this organisation, and no upstream is asked. */
  here(project: string): Promise<{ wheels: CheckInput['here']; owned: boolean }>;
  page(project: string, signal: AbortSignal): Promise<ProjectPage | undefined>;
  /** The Requires-Dist of the file that was chosen; undefined where it cannot be known without building. */
  requiresDist(result: CheckResult, signal: AbortSignal): Promise<readonly string[] | undefined>;
}

/** Projects looked at side by side. */
const PARALLEL = 8;
const MAX_PROJECTS = 3_000;

interface Wanted {
  specifiers: Set<string>;
  extras: Set<string>;
  requiredBy: Set<string>;
  /** What was known of it when it was last looked at; it is looked at again when more is said. */
  seen: string;
  result?: CheckResult;
}

/**
 * Looks at each requirement of a file, and unless it is a lock, at what those require in turn. No resolver: each project is taken at the newest version that
 * everything said about it allows, as pip does where nothing conflicts.
 * @throws WheelwrightError `too-large` for more than a few thousand projects, `unavailable` when the upstream does not answer
 */
export async function checkFile(
  file: DependencyFile,
  target: TagTarget & MarkerTarget,
  sources: CheckSources,
  signal: AbortSignal,
): Promise<CheckRow[]> {
  const wanted = new Map<string, Wanted>();
  for (const requirement of file.requirements) {
    if (requirement.marker === undefined || markerApplies(requirement.marker, target))
      want(wanted, requirement, undefined);
  }
  for (;;) {
    const due = [...wanted].filter(([, each]) => each.seen !== saidOf(each)).slice(0, PARALLEL);
    if (due.length === 0) break;
    if (wanted.size > MAX_PROJECTS) {
      throw new WheelwrightError('too-large', `the file leads to more than ${MAX_PROJECTS} projects`, {
        hint: 'Check the applications one by one.',
      });
    }
    await Promise.all(
      due.map(async ([name, each]) => {
        each.seen = saidOf(each);
        each.result = await lookAt(name, each, target, sources, signal);
        if (file.locked) return;
        const requires = await sources.requiresDist(each.result, signal);
        for (const requirement of requirementsOf(requires ?? [], each.extras, target)) want(wanted, requirement, name);
        if (requires === undefined && each.result.version !== undefined) {
          each.result = { ...each.result, reason: `${each.result.reason} What it requires in turn is not known.` };
        }
      }),
    );
  }
  const rows = [...wanted].flatMap(([, { result, requiredBy }]) =>
    result === undefined ? [] : [rowOf(result, requiredBy)],
  );
  const skipped = file.skipped.map(({ text, reason }) => ({
    name: text,
    state: 'skipped' as const,
    reason: sentence(reason),
    requiredBy: [],
  }));
  return [...rows, ...skipped];
}

async function lookAt(
  name: string,
  each: Wanted,
  target: TagTarget,
  sources: CheckSources,
  signal: AbortSignal,
): Promise<CheckResult> {
  const { wheels, owned } = await sources.here(name);
  const page = owned ? undefined : await sources.page(name, signal);
  return checkRequirement({ name, specifiers: [...each.specifiers], here: wheels, page, target });
}

function want(wanted: Map<string, Wanted>, requirement: Requirement, by: string | undefined): void {
  const each = wanted.get(requirement.name) ?? {
    specifiers: new Set(),
    extras: new Set(),
    requiredBy: new Set(),
    seen: '',
  };
  each.specifiers.add(requirement.specifier);
  for (const extra of requirement.extras) each.extras.add(extra);
  if (by !== undefined) each.requiredBy.add(by);
  wanted.set(requirement.name, each);
}

function saidOf({ specifiers, extras }: Wanted): string {
  return JSON.stringify([[...specifiers].sort(), [...extras].sort()]);
}

/** What a Requires-Dist asks for on the target. Lines that cannot be read, such as direct references, lead nowhere. */
function requirementsOf(
  requiresDist: readonly string[],
  extras: ReadonlySet<string>,
  target: MarkerTarget,
): Requirement[] {
  return requiresDist.flatMap((line) => {
    const requirement = readable(line);
    if (requirement === undefined) return [];
    const { marker } = requirement;
    const applies =
      marker === undefined || ['', ...extras].some((extra) => markerApplies(marker, { ...target, extra }));
    return applies ? [requirement] : [];
  });
}

function readable(line: string): Requirement | undefined {
  try {
    // Metadata of old wheels has its specifiers in parentheses.
    return parseRequirement(line.replace(/\(([^)]*)\)/, '$1'));
  } catch {
    return undefined;
  }
}

function rowOf({ upstreamFile: _, ...result }: CheckResult, requiredBy: ReadonlySet<string>): CheckRow {
  return { ...result, requiredBy: [...requiredBy].sort() };
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
