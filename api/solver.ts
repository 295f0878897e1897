// Solves as they run: each try is an ordinary build, and its end decides the next. All state is in the store, so that a restart goes on where it was.
import { isFinished } from '../core/build.js';
import { isRefusal, WheelwrightError } from '../core/errors.js';
import { parseRecipe } from '../core/recipe/book.js';
import { parseRequirement } from '../core/requirement.js';
import { freedRequirements } from '../core/sdist-bounds.js';
import { nextStep, type SolveStep } from '../core/solve.js';
import { solvedRecipe, solveFacts } from '../core/solve-facts.js';
import { lacksRequirement } from '../core/solve-ideas.js';
import type { SolveEnd, SolveRecord } from '../core/solve-store.js';
import type { PlannedTry, SolveFacts, SolveTry } from '../core/solve-try.js';
import type { BuildRecord } from '../core/store.js';
import { PRIORITY, type Submission, submitBuilds } from '../core/submission.js';
import type { ApiContext } from './context.js';
import { foretellOlder, textsOfRelease } from './foretell.js';
import { reviveBuild } from './revive.js';
import { submitRecipe } from './submissions.js';

/**
 * Starts to solve a requirement on the first of its interpreters; the others are tried with the recipe that was found.
 * @throws WheelwrightError what asking for a build throws
 */
export async function startSolve(
  context: ApiContext,
  request: Submission,
  askedBy: string,
): Promise<{ solve: SolveRecord; build: BuildRecord }> {
  const { submission, stopping, clock } = context;
  const requirement = parseRequirement(request.requirement);
  const pythons = [...new Set(request.pythons ?? submission.defaults.pythons)];
  const build = await tryBuild(context, { ...request, pythons: pythons.slice(0, 1) }, clock());
  const revision = await context.browse.recipeRevision(build.recipeDigest);
  const base = revision === undefined || revision.origin === 'none' ? undefined : revision.yaml;
  const facts = solveFacts({
    recipe: parseRecipe(base ?? `project: ${build.project}\n`),
    requirement,
    page: await submission.projectPage(requirement.name, stopping),
    version: build.version,
    target: build.target,
    targets: submission.targets,
    today: new Date(clock()).toISOString().slice(0, 10),
  });
  const solve = await context.solves.add(
    {
      requirement: requirement.text,
      project: build.project,
      pythons,
      policy: build.target.policy,
      ...(base === undefined ? {} : { baseYaml: base }),
      facts,
      askedBy,
    },
    { purpose: 'first', version: build.version, edits: [], buildId: build.id },
    clock(),
  );
  return { solve, build };
}

/** Moves on every solve whose last build has ended. Returns how many moved. */
export async function advanceSolvesOne(context: ApiContext): Promise<number> {
  let moved = 0;
  for (const solve of await context.solves.running()) {
    try {
      if (await advanceSolve(context, solve)) moved += 1;
    } catch (error) {
      if (!isRefusal(error)) {
        // The next round tries again; the others go on meanwhile.
        context.log.error({ err: error, solveId: solve.id }, 'a solve could not go on');
        continue;
      }
      const reason = `The next try was refused: ${error.message}. ${error.hint ?? ''}`.trim();
      await context.solves.end(solve.id, { status: 'gave-up', reason }, context.clock());
    }
  }
  return moved;
}

async function advanceSolve(context: ApiContext, solve: SolveRecord): Promise<boolean> {
  const builds = await Promise.all(solve.steps.map(({ buildId }) => buildOf(context, buildId)));
  const last = builds.at(-1);
  if (last === undefined || !isFinished(last.status)) return false;
  const end = (how: SolveEnd) => context.solves.end(solve.id, how, context.clock());
  if (last.status === 'cancelled') {
    await end({ status: 'cancelled', reason: `build ${last.id} was cancelled` });
    return true;
  }
  const tries = solve.steps.map((step, at) => ({ ...step, outcome: outcomeOf(builds[at] as BuildRecord) }));
  const known = { ...solve, facts: await withFreed(context, solve, tries, last) };
  const { facts, step } = await foreseen(context, known, tries);
  switch (step.kind) {
    case 'try':
      await addTry(context, { ...solve, facts }, step);
      break;
    case 'solved':
      await end(await solvedEnd(context, solve, builds[step.try] as BuildRecord, step.reason));
      break;
    case 'no-idea':
      await end({ status: 'gave-up', reason: step.reason });
      break;
    default:
      step satisfies never;
  }
  context.log.info({ solveId: solve.id, project: solve.project, step: step.kind }, 'solve moved on');
  return true;
}

/** The facts with what the last try's sdist asks for, where what it requires could not be had. */
async function withFreed(
  { submission, stopping, foretell, solves, store, log }: ApiContext,
  { id, project, facts }: SolveRecord,
  tries: readonly SolveTry[],
  { needs }: BuildRecord,
): Promise<SolveFacts> {
  const last = tries.at(-1);
  if (last?.outcome.kind !== 'failed' || last.outcome.failure === undefined) return facts;
  if (!lacksRequirement(last.outcome.failure) || facts.freed?.[last.version] !== undefined) return facts;
  try {
    const page = await submission.projectPage(project, stopping);
    const isRead = (path: string) => path === 'pyproject.toml';
    const texts = page === undefined ? [] : await textsOfRelease(foretell, page, last.version, isRead, stopping);
    const needed = await Promise.all(needs.map((need) => store.build(need)));
    const idea = freedRequirements(
      texts,
      needed.find((build) => build?.status === 'failed'),
    );
    if (idea === undefined) return facts;
    const known = { ...facts, freed: { ...facts.freed, [last.version]: idea } };
    await solves.setFacts(id, known);
    return known;
  } catch (error) {
    stopping.throwIfAborted();
    log.warn({ err: error, solveId: id }, 'what the sdist of a release requires could not be looked into');
    return facts;
  }
}

