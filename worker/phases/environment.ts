// Environments of build requirements that are kept for all attempts with the same wheels; docs/decisions/build-environments-are-kept.md says why.
import type { Target } from '../../core/build.js';
import { digestOf } from '../../core/digest.js';
import { ENVIRONMENT } from '../../core/engine.js';
import type { Fetched, FetchedWheel } from '../../core/phases.js';
import type { Settings } from '../../core/settings.js';
import { type PhaseContext, runScript, succeeded, TOOLS_PYTHON } from '../phase-context.js';
import type { TextFile } from '../workspace-files.js';

const SCRIPT = 'environment.py';

/** To make a smaller one costs a container more than several builds get back: setuptools alone, which is what most ask for, and what is of its size. */
const MIN_BYTES = 2 * 2 ** 20;

export interface Kept {
  volume: string;
  key: string;
}

/**
 * What an environment follows from: the builder's interpreter and tools, the wheels whatever their order, and how it is made of them. Undefined where none is
 * to be kept, or too little is in it.
 */
export function environmentKey(
  { builderDigest, python }: Pick<Target, 'builderDigest' | 'python'>,
  wheels: readonly Pick<FetchedWheel, 'filename' | 'sha256' | 'sizeBytes'>[],
  scripts: readonly TextFile[],
  settings: Pick<Settings, 'WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES'>,
): string | undefined {
  const sizeBytes = wheels.reduce((sum, each) => sum + each.sizeBytes, 0);
  if (sizeBytes < MIN_BYTES || settings.WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES === 0) return undefined;
  const made = scripts.find(({ name }) => name === `scripts/${SCRIPT}`)?.text;
  return digestOf({
    builderDigest,
    python,
    made,
    wheels: wheels.map((each) => `${each.filename} ${each.sha256}`).sort(),
  });
}

/** The environment of what was fetched, made if nobody has yet; undefined where the attempt must make its own. */
export async function keptEnvironment(context: PhaseContext, fetched: Fetched): Promise<Kept | undefined> {
  const key = context.environmentKey(fetched.wheels);
  if (key === undefined) return undefined;
  const volume = await context.engine.findEnvironment(key, context.signal);
  return volume === undefined ? keepEnvironment(context, fetched, key) : { volume, key };
}

/** Makes an environment that is missing, or whose maker was killed; waits for another that is at it. */
export async function keepEnvironment(context: PhaseContext, fetched: Fetched, key: string): Promise<Kept | undefined> {
  const { engine, fetcher, limits, signal } = context;
  const volume = await engine.openEnvironment(key, fetcher, signal);
  const exit = await runScript(
    context,
    SCRIPT,
    { key, wheels: fetched.wheels.map((each) => ({ path: pathOf(each), sha256: each.sha256 })), jobs: limits.jobs },
    {
      image: fetcher,
      network: 'none',
      python: TOOLS_PYTHON,
      mounts: { inputs: 'read-only' },
      kept: { volume, at: ENVIRONMENT, access: 'read-write' },
      limits: limits.short,
      environment: { HOME: '/tmp', UV_NO_CONFIG: '1', UV_OFFLINE: '1' },
    },
  );
  if (succeeded(exit)) return { volume, key };
  context.log.say('build: an environment of these requirements cannot be kept, so this attempt makes one of its own');
  return undefined;
}

/** Where the build requirements stand in the `inputs` volume. */
export function wheelPaths({ wheels }: Fetched): string[] {
  return wheels.map(pathOf);
}

function pathOf({ filename }: FetchedWheel): string {
  return `/inputs/build-wheels/${filename}`;
}

/** Notices that a build would write into the environment, which it may not where it is shared. */
export function watchRefusals(): { see(chunk: Buffer): void; refused(): boolean } {
  let refused = false;
  let rest = '';
  return {
    see(chunk) {
      // A line may come in two pieces.
      const text = rest + chunk.toString('latin1');
      refused ||= REFUSAL.test(text) && text.split('\n').some((line) => REFUSAL.test(line) && mayBeWithin(line));
      rest = text.slice(-MAX_LINE);
    },
    refused: () => refused,
  };
}

/** Go and Node say it in small letters. */
const REFUSAL = /read-only file system/i;
const WITHIN = new RegExp(`${ENVIRONMENT}\\b`);
const ABSOLUTE = /(?:^|[\s'"\u0060(=:])\/\w/;
const MAX_LINE = 1000;

/** Where no whole path is told, it may be the environment: whatever else a build can reach by a relative one is its own. */
function mayBeWithin(line: string): boolean {
  return WITHIN.test(line) || !ABSOLUTE.test(line);
}
