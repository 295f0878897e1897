// Libraries of a recipe that are newer than the distribution's: fetched as sources, built first, and kept as an image for all later builds that want the same.
import { Readable } from 'node:stream';
import { z } from 'zod';
import { digestOf } from '../../core/digest.js';
import { type LibraryImage, PREFIX } from '../../core/engine.js';
import { WheelwrightError } from '../../core/errors.js';
import type { Fetched, PhaseResult, PlacedSource } from '../../core/phases.js';
import type { EffectiveRecipe } from '../../core/recipe/recipe.js';
import { buildEnvironment } from '../build-environment.js';
import { diagnosed, failed, type PhaseContext, runScript, succeeded, TOOLS_PYTHON } from '../phase-context.js';
import { readSpooled, type Spool } from '../spool.js';
import { packFiles, readReport } from '../workspace-files.js';
import { sourceName } from './download.js';
import { wheelPaths } from './environment.js';

const reportSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('fetched') }),
  z.object({ kind: z.literal('refused'), message: z.string() }),
]);
const REPORT = '/inputs/reports/source.json';

/** The recipe's sources, as they stand in the `inputs` volume. */
export function placedSources({ sources = [] }: EffectiveRecipe): PlacedSource[] {
  return sources.map((source, index) => ({
    file: `/inputs/sources/${sourceName(source, index)}`,
    sha256: source.sha256,
    ...(source.to === undefined ? {} : { to: source.to }),
    ...(source.install === undefined ? {} : { install: source.install }),
  }));
}

/** Fetches the archives of Debian source packages with the image's own apt: they may be of a suite that the image is not. */
export async function fetchDebianSources(
  context: PhaseContext,
  { withoutLibraries }: { withoutLibraries: boolean },
): Promise<PhaseResult<void>> {
  const { sources = [] } = context.order.recipe;
  const wanted = sources.flatMap(({ debian, sha256, install }, index) =>
    debian === undefined || (withoutLibraries && install !== undefined)
      ? []
      : [{ ...debian, sha256, to: placedSources(context.order.recipe)[index]?.file }],
  );
  if (wanted.length === 0) return { kind: 'done', value: undefined };
  const exit = await runScript(
    context,
    'source.py',
    { sources: wanted, report: REPORT },
    {
      image: context.fetcher,
      network: 'outside',
      python: TOOLS_PYTHON,
      mounts: { inputs: 'read-write' },
      limits: context.limits.short,
      environment: { HOME: '/tmp' },
    },
  );
  if (!succeeded(exit)) {
    if (exit.kind !== 'exited' || exit.oomKilled) return diagnosed(context, { phase: 'fetch', exit });
    throw new WheelwrightError('unavailable', `fetching a source package failed: ${context.log.lastWords}`, {
      hint: 'Can containers reach the mirror that the image was made from?',
    });
  }
  const report = await readReport(context.engine, context.workspace, REPORT, reportSchema, context.signal);
  if (report.kind === 'fetched') return { kind: 'done', value: undefined };
  return failed(context, 'fetch', {
    class: 'bad-request',
    line: report.message,
    cause:
      'The recipe names a source that is not there, or has other bytes. Suites move on: look for what there is now, and check it before its sha256 goes into the recipe.',
  });
}

/** The builder that has the recipe's libraries, the plain one where there are none; undefined where they have not been built before. */
export async function findLibraries(context: PhaseContext): Promise<string | undefined> {
  const { engine, images, order, log, signal } = context;
  const libraries = librariesOf(order.recipe);
  if (libraries.length === 0) return images.builder;
  const kept = await engine.withLibraries(images.builder, keyOf(libraries), undefined, signal);
  if (kept === undefined) return undefined;
  log.say(`fetch: the libraries of the recipe are in ${kept.reference}`);
  return record(context, kept);
}

/** Notes the image as an input of the attempt; returns its reference. */
function record({ order, log }: PhaseContext, { reference, sha256 }: LibraryImage): string {
  const { image, python } = order.target;
  log.record([{ kind: 'image', name: `libraries ${image} ${python}`, version: reference, sha256 }]);
  return reference;
}

function librariesOf(recipe: EffectiveRecipe): PlacedSource[] {
  return placedSources(recipe).filter(({ install }) => install !== undefined);
}

function keyOf(libraries: readonly PlacedSource[]): string {
  return digestOf(libraries.map(({ sha256, install }) => ({ sha256, install })));
}

/** Builds the recipe's libraries, with the programs of the build requirements. Returns the builder that has them. */
export async function installLibraries(
  context: PhaseContext,
  fetched: Fetched,
  spool: Spool,
): Promise<PhaseResult<string>> {
  const { engine, images, workspace, order, limits, signal } = context;
  const libraries = librariesOf(order.recipe);
  await engine.putTars(workspace, [{ folder: '/libraries', open: () => packFiles(['local/'], []) }], signal);
  const exit = await runScript(
    context,
    'library.py',
    { libraries, wheels: wheelPaths(fetched), arch: order.target.arch, prefix: PREFIX },
    {
      image: images.builder,
      network: 'none',
      python: TOOLS_PYTHON,
      mounts: { inputs: 'read-only', build: 'read-write', libraries: 'read-write' },
      limits: limits.build,
      environment: buildEnvironment(order, 0, limits.jobs),
    },
  );
  if (!succeeded(exit)) return diagnosed(context, { phase: 'build', exit });
  const tar = await engine.getTar(workspace, PREFIX, signal);
  const kept = await spool.take('libraries.tar', Readable.from(tar), limits.build.diskBytes, signal);
  const archive = { sizeBytes: kept.sizeBytes, open: () => readSpooled(kept) };
  const made = await engine.withLibraries(images.builder, keyOf(libraries), archive, signal);
  if (made === undefined) throw new WheelwrightError('internal', 'the libraries of the recipe became no image');
  return { kind: 'done', value: record(context, made) };
}
