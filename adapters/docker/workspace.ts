import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import tar from 'tar-stream';
import { CACHE, type CarriedTar, VOLUMES } from '../../core/engine.js';
import { WheelwrightError } from '../../core/errors.js';
import { BUILD_USER, confinement, mountsOf, volumeName } from './container-settings.js';
import { askEngine, callEngine, clearOnEngine } from './engine-call.js';
import { engineError, ignoreGone, ignoreMissing, statusOf } from './engine-error.js';
import type { Labels } from './labels.js';

/**
 * Makes the volumes of an attempt, and a container that is never started: the engine moves files in and out of volumes only through a container,
 * and one that does not run works at any time, also after a worker was killed.
 */
export async function createVolumes(
  docker: Docker,
  workspace: string,
  image: string,
  labels: Labels,
  cache: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  await askEngine('making the volumes of an attempt', signal, async () => {
    await Promise.all(
      VOLUMES.map((volume) =>
        docker.createVolume({ Name: volumeName(workspace, volume), Labels: labels, abortSignal: signal }),
      ),
    );
    await docker.createContainer({
      name: workspace,
      Image: image,
      Entrypoint: [],
      Cmd: ['/bin/true'],
      Labels: labels,
      HostConfig: {
        ...confinement(),
        ReadonlyRootfs: false, // the engine refuses to carry files into a read-only root, also where a volume is meant
        NetworkMode: 'none',
        Mounts: mountsOf(
          workspace,
          Object.fromEntries(
            [...VOLUMES, ...(cache === undefined ? [] : [CACHE])].map((volume) => [volume, 'read-write']),
          ),
          cache,
        ),
      },
      abortSignal: signal,
    });
  });
}

export async function removeVolumes(docker: Docker, workspace: string): Promise<void> {
  await clearOnEngine('removing the volumes of an attempt', async () => {
    await docker.getContainer(workspace).remove({ force: true }).catch(ignoreGone);
    await Promise.all(
      VOLUMES.map((volume) => docker.getVolume(volumeName(workspace, volume)).remove().catch(ignoreMissing)),
    );
  });
}

/** Streams archives into the volumes in one request; everything in them belongs to the build user. */
export async function putTars(
  docker: Docker,
  workspace: string,
  tars: readonly CarriedTar[],
  signal: AbortSignal,
): Promise<void> {
  const packed = join(tars, signal);
  const body = Readable.from(packed.stream, { objectMode: false });
  // The client pipes the body into its request and would wait for ever for the rest of a broken one.
  const broken = new AbortController();
  const sent = callEngine(`carrying files to ${tars.map(({ folder }) => folder).join(', ')}`, signal, () =>
    docker
      .getContainer(workspace)
      .putArchive(body, { path: '/', abortSignal: AbortSignal.any([signal, broken.signal]) }),
  );
  // Either side's end breaks off the other; what happened first is the error to speak of.
  let first: unknown;
  packed.done.catch((error: unknown) => {
    first ??= error;
    broken.abort();
  });
  sent.catch((error: unknown) => {
    first ??= error;
    packed.stream.destroy();
  });
  await Promise.allSettled([packed.done, sent]);
  signal.throwIfAborted();
  if (first !== undefined) throw first;
}

/** @throws WheelwrightError `not-found`; the stream breaks with `unavailable` when the engine does, with the signal's reason when aborted */
export async function getTar(docker: Docker, workspace: string, path: string, signal: AbortSignal): Promise<Readable> {
  const doing = `carrying ${path} out`;
  const stream = await askEngine(doing, signal, async () => {
    try {
      return (await docker.getContainer(workspace).getArchive({ path, abortSignal: signal })) as Readable;
    } catch (error) {
      if (isMissingPath(error)) {
        throw new WheelwrightError('not-found', `there is no ${path} in the workspace`, { cause: error });
      }
      throw error;
    }
  });
  return Readable.from(brokenByEngine(stream, doing, signal), { objectMode: false });
}

/** A workspace that is gone is answered with the same status as a path that is not there. */
function isMissingPath(error: unknown): boolean {
  return statusOf(error) === 404 && /could not find the file/i.test((error as Error).message);
}

/** What breaks off the bytes is the engine or an abort, never what was carried: nobody may take it for a bad archive. */
async function* brokenByEngine(stream: Readable, doing: string, signal: AbortSignal): AsyncGenerator<Buffer> {
  try {
    yield* stream as AsyncIterable<Buffer>;
  } catch (error) {
    signal.throwIfAborted();
    throw engineError(doing, error);
  }
}

/** One archive of all entries, each below its folder and owned by the build user; a volume's own root stays root's. */
function join(tars: readonly CarriedTar[], signal: AbortSignal): { stream: tar.Pack; done: Promise<void> } {
  const pack = tar.pack();
  const done = (async () => {
    for (const each of tars) await append(pack, each, signal);
    pack.finalize();
  })();
  done.catch((error: Error) => pack.destroy(error));
  return { stream: pack, done };
}

async function append(pack: tar.Pack, { folder, open }: CarriedTar, signal: AbortSignal): Promise<void> {
  const owned = { uid: BUILD_USER, gid: BUILD_USER, uname: '', gname: '' };
  const parts = folder.split('/').filter((part) => part !== '');
  const under = (name: string) => [...parts, name.replace(/^(\.?\/)+/, '')].filter((part) => part !== '').join('/');
  for (let depth = 2; depth <= parts.length; depth += 1) {
    pack.entry({ ...owned, name: `${parts.slice(0, depth).join('/')}/`, type: 'directory', mode: 0o755 });
  }
  const extract = tar.extract();
  const feeding = pipeline(open(), extract, { signal });
  feeding.catch(() => undefined);
  for await (const entry of extract) {
    const { header } = entry;
    const renamed = { ...header, ...owned, name: under(header.name), pax: null };
    if (header.type === 'link' && header.linkname) renamed.linkname = under(header.linkname);
    if (header.type === 'file' || header.type === 'contiguous-file') {
      const kept = pack.entry(renamed);
      // It is told again, to nobody, when the whole archive is broken off after its own pipeline has ended.
      kept.on('error', () => undefined);
      await pipeline(entry, kept, { signal });
    } else {
      pack.entry(renamed);
      entry.resume();
    }
  }
  await feeding;
}
