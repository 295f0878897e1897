import { WheelwrightError } from '../core/errors.js';
import { planRelease } from '../core/plan.js';
import { normalizeProjectName } from '../core/project-name.js';
import { parseRecipe } from '../core/recipe/book.js';
import { checkDependenciesOf } from '../core/recipe/catalogue.js';
import { recipeDigest } from '../core/recipe/digest.js';
import type { Recipe } from '../core/recipe/recipe.js';
import { emptyRecipe, recipeApplies } from '../core/recipe/resolve.js';
import { parseRequirement, type Requirement } from '../core/requirement.js';
import type { SubmissionRecord } from '../core/review.js';
import type { ProjectPage } from '../core/simple-index.js';
import type { SolveEdit } from '../core/solve-try.js';
import { PRIORITY, submitBuilds } from '../core/submission.js';
import type { ApiContext } from './context.js';
import { reviveBuild } from './revive.js';

export interface RecipeSubmission {
  yaml: string;
  /** Default: the newest release that the recipe is for. */
  requirement?: string | undefined;
  /** Tried on these as well as on every default interpreter. */
  pythons?: readonly string[];
  /** Default: the default policy. */
  policy?: string;
  evidence?: SolveEdit[];
  solveId?: string;
  who: string;
  reason?: string | undefined;
}

/**
 * Submits a recipe for review and begins its trials: a build on every default target that it is for.
 * @throws WheelwrightError `invalid` with the faults of the recipe, `conflict` when builds use it already, and whatever asking for a build throws
 */
export async function submitRecipe(
  context: ApiContext,
  submission: RecipeSubmission,
): Promise<{ submission: SubmissionRecord; created: boolean }> {
  const { yaml, evidence = [], solveId, who, reason } = submission;
  const recipe = parseRecipe(yaml);
  const project = normalizeProjectName(recipe.project);
  const digest = recipeDigest(recipe);
  await assertChanges(context, project, digest);
  await checkDependenciesOf(recipe, context.recipes);

  const requirement = parseRequirement(submission.requirement ?? `${project}${recipe.versions ?? ''}`);
  const { defaults } = context.submission;
  const policy = submission.policy ?? defaults.policy;
  const wanted = [...new Set([...defaults.pythons, ...(submission.pythons ?? [])])];
  const page = await context.submission.projectPage(project, context.stopping);
  const possible = wanted.filter((python) => isFor(recipe, requirement, page, { python, policy }));
  const { builds } = await submitBuilds(
    context.submission,
    // Where it is for none of them, asking for all says why.
    { requirement: requirement.text, pythons: possible.length > 0 ? possible : wanted, policy, recipe: yaml },
    PRIORITY.asked,
    context.stopping,
  );
  for (const build of builds) await reviveBuild(context, build);
  return context.reviews.add(
    {
      project,
      recipeDigest: digest,
      requirement: requirement.text,
      evidence,
      ...(solveId === undefined ? {} : { solveId }),
      who,
      ...(reason === undefined ? {} : { reason }),
      trials: builds.map(({ id }) => id),
    },
    context.clock(),
  );
}

async function assertChanges({ recipes }: ApiContext, project: string, digest: string): Promise<void> {
  const current = await recipes.recipe(project);
  if (current !== undefined && recipeDigest(current.recipe) === digest) {
    throw new WheelwrightError('conflict', `this is the recipe that builds of ${project} use already`);
  }
  if (current === undefined && recipeDigest(emptyRecipe(project)) === digest) {
    throw new WheelwrightError('invalid', `the recipe says nothing that changes a build of ${project}`, {
      hint: 'A project without a recipe is built as if it had this one.',
    });
  }
}

function isFor(
  recipe: Recipe,
  requirement: Requirement,
  page: ProjectPage | undefined,
  target: { python: string; policy: string },
): boolean {
  try {
    const { version } = planRelease(requirement, page, { pythons: [target.python] });
    return recipeApplies(recipe, { version, ...target });
  } catch (error) {
    if (error instanceof WheelwrightError) return false;
    throw error;
  }
}
