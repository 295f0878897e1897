import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import tar from 'tar-stream';
import { VOLUMES } from '../../core/engine.js';
import { WheelwrightError } from '../../core/errors.js';
import { BUILD_USER, confinement, mountsOf, volumeName } from './container-settings.js';
import { callEngine, ignoreGone, ignoreMissing, statusOf } from './engine-error.js';
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
  signal: AbortSignal,
): Promise<void> {
  await callEngine('making the volumes of an attempt', signal, async () => {
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
        Mounts: mountsOf(workspace, Object.fromEntries(VOLUMES.map((volume) => [volume, 'read-write']))),
      },
      abortSignal: signal,
    });
  });
}

export async function removeVolumes(docker: Docker, workspace: string): Promise<void> {
  await docker.getContainer(workspace).remove({ force: true }).catch(ignoreGone);
  await Promise.all(
    VOLUMES.map((volume) => docker.getVolume(volumeName(workspace, volume)).remove().catch(ignoreMissing)),
  );
}

/** Streams an archive into a folder such as `/build/src`; everything in it belongs to the build user. */
export async function putTar(
  docker: Docker,
  workspace: string,
  folder: string,
  archive: Readable,
  signal: AbortSignal,
): Promise<void> {
  const [, volume, ...below] = folder.split('/');
  const packed = rewrite(archive, below.filter((part) => part !== '').join('/'), signal);
  const body = Readable.from(packed.stream, { objectMode: false });
  // The client pipes the body into its request and would wait for ever for the rest of a broken one.
  const broken = new AbortController();
  const sent = callEngine(`carrying files to ${folder}`, signal, () =>
    docker
      .getContainer(workspace)
      .putArchive(body, { path: `/${volume}`, abortSignal: AbortSignal.any([signal, broken.signal]) }),
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

export async function getTar(docker: Docker, workspace: string, path: string, signal: AbortSignal): Promise<Readable> {
  return callEngine(`carrying ${path} out`, signal, async () => {
    try {
      return (await docker.getContainer(workspace).getArchive({ path, abortSignal: signal })) as Readable;
    } catch (error) {
      if (statusOf(error) === 404) {
        throw new WheelwrightError('not-found', `there is no ${path} in the workspace`, { cause: error });
      }
      throw error;
    }
  });
}

/** The same entries below a folder and owned by the build user; a volume's own root stays root's. */
function rewrite(archive: Readable, folder: string, signal: AbortSignal): { stream: tar.Pack; done: Promise<void> } {
  const owned = { uid: BUILD_USER, gid: BUILD_USER, uname: '', gname: '' };
  const under = (name: string) => [folder, name.replace(/^(\.?\/)+/, '')].filter((part) => part !== '').join('/');
  const pack = tar.pack();
  const extract = tar.extract();
  const done = (async () => {
    const parts = folder.split('/').filter((part) => part !== '');
    for (let depth = 1; depth <= parts.length; depth += 1) {
      pack.entry({ ...owned, name: `${parts.slice(0, depth).join('/')}/`, type: 'directory', mode: 0o755 });
    }
    const feeding = pipeline(archive, extract, { signal });
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
    pack.finalize();
  })();
  done.catch((error: Error) => pack.destroy(error));
  return { stream: pack, done };
}
