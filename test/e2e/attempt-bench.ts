// Makes attempts on a real engine without an API: what would be sent is kept for the test to look at.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { afterAll, beforeAll } from 'vitest';
import { sdistTar, sdistTexts } from '../../adapters/archive/sdist.js';
import { openPackageIndexes } from '../../adapters/debian/package-indexes.js';
import { openEngine } from '../../adapters/docker/engine.js';
import { readCaBundle } from '../../adapters/host/ca-bundle.js';
import { openSimpleUpstream } from '../../adapters/upstream/simple-upstream.js';
import { resolveUpstreamUrl } from '../../adapters/upstream/upstream-url.js';
import type { AttemptInput, AttemptOutcome, BuildOrder, Lease } from '../../core/attempt.js';
import { planRelease } from '../../core/plan.js';
import type { EffectiveRecipe } from '../../core/recipe/recipe.js';
import { parseRequirement } from '../../core/requirement.js';
import { placementOf } from '../../core/resources.js';
import { reservation } from '../../core/schedule.js';
import { parseSettings } from '../../core/settings.js';
import { makeAttempt } from '../../worker/attempt.js';
import { AttemptLog } from '../../worker/attempt-log.js';
import { workerCapacity } from '../../worker/limits.js';
import type { PhaseContext } from '../../worker/phase-context.js';
import { readSpooled } from '../../worker/spool.js';
import { readScripts } from '../../worker/workspace-files.js';
import { type MadeSdist, openSdistFolder, type SdistFolder } from '../fixtures/sdists/sdist.js';
import { openRealImages } from '../support/real-images.js';

export interface Finished {
  outcome: AttemptOutcome;
  log: string;
  inputs: AttemptInput[];
  phases: string[];
  /** Bytes of the wheel that would be published. */
  wheel?: Buffer;
}

export interface AttemptOptions {
  signal?: AbortSignal;
  settings?: Record<string, string>;
  onLog?: (text: string) => void;
}

export interface AttemptBench {
  docker: Docker;
  instance: string;
  /** Plans a release of the real upstream. */
  order(requirement: string, recipe?: EffectiveRecipe): Promise<BuildOrder>;
  makeSdist: SdistFolder['make'];
  orderFor(sdist: MadeSdist, recipe?: EffectiveRecipe): Promise<BuildOrder>;
  attempt(order: BuildOrder, options?: AttemptOptions): Promise<Finished>;
  /** Reference of a builder image without anything of a recipe. */
  builder(): Promise<string>;
  /** Removes all that is kept for later attempts. */
  forgetCaches(): Promise<string[]>;
}

/** One bench for all tests of a file, usable from its first hook on, closed after its last one; what compilers kept is removed with it. */
export function useAttemptBench({ compilerCache = false, environments = false } = {}): AttemptBench {
  const bench = {} as AttemptBench;
  let close: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    const opened = await openAttemptBench(compilerCache, environments);
    Object.assign(bench, opened.bench);
    close = opened.close;
  });
  afterAll(() => close?.());
  return bench;
}

