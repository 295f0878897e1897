import type Docker from 'dockerode';
import { VOLUMES } from '../../core/engine.js';
import { reasonOf, WheelwrightError } from '../../core/errors.js';
import { callEngine } from './engine-call.js';
import { ignoreGone } from './engine-error.js';
import { DEADLINE_LABEL, INSTANCE_LABEL, isOrphan, isOwnerRunning, type Labels, type Ownership } from './labels.js';

/** Removes what killed workers left behind; returns the names of what it removed. Containers go first: a volume in use cannot be removed. */
export async function removeOrphans(
  docker: Docker,
  ownership: Ownership,
  { live, now, dryRun }: { live: ReadonlySet<string>; now: number; dryRun: boolean },
  signal: AbortSignal,
): Promise<string[]> {
  const filters = JSON.stringify({ label: [`${INSTANCE_LABEL}=${ownership.instance}`] });
  const orphaned = (labels: Labels | null) =>
    isOrphan(labels ?? {}, { owner: ownership.owner, live, now, isRunning: isOwnerRunning });
  return callEngine('removing what was left behind', signal, async () => {
    const removed: string[] = [];
    const failures: string[] = [];
    // One that the engine cannot remove is no reason to keep the others.
    const remove = async (name: string, removal: () => Promise<boolean>) => {
      try {
        if (dryRun || (await removal())) removed.push(name);
      } catch (error) {
        failures.push(`${name}: ${reasonOf(error)}`);
      }
    };
    for (const { Id, Names, Labels } of await docker.listContainers({ all: true, filters, abortSignal: signal })) {
      if (!isOurs(Labels) || !orphaned(Labels)) continue;
      await remove(Names[0]?.slice(1) ?? Id, async () => {
        await docker.getContainer(Id).remove({ force: true }).catch(ignoreGone);
        return true;
      });
    }
    const { Volumes } = await docker.listVolumes({ filters, abortSignal: signal });
    for (const volume of Volumes ?? []) {
      const named = VOLUMES.some((name) => volume.Name.endsWith(`-${name}`));
      if (!named || !isOurs(volume.Labels) || !orphaned(volume.Labels)) continue;
      await remove(volume.Name, () => removeUnlessUsed(docker, volume.Name));
    }
    if (failures.length > 0) throw leftThere(removed, failures);
    return removed;
  });
}

function leftThere(removed: readonly string[], failures: readonly string[]): WheelwrightError {
  const rest = removed.length === 0 ? '' : `; removed: ${removed.join(', ')}`;
  return new WheelwrightError(
    'unavailable',
    `the container engine could not remove what was left behind: ${failures.join(', ')}${rest}`,
    {
      hint: 'It is tried again every ten minutes. Where it goes on, `docker rm -f` tells more, and a restart of the engine most often helps.',
    },
  );
}

/** Whether the volume is gone. An attempt may have taken it meanwhile, and a container that is still being removed holds it a moment longer: the next sweep gets it. */
export async function removeUnlessUsed(docker: Docker, volume: string): Promise<boolean> {
  try {
    await docker.getVolume(volume).remove();
    return true;
  } catch (error) {
    ignoreGone(error);
    return false;
  }
}

/** Image building labels its containers with the instance too, but the engine removes those itself. */
function isOurs(labels: Labels | null): boolean {
  return labels?.[DEADLINE_LABEL] !== undefined;
}
