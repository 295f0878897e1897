// A solve as a person follows it: each try with the edit that it makes, and the recipe that came out.
import type { Build, BuildRequest, Solve } from '../client/contract.js';
import { followSolve, reviewClient } from '../client/review.js';
import { editInShort } from '../core/edit-in-short.js';
import { watchBuilds } from './build-progress.js';
import { outcomeOf } from './build-report.js';
import type { Cli } from './cli.js';
import type { Session } from './service/session.js';

/**
 * Solves a requirement and shows each step.
 * @returns the builds of all interpreters that were asked for; where it was not solved, the last one that failed
 */
export async function solveOne(
  cli: Cli,
  { client }: Session,
  request: Omit<BuildRequest, 'solve'>,
): Promise<{ solve: Solve; builds: Build[] }> {
  const reviews = reviewClient(client.connection);
  const id = await reviews.startSolve(request, cli.signal);
  const watch = async (builds: readonly Build[]) => watchBuilds(client, builds, cli.terminal, cli.signal);
  let last: Build | undefined;
  for await (const event of followSolve(reviews, id, cli.signal)) {
    if (event.event === 'step') {
      cli.terminal.note(`attempt ${event.step.number}: ${sayStep(event.step, event.solve)}`);
      [last] = await watch([await client.build(event.step.buildId, cli.signal)]);
      cli.terminal.note(`attempt ${event.step.number}: ${last === undefined ? '' : sayOutcome(last)}`);
      continue;
    }
    const { solve } = event;
    const works = solve.solvedBy === undefined ? undefined : await client.build(solve.solvedBy, cli.signal);
    if (works === undefined) return { solve, builds: last === undefined ? [] : [last] };
    const { builds } = await client.requestBuilds(
      {
        ...request,
        requirement: `${works.project}==${works.version}`,
        ...(solve.recipe === undefined ? {} : { recipe: solve.recipe }),
      },
      cli.signal,
    );
    return { solve, builds: await watch(builds) };
  }
  throw new Error(`the solve ${id} ended without a state`);
}

/** What came out of a solve, the recipe last and ready to be saved. */
export function reportSolve({ status, reason, recipe, submissionId, steps }: Solve): string[] {
  const attempts = steps.length === 1 ? '1 attempt' : `${steps.length} attempts`;
  if (status !== 'solved') return [`not solved in ${attempts}: ${reason ?? status}`];
  const note = reason === undefined ? [] : [`# ${reason}`];
  if (recipe === undefined) return [`solved in ${attempts}: it needs no recipe of its own`, ...note];
  const edits = steps.findLast((step) => step.edits.length > 0)?.edits ?? [];
  return [
    submissionId === undefined
      ? `solved in ${attempts}`
      : `solved in ${attempts}; waits for approval: ./wheelwright recipe approve ${submissionId}`,
    ...note,
    ...edits.map(({ why, evidence }) => `# ${evidence.class}: ${evidence.line.trim()} -> ${why}`),
    ...recipe.trimEnd().split('\n'),
  ];
}

function sayStep({ purpose, version, edits, parent }: Solve['steps'][number], solve: Solve): string {
  const newest = edits.at(-1);
  switch (purpose) {
    case 'first':
      return `${solve.project} ${version}, ${solve.recipe === undefined ? 'as it is' : 'with its recipe'}`;
    case 'edit':
      return newest === undefined ? 'again' : `with ${editInShort(newest.edit)}, since ${newest.why}`;
    case 'older-release':
      return `${version} instead, an older release`;
    case 'without': {
      const before = solve.steps.find(({ number }) => number === parent)?.edits ?? [];
      const kept = new Set(edits.map(({ edit }) => JSON.stringify(edit)));
      const removed = before.find(({ edit }) => !kept.has(JSON.stringify(edit)));
      return `without ${editInShort(removed?.edit)}, which may not be needed`;
    }
    default:
      return purpose satisfies never;
  }
}

function sayOutcome(build: Build): string {
  const failure = build.status === 'failed' ? build.attempts.at(-1)?.failure : undefined;
  return failure === undefined ? outcomeOf(build) : `${outcomeOf(build)}: ${failure.line.trim() || failure.cause}`;
}
