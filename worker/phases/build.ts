import { z } from 'zod';
import { WheelwrightError } from '../../core/errors.js';
import type { Built, Fetched, PhaseResult } from '../../core/phases.js';
import { wheelNameOf } from '../../core/wheel-name.js';
import { buildEnvironment } from '../build-environment.js';
import { diagnosed, failed, type PhaseContext, runScript, succeeded, TOOLS_PYTHON } from '../phase-context.js';
import { readReport } from '../workspace-files.js';

const reportSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('built'), wheels: z.array(z.string()) }),
  z.object({ kind: z.literal('cpu-bound'), message: z.string() }),
  z.object({ kind: z.literal('more-requirements'), requirements: z.array(z.string()).min(1) }),
]);

export type BuildResult = PhaseResult<Built> | { kind: 'more-requirements'; requirements: string[] };

/** Runs the hooks of the sdist's own backend, without a network; a hook may say that it requires more than has been fetched. */
export async function buildWheel(context: PhaseContext, fetched: Fetched): Promise<BuildResult> {
  const { order, engine, workspace, signal } = context;
  const { recipe } = order;
  const exit = await runScript(
    context,
    'build.py',
    {
      arch: order.target.arch,
      cpu: recipe.cpu ?? null,
      cacheBytes: context.cache?.maxBytes ?? null,
      wheels: wheelPaths(fetched),
      sources: fetched.sources,
      prepare: recipe.prepare ?? null,
      configSettings: recipe['config-settings'] ?? {},
      environment: recipe.environment ?? {},
    },
    {
      image: context.images.builder,
      network: 'none',
      python: TOOLS_PYTHON,
      mounts: { inputs: 'read-only', build: 'read-write', ...(context.cache && { cache: 'read-write' }) },
      workingDirectory: '/build/src',
      // What earlier builds left in the cache is nothing that this one has taken.
      limits: { ...context.limits.build, diskBytes: context.limits.build.diskBytes + (context.cache?.maxBytes ?? 0) },
      environment: buildEnvironment(order, fetched.sourceDateEpoch, context.limits.jobs),
    },
  );
  if (!succeeded(exit)) return diagnosed(context, { phase: 'build', exit });
  let report: z.infer<typeof reportSchema> | undefined;
  try {
    report = await readReport(engine, workspace, '/build/reports/build.json', reportSchema, signal);
  } catch (error) {
    if (!(error instanceof WheelwrightError) || error.code !== 'invalid') throw error;
  }
  if (report === undefined) {
    return badWheel(
      context,
      'the build ended without saying what it made',
      'The build ended its own process, or wrote over its report.',
    );
  }
  switch (report.kind) {
    case 'built':
      return checkNames(context, report.wheels);
    case 'more-requirements':
      return report;
    case 'cpu-bound':
      return failed(context, 'build', {
        class: 'cpu-bound',
        line: report.message,
        cause:
          'The wheel would crash on an older processor. Most projects that do this have a switch of their own that turns it off (`environment` or `config-settings` in the recipe); a wheel that may need such a processor is built with `cpu` in the recipe, which is recorded with the file.',
      });
    default:
      return report satisfies never;
  }
}

/** Where the build requirements stand in the `inputs` volume. */
export function wheelPaths({ wheels }: Fetched): string[] {
  return wheels.map(({ filename }) => `/inputs/build-wheels/${filename}`);
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
