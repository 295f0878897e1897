import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';
import type { ContainerExit, ContainerSpec, OutputSink } from '../../core/engine.js';
import { WheelwrightError } from '../../core/errors.js';
import { containerSettings, type Placement } from './container-settings.js';
import { watchDisk } from './disk-watch.js';
import { askEngine, callEngine, clearOnEngine } from './engine-call.js';
import { engineError, ignoreGone } from './engine-error.js';
import { demultiplex } from './log-stream.js';

/** Most containers end before anyone need look at their disk. */
const DISK_WATCH_AFTER_MS = 3_000;
/** Exit code of a process that SIGKILL ended. */
const SIGKILLED = 137;
/** How long a killed container may take to be gone before the engine counts as broken. */
const KILL_MS = 10_000;

type Cut = 'timed-out' | 'disk-full' | 'output-limit' | 'aborted';

/** Runs one container to its end. `onRemoval` gets the promises of what is still being removed, which the next container need not wait for. */
export async function runContainer(
  docker: Docker,
  spec: ContainerSpec,
  placement: Placement,
  output: OutputSink,
  signal: AbortSignal,
  onRemoval: (removal: Promise<void>) => void,
): Promise<ContainerExit> {
  const container = await askEngine('making a container', signal, () =>
    docker.createContainer(containerSettings(spec, placement)),
  );
  const released = new AbortController();
  try {
    return await attend(docker, container, spec, placement, output, signal, released.signal, onRemoval);
  } finally {
    released.abort();
    onRemoval(
      clearOnEngine('removing a container', () => container.remove({ force: true }).then(() => undefined, ignoreGone)),
    );
  }
}

async function attend(
  docker: Docker,
  container: Docker.Container,
  spec: ContainerSpec,
  placement: Placement,
  output: OutputSink,
  signal: AbortSignal,
  released: AbortSignal,
  onRemoval: (removal: Promise<void>) => void,
): Promise<ContainerExit> {
  let cut: Cut | undefined;
  let giveUp: (error: unknown) => void = () => undefined;
  const broken = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  broken.catch(() => undefined);
  // On a container that was only created, a plain wait answers 0 at once.
  const exited = container.wait({ condition: 'next-exit' }) as Promise<{ StatusCode: number }>;
  exited.catch(() => undefined);
  const stop = (why: Cut) => {
    if (cut !== undefined) return;
    cut = why;
    container
      .kill()
      .catch(ignoreGone)
      .catch((error: unknown) => giveUp(engineError('ending a container', error)));
    const overdue = setTimeout(
      () => giveUp(engineError('ending a container', new Error('it did not end after being killed'))),
      KILL_MS,
    );
    // What it printed may take longer to be stored; that is not the engine's fault.
    const ended = () => clearTimeout(overdue);
    exited.then(ended, ended);
  };

  const stream = await askEngine('reading the output of a container', signal, () =>
    container.attach({ stream: true, stdout: true, stderr: true }),
  );
  const drained = (async () => {
    for await (const chunk of demultiplex(stream as AsyncIterable<Buffer>)) {
      if (cut === 'aborted') continue;
      if (cut !== 'output-limit' && (await output(chunk)) === 'stop') stop('output-limit');
    }
  })();
  const ended = Promise.all([exited, drained]);
  ended.catch(() => undefined);
  const onAbort = () => stop('aborted');
  const timeout = setTimeout(() => stop('timed-out'), spec.limits.timeoutMs);
  const diskWatch = setTimeout(() => {
    const onSize = (size: number) => size > spec.limits.diskBytes && stop('disk-full');
    const watching = watchDisk(docker, spec, placement, onSize, released).catch((error: unknown) => {
      if (!released.aborted) giveUp(engineError('watching the disk', error));
    });
    onRemoval(watching);
  }, DISK_WATCH_AFTER_MS);
  try {
    await askEngine('starting a container', signal, () => container.start());
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    const [{ StatusCode: code }] = await Promise.race([ended, broken]).catch((error: unknown) => {
      throw engineError('waiting for a container', error);
    });
    signal.throwIfAborted();
    if (cut !== undefined && cut !== 'aborted') return { kind: cut };
    return await exitOf(docker, container, code, signal);
  } finally {
    clearTimeout(timeout);
    clearTimeout(diskWatch);
    signal.removeEventListener('abort', onAbort);
    (stream as Duplex).destroy();
  }
}

/** @throws WheelwrightError `unavailable` when the container did not end by itself */
async function exitOf(
  docker: Docker,
  container: Docker.Container,
  code: number,
  signal: AbortSignal,
): Promise<ContainerExit> {
  if (code === 0) return { kind: 'exited', code, oomKilled: false };
  const { State: state } = await askEngine('asking how a container ended', signal, () => container.inspect());
  // True also when only a child of the container's first process was killed.
  const oomKilled = state.OOMKilled;
  if (code === SIGKILLED && !oomKilled && (await wasKilledFromOutside(docker, container.id, state, signal))) {
    throw new WheelwrightError('unavailable', 'the container was killed by somebody else who uses the engine', {
      hint: 'By `docker kill` or `docker rm -f`, or by a clean-up script on that machine. The attempt is tried again by itself.',
    });
  }
  return { kind: 'exited', code, oomKilled };
}

/** What a container's own processes do to each other is no event of the engine, nor what the kernel does for want of memory. */
async function wasKilledFromOutside(
  docker: Docker,
  id: string,
  state: { StartedAt: string; FinishedAt: string },
  signal: AbortSignal,
): Promise<boolean> {
  const since = Math.floor(Date.parse(state.StartedAt) / 1000);
  const until = Math.floor(Date.parse(state.FinishedAt) / 1000) + 1;
  return callEngine('asking who ended a container', signal, async () => {
    const events = await docker.getEvents({ since, until, filters: { container: [id], event: ['kill'] } });
    for await (const _ of events) return true;
    return false;
  });
}
