// Volumes that outlive attempts: what the compilers of one project's builds left for its next ones, and environments of build requirements.
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { ENVIRONMENT, type KeptKind } from '../../core/engine.js';
import { confinement, keptMounts } from './container-settings.js';
import { askEngine, callEngine } from './engine-call.js';
import { ignoreGone, isBusyElsewhere, statusOf } from './engine-error.js';
import { KIND_LABEL } from './image-names.js';
import { readUseMarks } from './kept-use.js';
import { INSTANCE_LABEL, type Labels, makeLookLabels } from './labels.js';
import { removeUnlessUsed } from './orphans.js';
import { putTars } from './workspace.js';

const INFIXES: Record<KeptKind, string> = { 'compiler-cache': 'cache', environment: 'environment' };

export function keptLabels(instance: string, kind: KeptKind): Labels {
  return { [INSTANCE_LABEL]: instance, [KIND_LABEL]: kind };
}

function keptVolume(instance: string, kind: KeptKind, name: string): string {
  return `wheelwright-${instance}-${INFIXES[kind]}-${name}`;
}

/** The volume of that name, undefined where there is none. */
export async function findKept(
  docker: Docker,
  instance: string,
  kind: KeptKind,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const volume = keptVolume(instance, kind, name);
  return askEngine('looking for a volume that is kept', signal, async () => {
    try {
      await docker.getVolume(volume).inspect();
      return volume;
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  });
}

/** As found, made where it is missing. */
export async function openKept(
  docker: Docker,
  instance: string,
  kind: KeptKind,
  name: string,
  signal: AbortSignal,
): Promise<string> {
  const volume = keptVolume(instance, kind, name);
  await askEngine('making a volume that is kept', signal, () =>
    docker.createVolume({ Name: volume, Labels: keptLabels(instance, kind), abortSignal: signal }),
  );
  return volume;
}

/** Makes the root of an environment's volume the build user's, whatever is in it: only by way of a container can the engine do that, and it need not run. */
export async function ownEnvironment(
  docker: Docker,
  instance: string,
  volume: string,
  image: string,
  signal: AbortSignal,
): Promise<void> {
  const kept = { volume, at: ENVIRONMENT, access: 'read-write' as const };
  const container = await askEngine('making a container for a volume', signal, () =>
    docker.createContainer({
      Image: image,
      Entrypoint: [],
      Cmd: ['/bin/true'],
      Labels: makeLookLabels(instance, Date.now()),
      HostConfig: {
        ...confinement(),
        ReadonlyRootfs: false, // as of the container of a workspace
        NetworkMode: 'none',
        Mounts: keptMounts({ kept }, keptLabels(instance, 'environment')),
      },
      abortSignal: signal,
    }),
  );
  try {
    const open = () => {
      const nothing = pack();
      nothing.finalize();
      return Readable.from(nothing, { objectMode: false });
    };
    await putTars(docker, container.id, [{ folder: ENVIRONMENT, open }], signal);
  } finally {
    await container.remove({ force: true }).catch(ignoreGone);
  }
}

interface VolumeUsage {
  Name: string;
  /** ISO 8601. */
  CreatedAt?: string;
  Labels: Record<string, string> | null;
  /** Size -1: not known. RefCount: containers that have it. */
  UsageData?: { Size: number; RefCount: number } | null;
}

/**
 * Removes what no container has, what was used longest ago first, until each kind takes no more than its bytes all together; returns the volumes' names. None while
 * the engine adds up sizes for someone else.
 */
export async function pruneKept(
  docker: Docker,
  instance: string,
  maxBytes: Readonly<Record<KeptKind, number>>,
  signal: AbortSignal,
): Promise<string[]> {
  return callEngine('looking at the size of what is kept', signal, async () => {
    // The only call of the engine that says how large a volume is.
    const usage = await docker.df().catch((error) => {
      if (!isBusyElsewhere(error)) throw error;
      return {};
    });
    const { Volumes } = usage as { Volumes?: VolumeUsage[] | null };
    const ours = (Volumes ?? []).filter(({ Labels }) => Labels?.[INSTANCE_LABEL] === instance);
    const names = ours.map(({ Name }) => Name);
    const marks = readUseMarks(docker, names);
    const lastUse = ({ Name, CreatedAt }: VolumeUsage) =>
      Math.max(marks.lastUse(Name), Date.parse(CreatedAt ?? '') || 0);
    const removed: string[] = [];
    for (const [kind, limit] of Object.entries(maxBytes)) {
      const kept = ours
        .filter(({ Labels }) => Labels?.[KIND_LABEL] === kind)
        .toSorted((a, b) => lastUse(a) - lastUse(b));
      let total = kept.reduce((sum, { UsageData }) => sum + Math.max(0, UsageData?.Size ?? 0), 0);
      for (const { Name, UsageData } of kept) {
        // At 0 nothing is kept, so that what nobody ever filled goes as well.
        if (total <= limit && limit > 0) break;
        if ((UsageData?.RefCount ?? 0) > 0) continue;
        if (!(await removeUnlessUsed(docker, Name))) continue;
        total -= Math.max(0, UsageData?.Size ?? 0);
        removed.push(Name);
      }
    }
    await marks.tidy(new Set(names.filter((name) => !removed.includes(name))));
    return removed;
  });
}
