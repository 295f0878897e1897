// The phases of an attempt in their order, each with what the one before it made.
import type { AttemptInput, BuildOrder, Lease } from '../core/attempt.js';
import type { BuilderImages, ImageRefusal } from '../core/engine.js';
import type { Phase } from '../core/phase.js';
import type { Fetched, PhaseResult, Spooled, Tested } from '../core/phases.js';
import type { AttemptLog } from './attempt-log.js';
import type { AttemptSite, AttemptVoice } from './attempt-site.js';
import { buildInRounds } from './build-rounds.js';
import { compilerCache } from './compiler-cache.js';
import type { Evidence } from './evidence.js';
import { attemptLimits } from './limits.js';
import { type PhaseContext, startDiagnosis } from './phase-context.js';
import { downloadSdist, downloadSources, type FetchedSource, sourceName } from './phases/download.js';
import { environmentKey } from './phases/environment.js';
import { fetchInputs, fillWorkspace } from './phases/fetch.js';
import { fetchDebianSources, findLibraries, installLibraries } from './phases/libraries.js';
import { repairWheel } from './phases/repair.js';
import { takeWheel, testWheel } from './phases/test.js';
import { missingDepends } from './shared-libraries.js';
import { openSpool, type Spool } from './spool.js';
import { together } from './together.js';

/** @param evidence gets what is come by on the way */
export async function runPhases(
  lease: Lease,
  site: AttemptSite,
  voice: AttemptVoice,
  later: (clear: () => Promise<void>) => void,
  evidence: Evidence,
  signal: AbortSignal,
): Promise<PhaseResult<Tested>> {
  const { order } = lease;
  const { engine, settings } = site;
  const { log } = voice;
  const enter = (phase: Phase) => {
    const diagnosis = startDiagnosis(order, phase);
    log.enterPhase(phase);
    voice.listen(diagnosis);
    return diagnosis;
  };

  const diagnosis = enter('fetch');
  const missing = missingDepends(order);
  if (missing.length > 0) {
    log.say(`fetch: to be built here first, since libraries are shared with them: ${missing.join(', ')}`);
    return { kind: 'deferred', requirements: missing };
  }
  const { python, policy, arch, image } = order.target;
  log.say(`fetch: ${order.project} ${order.version} for ${python} on ${policy}_${arch}`);
  const spool = openSpool();
  later(() => spool.remove());
  const downloaded = await download(order, site, log, spool, signal);
  if (downloaded.kind !== 'done') return downloaded;
  const { images, sdist, sources } = downloaded.value;

  const cache = compilerCache(order, images, settings);
  const workspace = await engine.createWorkspace(lease.attemptId, images.builder, signal, cache?.name);
  later(() => engine.removeWorkspace(workspace));
  evidence.index = site.packageIndex({ name: image, builder: images.builder, workspace });
  evidence.installed = images.inputs.filter(({ kind }) => kind === 'system-package');
  evidence.readSdist = (wanted) => site.readSdist(sdist.content, wanted);
  const context: PhaseContext = {
    order,
    engine,
    images,
    fetcher: images.builder,
    workspace,
    log,
    diagnosis,
    limits: attemptLimits(settings, order.recipe, lease.resources),
    indexToken: site.indexToken,
    cache,
    environmentKey: (wheels) => environmentKey(order.target, wheels, site.scripts, settings),
    signal,
  };
  const begin = (phase: Phase): PhaseContext => ({ ...context, diagnosis: enter(phase) });

  log.record(inputsOf(order, images));
  const downloads = { openSourceTree: () => site.unpackSdist(sdist.content), sources };
  const filled = await fillWorkspace(context, downloads, site.scripts, site.caBundle);
  if (filled.kind !== 'done') return filled;
  const prepared = await prepareBuild(context, begin, spool);
  if (prepared.kind !== 'done') return prepared;
  context.images = { ...images, builder: prepared.value.builder };
  const tested = await makeWheel(begin, prepared.value.fetched, spool);
  if (tested.kind !== 'done') return tested;

  enter('publish');
  const { filename, sha256, sizeBytes } = tested.value;
  log.say(`publish: ${filename} sha256=${sha256} ${sizeBytes} bytes`);
  await voice.deliver(tested.value);
  return tested;
}

