import { z } from 'zod';
import { cpuBound } from '../../core/cpu-bound.js';
import { ENVIRONMENT } from '../../core/engine.js';
import type { Built, Fetched, PhaseResult } from '../../core/phases.js';
import { wheelNameOf } from '../../core/wheel-name.js';
import { buildEnvironment } from '../build-environment.js';
import { diagnosed, failed, type PhaseContext, runScript, succeeded, TOOLS_PYTHON } from '../phase-context.js';
import { readForeignReport } from '../workspace-files.js';
import { type Kept, keepEnvironment, keptEnvironment, watchRefusals, wheelPaths } from './environment.js';

const reportSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('built'), wheels: z.array(z.string()) }),
  z.object({ kind: z.literal('cpu-bound'), message: z.string() }),
  z.object({ kind: z.literal('incomplete') }),
  z.object({ kind: z.literal('more-requirements'), requirements: z.array(z.string()).min(1) }),
]);

/** `environment-refused`: it failed, and would have written into the environment of its requirements, which others have as well. */
export type BuildResult =
  | PhaseResult<Built>
  | { kind: 'more-requirements'; requirements: string[] }
  | { kind: 'environment-refused' };

/**
 * Runs the hooks of the sdist's own backend, without a network; a hook may say that it requires more than has been fetched.
 * @param ownEnvironment the build gets a copy of its requirements that it can write into
 */
export async function buildWheel(
  context: PhaseContext,
  fetched: Fetched,
  ownEnvironment: boolean,
): Promise<BuildResult> {
  // It may install more than the wheels bring.
  const copied = ownEnvironment || context.order.recipe.prepare !== undefined;
  const kept = await keptEnvironment(context, fetched);
  const built = await runHooks(context, fetched, kept, copied);
  if (built.kind !== 'incomplete') return built;
  const mended = kept && (await keepEnvironment(context, fetched, kept.key));
  const again = await runHooks(context, fetched, mended, copied);
  if (again.kind !== 'incomplete') return again;
  const alone = await runHooks(context, fetched, undefined, copied);
  return alone.kind === 'incomplete' ? badReport(context) : alone;
}

/** Where a build finds the environment that it gets a copy of. */
const ORIGINAL = '/environment';

async function runHooks(
  context: PhaseContext,
  fetched: Fetched,
  kept: Kept | undefined,
  copied: boolean,
): Promise<BuildResult | { kind: 'incomplete' }> {
  const { order, engine, workspace, signal } = context;
  const { recipe } = order;
  const at = copied ? ORIGINAL : ENVIRONMENT;
  const refusals = watchRefusals();
  const exit = await runScript(
    context,
    'build.py',
    {
      arch: order.target.arch,
      cpu: recipe.cpu ?? null,
      cacheBytes: context.cache?.maxBytes ?? null,
      wheels: wheelPaths(fetched),
      kept: kept === undefined ? null : { at, key: kept.key },
      sources: fetched.sources,
      prepare: recipe.prepare ?? null,
      // What the recipe asks for in place of the sdist decides over what the backend asks for as well.
      decided: recipe.requires?.replace === true ? (recipe.requires.additions ?? []) : [],
      configSettings: recipe['config-settings'] ?? {},
      environment: recipe.environment ?? {},
    },
    {
      image: context.images.builder,
      network: 'none',
      python: TOOLS_PYTHON,
      mounts: { inputs: 'read-only', build: 'read-write', ...(context.cache && { cache: 'read-write' }) },
      kept: kept && { volume: kept.volume, at, access: 'read-only' },
      workingDirectory: '/build/src',
      // What earlier builds left in the cache is nothing that this one has taken.
      limits: { ...context.limits.build, diskBytes: context.limits.build.diskBytes + (context.cache?.maxBytes ?? 0) },
      environment: buildEnvironment(order, fetched.sourceDateEpoch, context.limits.jobs),
      onOutput: refusals.see,
    },
  );
  const ended = exit.kind === 'exited' && !exit.oomKilled;
  if (!succeeded(exit) && ended && kept !== undefined && !copied && refusals.refused()) {
    return { kind: 'environment-refused' };
  }
  if (!succeeded(exit)) return diagnosed(context, { phase: 'build', exit });
  const report = await readForeignReport(engine, workspace, '/build/reports/build.json', reportSchema, signal);
  if (report === undefined) return badReport(context);
  switch (report.kind) {
    case 'built':
      return checkNames(context, report.wheels);
    case 'more-requirements':
    case 'incomplete':
      return report;
    case 'cpu-bound':
      return failed(context, 'build', cpuBound(report.message));
    default:
      return report satisfies never;
  }
}

function badReport(context: PhaseContext): PhaseResult<Built> {
  return badWheel(
    context,
    'the build ended without saying what it made',
    'The build ended its own process, or wrote over its report.',
  );
}

/** A backend makes exactly one wheel, named for what was asked (PEP 517). */
function checkNames(context: PhaseContext, files: readonly string[]): PhaseResult<Built> {
  const { project, version } = context.order;
  const [filename] = files;
  if (filename === undefined) {
    return badWheel(
      context,
      'the build ended well and made no wheel',
      'The backend said that it succeeded and left no file. Look for what it printed.',
    );
  }
  if (files.length > 1) {
    return badWheel(
      context,
      `the build made ${files.length} files where it must make one wheel: ${files.slice(0, 5).join(', ')}`,
      'One build makes one wheel (PEP 517), and nothing says which of these is meant.',
    );
  }
  const name = wheelNameOf(filename);
  if (name === undefined || name.project !== project || name.version !== version) {
    return badWheel(
      context,
      `the build made ${filename}, which is not a wheel of ${project} ${version}`,
      'Name or version in the metadata differ from the sdist. Where the version is taken from a repository, the recipe can set it, e.g. SETUPTOOLS_SCM_PRETEND_VERSION.',
    );
  }
  context.log.say(`build: made ${filename}`);
  return { kind: 'done', value: { filename } };
}

function badWheel(context: PhaseContext, line: string, cause: string): PhaseResult<Built> {
  return failed(context, 'build', { class: 'bad-wheel', line, cause });
}
