// From a request to builds: requirement -> release -> recipe -> targets -> builds, each new one in the queue.
import { isFinished, type Target } from './build.js';
import { buildKey } from './build-key.js';
import { WheelwrightError } from './errors.js';
import { isReserved } from './index-policy.js';
import { markerApplies } from './marker.js';
import { planRelease, type ReleasePlan } from './plan.js';
import { type BookedRecipe, chooseRecipe, recipeForTarget } from './recipe/book.js';
import type { RecipeCatalogue } from './recipe/catalogue.js';
import { resolveRecipe } from './recipe/resolve.js';
import { parseRequirement, type Requirement } from './requirement.js';
import type { ProjectPage } from './simple-index.js';
import type { BuildQueue, BuildRecord, BuildStore, PlannedBuild, RecipeRevision } from './store.js';
import { nextBuildNumber } from './tag.js';
import { findTarget, sortByInterpreter } from './target.js';
import { assertTakesFiles, type ProjectStandings } from './upload-rules.js';

export interface SubmissionDeps {
  store: BuildStore;
  queue: Pick<BuildQueue, 'add'>;
  recipes: Pick<RecipeCatalogue, 'recipe'>;
  targets: readonly Target[];
  /** The upstream's page of a normalised project name; undefined when there is no such project. */
  projectPage(name: string, signal: AbortSignal): Promise<ProjectPage | undefined>;
  standings: ProjectStandings;
  defaults: { policy: string; pythons: readonly string[] };
  /** Milliseconds since the epoch. */
  clock(): number;
}

export interface Submission {
  requirement: string;
  /** Interpreter tags. */
  pythons?: readonly string[] | undefined;
  policy?: string | undefined;
  /** YAML of a recipe to use in place of the catalogue's. */
  recipe?: string | undefined;
}

/** Smaller is sooner, by core/schedule.ts: a person waits, a solve looks for a recipe. */
export const PRIORITY = { asked: 100, solve: 200 } as const;

/** A build that another one waits for goes before it. */
export function priorityOfNeed(priority: number): number {
  return Math.max(priority - 10, 0);
}

const MAX_BUILDS_OF_A_RELEASE = 200;

/**
 * Asks for one build per interpreter. Those of one release are made one after the other, the oldest interpreter first, since its wheel may serve the others too.
 * @returns the builds in the order of their interpreters, and whether any of them is new
 * @throws WheelwrightError `invalid` or `not-found` for what cannot be built, `unavailable` when the upstream does not answer
 */
export async function submitBuilds(
  deps: SubmissionDeps,
  submission: Submission,
  priority: number,
  signal: AbortSignal,
): Promise<{ builds: BuildRecord[]; created: boolean }> {
  const requirement = parseRequirement(submission.requirement);
  const policy = submission.policy ?? deps.defaults.policy;
  const pythons = [...new Set(submission.pythons ?? deps.defaults.pythons)];
  const targets = sortByInterpreter(pythons.map((python) => findTarget(deps.targets, policy, python)));
  for (const target of targets) assertApplies(requirement, target);
  const recipe = await chooseRecipe(deps.recipes, requirement.name, submission.recipe);

  const known = await knownBuilds(deps.store, requirement, recipe, targets);
  if (known !== undefined) {
    for (const build of known) await hastenBuild(deps, build, priority);
    return { builds: known, created: false };
  }

  await assertFromUpstream(deps.standings, requirement.name);
  const page = await deps.projectPage(requirement.name, signal);
  const planned = targets.map((target) => {
    const plan = planRelease(requirement, page, { pythons: [target.python] });
    return planBuild(requirement, plan, recipe, target, priority);
  });
  const builds: BuildRecord[] = [];
  let created = false;
  for (const { build: plan, recipe: revision } of planned) {
    await deps.store.addRecipeRevision(revision);
    const leader = builds.find(
      (build) => build.sdist.sha256 === plan.sdist.sha256 && !['failed', 'cancelled'].includes(build.status),
    );
    const added = await deps.store.addBuild(plan, leader?.id);
    builds.push(added.build);
    if (!added.created) await hastenBuild(deps, added.build, priority);
    created ||= added.created;
    if (added.created && added.build.status === 'queued') {
      await deps.queue.add({ buildId: added.build.id, notBefore: 0 });
    }
  }
  return { builds, created };
}

/** Somebody waits for what was asked for in the background. */
async function hastenBuild({ store, clock }: SubmissionDeps, build: BuildRecord, priority: number): Promise<void> {
  if (!isFinished(build.status) && build.priority > priority) await store.hasten(build.id, priority, clock());
}

/**
 * Somebody else may have published something under a name of this organisation, and building that would put it in the place of ours. Nor is anything built for a
 * project that takes no more files (PEP 792).
 */
async function assertFromUpstream(standings: ProjectStandings, project: string): Promise<void> {
  const { status, owned, reserved } = await standings.standing(project);
  assertTakesFiles(project, status, 'here and takes no new wheels');
  if (!owned && !isReserved(reserved, project)) return;
  throw new WheelwrightError(
    'forbidden',
    `${project} is a project of this organisation and is not built from the upstream`,
    {
      hint: `${owned ? 'It was uploaded here' : 'Its name is reserved'}, so nothing under this name is taken from elsewhere. Build it where it is developed, and upload the wheels.`,
    },
  );
}

function assertApplies({ marker, text }: Requirement, target: Target): void {
  if (marker === undefined || markerApplies(marker, target)) return;
  throw new WheelwrightError('invalid', `the marker of ${JSON.stringify(text)} excludes ${target.python}`, {
    hint: 'Ask without the marker, or for an interpreter that it allows.',
  });
}

/**
 * The builds that answer a pinned requirement, when each of its targets has one: then the upstream need not be asked, since what a version's sdist is never
 * changes.
 */
async function knownBuilds(
  store: BuildStore,
  requirement: Requirement,
  recipe: BookedRecipe,
  targets: readonly Target[],
): Promise<BuildRecord[] | undefined> {
  const version = /^==([^*,]+)$/.exec(requirement.specifier)?.[1];
  if (version === undefined) return undefined;
  const { builds } = await store.builds({ project: requirement.name, version, limit: MAX_BUILDS_OF_A_RELEASE });
  const known = targets.map((target) =>
    builds.find(({ key, sdist, version }) => {
      const { digest } = recipeForTarget(recipe, { version, ...target });
      return key === buildKey({ sdistSha256: sdist.sha256, recipeDigest: digest, target });
    }),
  );
  return known.every((build) => build !== undefined) ? known : undefined;
}

function planBuild(
  requirement: Requirement,
  { version, sdist, wheels }: ReleasePlan,
  booked: BookedRecipe,
  target: Target,
  priority: number,
): { build: PlannedBuild; recipe: RecipeRevision } {
  const conditions = { version, python: target.python, policy: target.policy };
  const { recipe, digest, yaml, origin } = recipeForTarget(booked, conditions);
  // Other bytes under the name of an upstream's wheel would break whoever has locked that by its hash.
  const buildTag = nextBuildNumber(wheels, target);
  return {
    build: {
      key: buildKey({ sdistSha256: sdist.sha256, recipeDigest: digest, target }),
      project: requirement.name,
      version,
      requirement: requirement.text,
      sdist,
      recipeDigest: digest,
      recipe: resolveRecipe(recipe, conditions),
      target,
      channel: origin === 'request' ? 'trial' : 'stable',
      priority,
      ...(buildTag === undefined ? {} : { buildTag }),
    },
    recipe: { digest, project: requirement.name, yaml, origin, approved: origin !== 'request' },
  };
}