/** What is had before there is a container, all at once. */
async function download(
  { target, recipe, lineage, sdist: wanted }: BuildOrder,
  { engine, upstream, settings }: AttemptSite,
  log: AttemptLog,
  spool: Spool,
  signal: AbortSignal,
): Promise<PhaseResult<{ images: BuilderImages; sdist: Spooled; sources: FetchedSource[] }>> {
  const [images, sdist, sources] = await together(signal, (shared) => {
    const site = { upstream, spool, maxBytes: settings.WHEELWRIGHT_SDIST_BYTES, log, signal: shared };
    return [
      engine.prepareImages(target, recipe, (line) => log.say(`fetch: ${line}`), shared, lineage),
      downloadSdist(site, wanted),
      downloadSources(site, recipe.sources ?? []),
    ];
  });
  if ('kind' in images) return refusedImage(log, images);
  if (sdist.kind !== 'done') return sdist;
  if (sources.kind !== 'done') return sources;
  return { kind: 'done', value: { images, sdist: sdist.value, sources: sources.value } };
}

function inputsOf({ project, version, sdist, recipe }: BuildOrder, images: BuilderImages): AttemptInput[] {
  return [
    { kind: 'sdist', name: project, version, sha256: sdist.sha256 },
    ...images.inputs,
    ...(recipe.sources ?? []).map((source, index) => ({
      kind: 'source' as const,
      name: sourceName(source, index),
      version: '',
      sha256: source.sha256,
    })),
  ];
}

/** What the build requires, and the builder with the recipe's own libraries in it. */
async function prepareBuild(
  context: PhaseContext,
  begin: (phase: Phase) => PhaseContext,
  spool: Spool,
): Promise<PhaseResult<{ fetched: Fetched; builder: string }>> {
  const kept = await findLibraries(context);
  const fromDebian = await fetchDebianSources(context, { withoutLibraries: kept !== undefined });
  if (fromDebian.kind !== 'done') return fromDebian;
  // Before the libraries, since their scripts can write into the sdist.
  const first = await fetchInputs(context);
  if (first.kind !== 'done') return first;
  const fetched = first.value;
  if (kept !== undefined) return { kind: 'done', value: { fetched, builder: kept } };
  const made = await installLibraries(begin('build'), fetched, spool);
  return made.kind === 'done' ? { kind: 'done', value: { fetched, builder: made.value } } : made;
}

async function makeWheel(
  begin: (phase: Phase) => PhaseContext,
  first: Fetched,
  spool: Spool,
): Promise<PhaseResult<Tested>> {
  const made = await buildInRounds(begin, first);
  if (made.kind !== 'done') return made;
  const { built, fetched, diagnosis: building } = made.value;
  const repaired = await repairWheel(begin('repair'), built, fetched, building);
  if (repaired.kind !== 'done') return repaired;
  const testing = begin('test');
  const taken = await takeWheel(testing, repaired.value, spool);
  return taken.kind === 'done' ? testWheel(testing, repaired.value, taken.value) : taken;
}

function refusedImage(log: AttemptLog, refusal: ImageRefusal): PhaseResult<never> {
  const firstLine = log.lineCount;
  for (const line of refusal.log.split('\n')) log.say(`fetch: | ${line}`);
  const at = refusal.log.split('\n').indexOf(refusal.line);
  return {
    kind: 'failed',
    failure: {
      class: refusal.class,
      phase: 'fetch',
      line: refusal.line,
      lineNumber: at < 0 ? 0 : firstLine + at + 1,
      cause: refusal.cause,
    },
  };
}