async function openAttemptBench(
  compilerCache: boolean,
  environments: boolean,
): Promise<{ bench: AttemptBench; close(): Promise<void> }> {
  const docker = new Docker();
  const instance = `test-worker-${process.pid}`;
  const { images, target } = await openRealImages(docker, instance, { compilerCache });
  const engine = openEngine({
    docker,
    instance,
    fetchNetwork: 'host',
    prepareImages: images.prepareImages,
    now: Date.now,
  });
  const indexUrl = await resolveUpstreamUrl(process.env);
  const ca = await readCaBundle(process.env.WHEELWRIGHT_CA_BUNDLE);
  const upstream = openSimpleUpstream({ url: indexUrl, ...(ca === undefined ? {} : { ca }) });
  const scripts = await readScripts('worker/scripts');
  const sdists = await openSdistFolder();
  const never = new AbortController().signal;
  let count = 0;

  const order = (project: string, version: string, sdist: BuildOrder['sdist'], recipe: EffectiveRecipe) => ({
    buildId: `build-${count}`,
    project,
    version,
    sdist,
    recipe,
    target,
    channel: 'stable' as const,
    indexUrl,
  });

  const bench: AttemptBench = {
    docker,
    instance,
    makeSdist: sdists.make,
    async order(requirement, recipe = {}) {
      const parsed = parseRequirement(requirement);
      const page = await upstream.project(parsed.name, never);
      const { version, sdist } = planRelease(parsed, page?.page, { pythons: [target.python] });
      return order(parsed.name, version, sdist, recipe);
    },
    async orderFor(made, recipe = {}) {
      const bytes = await readFile(made.path);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      return order(made.project, made.version, { filename: made.filename, url: `file:${made.path}`, sha256 }, recipe);
    },
    async attempt(buildOrder, options = {}) {
      count += 1;
      // Attempts may be made at the same time.
      const number = count;
      const settings = parseSettings({
        WHEELWRIGHT_INSTANCE: instance,
        ...(environments ? {} : { WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES: '0' }),
        ...options.settings,
      });
      const capacity = workerCapacity(settings, await engine.facts(never));
      const { exclusive: _, ...resources } = reservation(placementOf(buildOrder.recipe, target, 'stable'), capacity);
      const lease: Lease = {
        attemptId: `${process.pid}-${number}`,
        attemptNumber: 1,
        token: 'none',
        leaseMs: 30_000,
        resources,
        order: buildOrder,
      };
      const finished: Omit<Finished, 'outcome'> = { log: '', inputs: [], phases: [] };
      const wheels: Buffer[] = [];
      let diagnosis: PhaseContext['diagnosis'] | undefined;
      const log = new AttemptLog({
        append: async (_firstLine, text, marks) => {
          finished.phases.push(...marks.phases.map(({ phase }) => phase));
          finished.inputs.push(...marks.inputs);
          finished.log += text;
          options.onLog?.(`\n${text}`);
          if (process.env.SHOW_LOG)
            process.stderr.write(text.replaceAll(/^(?=.)/gm, `${new Date().toISOString().slice(14, 23)} `));
        },
        onLine: (text, number) => diagnosis?.line(text, number),
        limitBytes: settings.WHEELWRIGHT_LOG_BYTES,
      });
      const clears: (() => Promise<void>)[] = [];
      try {
        const outcome = await makeAttempt(
          lease,
          {
            settings,
            engine,
            scripts,
            caBundle: ca,
            indexToken: undefined,
            packageIndex: openPackageIndexes(join(tmpdir(), 'wheelwright-test-contents'), engine),
            unpackSdist: (sdist) => sdistTar(sdist),
            readSdist: (sdist, wanted) => sdistTexts(sdist, wanted),
            upstream: {
              file: async (url, signal): Promise<Readable> =>
                url.startsWith('file:') ? createReadStream(url.slice(5)) : upstream.file(url, signal),
            },
          },
          {
            log,
            listen: (next) => (diagnosis = next),
            deliver: async (wheel) => {
              for await (const chunk of readSpooled(wheel)) wheels.push(chunk as Buffer);
            },
          },
          (clear) => clears.push(clear),
          options.signal ?? never,
        );
        await log.flush();
        return { ...finished, outcome, ...(wheels.length === 0 ? {} : { wheel: Buffer.concat(wheels) }) };
      } finally {
        for (const clear of clears.reverse()) await clear();
      }
    },
    async builder() {
      const made = await images.prepareImages(target, {}, () => undefined, never);
      if ('kind' in made) throw new Error(made.line);
      return made.builder;
    },
    forgetCaches: () => engine.pruneKept({ 'compiler-cache': 0, environment: 0 }, never),
  };
  const close = async () => {
    await sdists.remove();
    await bench.forgetCaches();
    await engine.close();
    await upstream.close();
  };
  return { bench, close };
}

/** Names of what an instance still has on the engine. */
export async function leftBehind(instance: string): Promise<string[]> {
  const run = promisify(execFile);
  const filter = `label=wheelwright.instance=${instance}`;
  const lists = await Promise.all([
    run('/usr/bin/docker', ['ps', '-aq', '--filter', filter]),
    run('/usr/bin/docker', ['volume', 'ls', '-q', '--filter', filter]),
  ]);
  return lists.flatMap(({ stdout }) => stdout.split('\n')).filter((line) => line !== '');
}
