import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { reasonOf, WheelwrightError } from '../../core/errors.js';
import { makeTemporaryFolder } from '../host/temporary-folder.js';
import { askEngine, callEngine } from './engine-call.js';
import { statusOf } from './engine-error.js';
import { buildImage, readMessages } from './image-build.js';
import { packContext } from './image-context.js';

export interface BaseTag {
  repo: string;
  tag: string;
  labels: Readonly<Record<string, string>>;
}

/** As families/debian/bootstrap has it: an old suite's Release file expires when nobody maintains it any more; its signature is still checked. */
const APT_CONF = 'Acquire::Check-Valid-Until "false";\nAcquire::Retries "3";\n';

/**
 * Pulls a base that a registry of images holds, and makes of it one that carries our labels and, with `apt`, takes packages from a suite that is past its
 * support. The digest in the reference decides what comes.
 */
export async function pullBase(
  docker: Docker,
  { reference, apt }: { reference: string; apt: boolean },
  base: BaseTag,
  signal: AbortSignal,
): Promise<void> {
  const doing = `pulling ${reference}`;
  const error = await callEngine(doing, signal, async () => {
    try {
      return (await readMessages((await docker.pull(reference, { abortSignal: signal })) as Readable)).error;
    } catch (refused) {
      if (statusOf(refused) === undefined) throw refused;
      return (refused as Error).message;
    }
  });
  if (error !== undefined) {
    throw new WheelwrightError('unavailable', `${doing} failed: ${error}`, {
      hint: 'Where no registry of images is reached, an image.yaml can bootstrap its base instead: `base: {debootstrap: {suite: ...}}`.',
    });
  }
  const lines = [`FROM ${reference}`, ...(apt ? ['COPY 90wheelwright /etc/apt/apt.conf.d/90wheelwright'] : [])];
  const context = packContext([
    { name: 'Dockerfile', content: `${lines.join('\n')}\n` },
    { name: '90wheelwright', content: APT_CONF },
  ]);
  const built = await buildImage(docker, { context, tag: `${base.repo}:${base.tag}`, labels: base.labels }, signal);
  if (built.kind === 'built') return;
  throw new WheelwrightError('unavailable', `making a base of ${reference} failed: ${built.log.trim()}`, {
    hint: 'The image must be one of this architecture; the log of the engine may say more.',
  });
}

export interface Bootstrap {
  /** The family's script that is run on this host: `bootstrap SUITE FOLDER`. */
  script: string;
  suite: string;
  mirror: string | undefined;
}

/**
 * Makes a base from a Debian mirror on this host and imports it into the engine.
 * @throws WheelwrightError `unavailable` without root or debootstrap, or when the mirror fails; its last lines are in the message.
 */
export async function bootstrapBase(
  docker: Docker,
  what: Bootstrap,
  base: BaseTag,
  signal: AbortSignal,
): Promise<void> {
  const folder = await makeTemporaryFolder('wheelwright-base');
  try {
    await runBootstrap(what, folder, signal);
    await importFolder(docker, folder, base, signal);
  } finally {
    // Nothing stays mounted below it (see runBootstrap); were something all the same, it must not be emptied.
    await run('rm', ['-rf', '--one-file-system', folder], {}, new AbortController().signal).catch(() =>
      rm(folder, { recursive: true, force: true }),
    );
  }
}

async function runBootstrap({ script, suite, mirror }: Bootstrap, folder: string, signal: AbortSignal): Promise<void> {
  const environment = mirror === undefined ? {} : { WHEELWRIGHT_DEBIAN_MIRROR: mirror };
  // A mount namespace of its own: /proc and what else debootstrap mounts vanishes with it, also when it is killed.
  const command = ['--mount', '--propagation', 'private', script, suite, folder];
  await run('unshare', command, environment, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    const said = reasonOf(error);
    throw new WheelwrightError('unavailable', `bootstrapping Debian ${suite} failed: ${said}`, {
      hint: 'It needs root, the package debootstrap and a Debian mirror (WHEELWRIGHT_DEBIAN_MIRROR) on the host of the worker. With a registry of images, name a `reference` in image.yaml instead.',
      cause: error,
    });
  });
}

async function importFolder(docker: Docker, folder: string, base: BaseTag, signal: AbortSignal): Promise<void> {
  const doing = `importing ${base.repo}:${base.tag}`;
  const tar = spawn(
    'tar',
    ['--numeric-owner', '--exclude=./dev/*', '--exclude=./proc/*', '--exclude=./sys/*', '-C', folder, '-c', '.'],
    { stdio: ['ignore', 'pipe', 'ignore'], signal },
  );
  const ended = new Promise<number | null>((resolve) => {
    tar.once('close', resolve);
    tar.once('error', () => resolve(null));
  });
  const labels = Object.entries(base.labels).map(([key, value]) => `LABEL ${key}=${value}`);
  const { error, status: id } = await callEngine(doing, signal, async () => {
    const options = { changes: labels, abortSignal: signal };
    return readMessages((await docker.importImage(tar.stdout, options)) as Readable);
  }).finally(() => {
    // It would wait for ever for an engine that takes no more of it; after a whole import it has ended.
    if (!tar.stdout.readableEnded) tar.kill('SIGKILL');
  });
  const status = await ended;
  if (error !== undefined || status !== 0 || id === undefined) {
    throw new WheelwrightError('unavailable', `${doing} failed: ${error ?? `tar ended with status ${status}`}`, {
      hint: 'Most often the disk of the host or of the engine is full.',
    });
  }
  // Named last: the engine takes an archive that was cut off for a whole one.
  await askEngine(doing, signal, () => docker.getImage(id).tag({ repo: base.repo, tag: base.tag }));
}

/** Rejects with the last lines of the output when the command does not exit 0. An abort kills its whole process group. */
async function run(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
    detached: true,
  });
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It ended by itself meanwhile.
    }
  };
  signal.addEventListener('abort', kill, { once: true });
  let tail = '';
  const keep = (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-4_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    signal.throwIfAborted();
    if (status !== 0) throw new Error(tail.trim().split('\n').slice(-5).join('\n'));
  } finally {
    signal.removeEventListener('abort', kill);
  }
}
