import type Docker from 'dockerode';
import type { ContainerSpec } from '../../core/engine.js';
import { confinement, keptMounts, mountsOf, type Placement } from './container-settings.js';
import { askEngine } from './engine-call.js';
import { ignoreGone } from './engine-error.js';
import { demultiplex } from './log-stream.js';

const INTERVAL_SECONDS = 2;
/** It remembers each file that has several names, and has only so much memory: nobody can hide behind millions of them. */
const DU_KILLED = /^end 137$/m;

/**
 * Reports the size in bytes of what a container may write to, every two seconds until aborted; infinite where it is too much to be measured. Local volumes have no quota, so somebody has to
 * look; a container of its own can, wherever the engine runs, and foreign code can neither end it nor hide a folder from it.
 */
export async function watchDisk(
  docker: Docker,
  spec: Pick<ContainerSpec, 'image' | 'workspace' | 'mounts' | 'kept'>,
  { labels, cache, keptLabels }: Pick<Placement, 'labels' | 'cache' | 'keptLabels'>,
  onSize: (sizeBytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const writable = Object.entries(spec.mounts).filter(([, access]) => access === 'read-write');
  const kept = spec.kept?.access === 'read-write' ? spec.kept : undefined;
  const folders = [...writable.map(([volume]) => `/${volume}`), ...(kept ? [kept.at] : [])].join(' ');
  if (folders === '') return;
  const container = await askEngine('making a disk watcher', signal, () =>
    docker.createContainer({
      Image: spec.image,
      Entrypoint: [],
      Cmd: [
        '/bin/sh',
        '-c',
        `while { du -skc ${folders} 2>&1; echo "end $?"; } | tail -n 2; do sleep ${INTERVAL_SECONDS}; done`,
      ],
      User: '0:0',
      // Not those of the image: a library of a recipe would come first, and nothing of a project runs as root.
      Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'LD_LIBRARY_PATH='],
      Labels: labels,
      AttachStdout: true,
      HostConfig: {
        ...confinement(),
        CapAdd: ['DAC_READ_SEARCH'],
        NetworkMode: 'none',
        Mounts: [
          ...mountsOf(spec.workspace, Object.fromEntries(writable.map(([volume]) => [volume, 'read-only'])), cache),
          ...keptMounts({ kept: kept && { ...kept, access: 'read-only' } }, keptLabels),
        ],
        Memory: 256 * 2 ** 20,
      },
    }),
  );
  try {
    const stream = await container.attach({ stream: true, stdout: true, abortSignal: signal });
    await askEngine('starting a disk watcher', signal, () => container.start());
    for await (const chunk of demultiplex(stream as AsyncIterable<Buffer>)) {
      const kibibytes = /^(\d+)\s+total$/m.exec(chunk.toString())?.[1];
      if (kibibytes !== undefined) onSize(Number(kibibytes) * 1024);
      if (DU_KILLED.test(chunk.toString())) onSize(Number.POSITIVE_INFINITY);
    }
    if (!signal.aborted) throw new Error('the container that looks at it ended');
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await container.remove({ force: true }).catch(ignoreGone);
  }
}
