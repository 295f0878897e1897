import { tmpdir } from 'node:os';
import type { Readable } from 'node:stream';
import type { AttemptOutcome, Lease } from '../core/attempt.js';
import { isDiskFull } from '../core/disk-full.js';
import type { Engine, ImageRefusal } from '../core/engine.js';
import { reasonOf, WheelwrightError } from '../core/errors.js';
import type { PackageIndex } from '../core/package-index.js';
import type { Phase } from '../core/phase.js';
import type { PhaseResult, Spooled, Tested } from '../core/phases.js';
import type { SdistText } from '../core/sdist-text.js';
import type { Settings } from '../core/settings.js';
import type { SourceIndex } from '../core/source-package.js';
import type { Upstream } from '../core/upstream.js';
import type { AttemptLog } from './attempt-log.js';
import { buildInRounds } from './build-rounds.js';
import { compilerCache } from './compiler-cache.js';
import type { Evidence } from './evidence.js';
import { explain } from './explanation.js';
import { attemptLimits } from './limits.js';
import { failed, type PhaseContext, startDiagnosis } from './phase-context.js';
import { downloadSdist, downloadSources, sourceName } from './phases/download.js';
import { environmentKey } from './phases/environment.js';
import { fetchInputs, fillWorkspace } from './phases/fetch.js';
import { fetchDebianSources, findLibraries, installLibraries } from './phases/libraries.js';
import { repairWheel } from './phases/repair.js';
import { takeWheel, testWheel } from './phases/test.js';
import { missingDepends } from './shared-libraries.js';
import { openSpool } from './spool.js';
import { together } from './together.js';
import type { TextFile } from './workspace-files.js';

/** What every attempt of a worker is made with. */
export interface AttemptSite {
  settings: Settings;
  engine: Engine;
  upstream: Pick<Upstream, 'file'>;
  scripts: readonly TextFile[];
  caBundle: string | undefined;
  indexToken: string | undefined;
  /** Knows which system package has a file and what later suites have, for images of that name; `builder` and `workspace` are what it may work with. */
  packageIndex: (image: { name: string; builder: string; workspace: string }) => PackageIndex & SourceIndex;
  /** The checked content of a source archive as a tar stream without its top folder. */
  unpackSdist: (sdist: Spooled['content']) => Readable;
  /** The text files of a source archive that are wanted, by their path below its top folder. */
  readSdist: (sdist: Spooled['content'], wanted: (path: string) => boolean) => Promise<SdistText[]>;
}

/** An attempt's means to tell what happens, whatever becomes of it. */
export interface AttemptVoice {
  log: AttemptLog;
  /** Starts the diagnosis of a phase: what is logged from now on is its. */
  listen: (diagnosis: PhaseContext['diagnosis']) => void;
  /** Brings the wheel to the api. */
  deliver: (wheel: Tested) => Promise<void>;
}

/**
 * Makes one attempt and says how it ended. `later` takes what must be cleared away once the end has been reported.
 * @throws only an aborted signal's reason; broken infrastructure makes the outcome `lost`.
 */
export async function makeAttempt(
  lease: Lease,
  site: AttemptSite,
  voice: AttemptVoice,
  later: (clear: () => Promise<void>) => void,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  const evidence: Evidence = { recipe: lease.order.recipe, installed: [], log: voice.log, signal };
  try {
    const result = await runPhases(lease, site, voice, later, evidence, signal);
    switch (result.kind) {
      case 'done': {
        const { content: _content, ...wheel } = result.value;
        return { kind: 'succeeded', wheel };
      }
      case 'failed': {
        // What fails while an attempt is being broken off says nothing of the package.
        signal.throwIfAborted();
        const failure = await explain(result.failure, evidence);
        voice.log.say(`failed: ${failure.class}: ${failure.cause}`);
        return { kind: 'failed', failure };
      }
      case 'deferred':
        return { kind: 'deferred', requirements: result.requirements };
      default:
        return result satisfies never;
    }
  } catch (error) {
    signal.throwIfAborted();
    const fault = isDiskFull(error) ? workerDiskFull(error) : error;
    const reason = reasonOf(fault);
    const hint = fault instanceof WheelwrightError && fault.hint !== undefined ? ` ${fault.hint}` : '';
    voice.log.say(`lost: ${reason}.${hint}`);
    return { kind: 'lost', reason };
  }
}

function workerDiskFull(cause: unknown): WheelwrightError {
  return new WheelwrightError('unavailable', `the disk of the worker is full (${tmpdir()})`, {
    hint: 'Sources and wheels pass through there: make room, or name another folder by TMPDIR. The attempt is tried again by itself.',
    cause,
  });
}

