// Volumes that outlive attempts: what the compilers of one project's builds left for its next ones.
import type Docker from 'dockerode';
import { callEngine, isBusyElsewhere } from './engine-error.js';
import { KIND_LABEL } from './image-names.js';
import { INSTANCE_LABEL } from './labels.js';
import { removeUnlessUsed } from './orphans.js';

const KIND = 'compiler-cache';

/** The volume of a cache, made where it is missing; returns its name. */
export async function openCache(docker: Docker, instance: string, name: string, signal: AbortSignal): Promise<string> {
  const volume = `wheelwright-${instance}-cache-${name}`;
  await callEngine('making a cache', signal, () =>
    docker.createVolume({
      Name: volume,
      Labels: { [INSTANCE_LABEL]: instance, [KIND_LABEL]: KIND },
      abortSignal: signal,
    }),
  );
  return volume;
}

interface VolumeUsage {
  Name: string;
  /** ISO 8601. */
  CreatedAt?: string;
  Labels: Record<string, string> | null;
  /** Size -1: not known. RefCount: containers that have it. */
  UsageData?: { Size: number; RefCount: number } | null;
}

/** Removes caches that no container has, the oldest first, until all together take no more than `maxBytes`; returns their names. None while the engine adds up sizes for someone else. */
export async function pruneCaches(
  docker: Docker,
  instance: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<string[]> {
  return callEngine('looking at the size of caches', signal, async () => {
    // The only call of the engine that says how large a volume is.
    const usage = await docker.df().catch((error) => {
      if (!isBusyElsewhere(error)) throw error;
      return {};
    });
    const { Volumes } = usage as { Volumes?: VolumeUsage[] | null };
    const caches = (Volumes ?? [])
      .filter(({ Labels }) => Labels?.[KIND_LABEL] === KIND && Labels[INSTANCE_LABEL] === instance)
      .toSorted((a, b) => (a.CreatedAt ?? '').localeCompare(b.CreatedAt ?? ''));
    let total = caches.reduce((sum, { UsageData }) => sum + Math.max(0, UsageData?.Size ?? 0), 0);
    const removed: string[] = [];
    for (const { Name, UsageData } of caches) {
      if (total <= maxBytes) break;
      if ((UsageData?.RefCount ?? 0) > 0) continue;
      if (!(await removeUnlessUsed(docker, Name))) continue;
      total -= Math.max(0, UsageData?.Size ?? 0);
      removed.push(Name);
    }
    return removed;
  });
}