/** The next step, where it is an older release with those left out that would fail as the newer one did. */
async function foreseen(
  context: ApiContext,
  { id, project, facts }: SolveRecord,
  tries: readonly SolveTry[],
): Promise<{ facts: SolveFacts; step: SolveStep }> {
  const step = nextStep(tries, facts);
  if (step.kind !== 'try' || step.purpose !== 'older-release') return { facts, step };
  const { submission, stopping, foretell } = context;
  const page = await submission.projectPage(project, stopping);
  const failing = await foretellOlder(foretell, page, step, tries, facts, stopping).catch((error: unknown) => {
    stopping.throwIfAborted();
    // It only spares builds.
    context.log.warn({ err: error, solveId: id }, 'the sdists of older releases could not be looked into');
    return [];
  });
  if (failing.length === 0) return { facts, step };
  const known = { ...facts, foretold: [...(facts.foretold ?? []), ...failing] };
  await context.solves.setFacts(id, known);
  return { facts: known, step: nextStep(tries, known) };
}

async function addTry(context: ApiContext, solve: SolveRecord, planned: PlannedTry): Promise<void> {
  const { project, policy, pythons, baseYaml, facts } = solve;
  const { purpose, version, edits, parent } = planned;
  const build = await tryBuild(
    context,
    {
      requirement: `${project}==${version}`,
      pythons: pythons.slice(0, 1),
      policy,
      recipe:
        edits.length === 0
          ? baseYaml
          : solvedRecipe(baseYaml ?? `project: ${project}\n`, planned, policy, facts.newest),
    },
    solve.createdAt,
  );
  const step = { purpose, version, edits, buildId: build.id, ...(parent === undefined ? {} : { parent }) };
  // A crash before this finds the same build by its key in the next round.
  await context.solves.addStep(solve.id, solve.steps.length, step, context.clock());
}

/** A recipe that nobody has approved goes to review; without one there is nothing to review. */
async function solvedEnd(
  context: ApiContext,
  solve: SolveRecord,
  build: BuildRecord,
  older: string | undefined,
): Promise<SolveEnd> {
  const edits = solve.steps.find(({ buildId }) => buildId === build.id)?.edits ?? [];
  const requirement = `${build.project}==${build.version}`;
  if (build.channel === 'stable') {
    const { pythons, policy } = solve;
    await submitBuilds(context.submission, { requirement, pythons, policy }, PRIORITY.solve, context.stopping);
    return { status: 'solved', solvedBy: build.id, ...(older === undefined ? {} : { reason: older }) };
  }
  const yaml = (await context.browse.recipeRevision(build.recipeDigest))?.yaml ?? '';
  const solved = {
    status: 'solved' as const,
    solvedBy: build.id,
    recipe: yaml,
    ...(older === undefined ? {} : { reason: older }),
  };
  try {
    const { submission } = await submitRecipe(context, {
      yaml,
      requirement,
      pythons: solve.pythons,
      policy: solve.policy,
      evidence: edits,
      solveId: solve.id,
      who: solve.askedBy,
      reason: `found by solving ${solve.requirement}`,
    });
    return { ...solved, submissionId: submission.id };
  } catch (error) {
    // It works all the same, e.g. with a recipe that says nothing, or that somebody approved meanwhile.
    if (!isRefusal(error)) throw error;
    const refused = `The recipe was not submitted: ${error.message}.`;
    return { ...solved, reason: older === undefined ? refused : `${older} ${refused}` };
  }
}

/** A build that failed before the solve began is made again: what was said about it then is not what today's diagnosis says. */
async function tryBuild(context: ApiContext, request: Submission, since: number): Promise<BuildRecord> {
  const { builds } = await submitBuilds(context.submission, request, PRIORITY.solve, context.stopping);
  const [build] = builds;
  if (build === undefined) throw new WheelwrightError('internal', `${request.requirement} became no build`);
  const running = (await context.solves.running()).some(({ steps }) =>
    steps.some(({ buildId }) => buildId === build.id),
  );
  const old = !running && (build.attempts.at(-1)?.finishedAt ?? since) < since;
  await reviveBuild(context, build, old);
  return buildOf(context, build.id);
}

async function buildOf({ store }: ApiContext, id: string): Promise<BuildRecord> {
  const build = await store.build(id);
  if (build === undefined) throw new WheelwrightError('internal', `the build ${id} of a solve is gone`);
  return build;
}

function outcomeOf({ status, attempts, files }: BuildRecord): SolveTry['outcome'] {
  const last = attempts.at(-1);
  if (status === 'succeeded') {
    return {
      kind: 'succeeded',
      durationMs: last === undefined ? 0 : (last.finishedAt ?? 0) - last.startedAt,
      libraries: files.flatMap(({ grafted, needs }) => [...grafted, ...needs]),
    };
  }
  return { kind: 'failed', ...(last?.failure === undefined ? {} : { failure: last.failure }) };
}