async function runPhases(
  lease: Lease,
  site: AttemptSite,
  voice: AttemptVoice,
  later: (clear: () => Promise<void>) => void,
  evidence: Evidence,
  signal: AbortSignal,
): Promise<PhaseResult<Tested>> {
  const { order } = lease;
  const { engine, settings, upstream } = site;
  const { log } = voice;
  const enter = (phase: Phase) => {
    const diagnosis = startDiagnosis(order, phase);
    log.enterPhase(phase);
    voice.listen(diagnosis);
    return diagnosis;
  };

  let diagnosis = enter('fetch');
  const missing = missingDepends(order);
  if (missing.length > 0) {
    log.say(`fetch: to be built here first, since libraries are shared with them: ${missing.join(', ')}`);
    return { kind: 'deferred', requirements: missing };
  }
  log.say(
    `fetch: ${order.project} ${order.version} for ${order.target.python} on ${order.target.policy}_${order.target.arch}`,
  );
  const spool = openSpool();
  later(() => spool.remove());
  const [images, sdist, sources] = await together(signal, (shared) => {
    const site = { upstream, spool, maxBytes: settings.WHEELWRIGHT_SDIST_BYTES, log, signal: shared };
    return [
      engine.prepareImages(order.target, order.recipe, (line) => log.say(`fetch: ${line}`), shared, order.lineage),
      downloadSdist(site, order.sdist),
      downloadSources(site, order.recipe.sources ?? []),
    ];
  });
  if ('kind' in images) return refusedImage(log, images);
  if (sdist.kind !== 'done') return sdist;
  if (sources.kind !== 'done') return sources;

  const cache = compilerCache(order, images, settings);
  const workspace = await engine.createWorkspace(lease.attemptId, images.builder, signal, cache?.name);
  later(() => engine.removeWorkspace(workspace));
  evidence.index = site.packageIndex({ name: order.target.image, builder: images.builder, workspace });
  evidence.installed = images.inputs.filter(({ kind }) => kind === 'system-package');
  evidence.readSdist = (wanted) => site.readSdist(sdist.value.content, wanted);
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
  const phase = (name: Phase): PhaseContext => {
    diagnosis = enter(name);
    return { ...context, diagnosis };
  };

  log.record([
    { kind: 'sdist', name: order.project, version: order.version, sha256: order.sdist.sha256 },
    ...images.inputs,
    ...(order.recipe.sources ?? []).map((source, index) => ({
      kind: 'source' as const,
      name: sourceName(source, index),
      version: '',
      sha256: source.sha256,
    })),
  ]);
  try {
    const downloads = { openSourceTree: () => site.unpackSdist(sdist.value.content), sources: sources.value };
    await fillWorkspace(context, downloads, site.scripts, site.caBundle);
  } catch (error) {
    if (!(error instanceof WheelwrightError) || (error.code !== 'invalid' && error.code !== 'too-large')) throw error;
    return failed(context, 'fetch', {
      class: 'bad-sdist',
      line: error.message,
      cause: error.hint ?? 'The source archive is broken or breaks the rules for source archives (PEP 721).',
    });
  }
  const kept = await findLibraries(context);
  const fromDebian = await fetchDebianSources(context, { withoutLibraries: kept !== undefined });
  if (fromDebian.kind !== 'done') return fromDebian;
  // Before the libraries, since their scripts can write into the sdist.
  const first = await fetchInputs(context);
  if (first.kind !== 'done') return first;
  const withLibraries: PhaseResult<string> =
    kept === undefined ? await installLibraries(phase('build'), first.value, spool) : { kind: 'done', value: kept };
  if (withLibraries.kind !== 'done') return withLibraries;
  context.images = { ...images, builder: withLibraries.value };

  const made = await buildInRounds(phase, first.value);
  if (made.kind !== 'done') return made;
  const { built, fetched, diagnosis: building } = made.value;
  const repaired = await repairWheel(phase('repair'), built, fetched, building);
  if (repaired.kind !== 'done') return repaired;
  const testing = phase('test');
  const taken = await takeWheel(testing, repaired.value, spool);
  if (taken.kind !== 'done') return taken;
  const tested = await testWheel(testing, repaired.value, taken.value);
  if (tested.kind !== 'done') return tested;

  enter('publish');
  const { filename, sha256, sizeBytes } = tested.value;
  log.say(`publish: ${filename} sha256=${sha256} ${sizeBytes} bytes`);
  await voice.deliver(tested.value);
  return tested;
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
