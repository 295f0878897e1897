import type Docker from 'dockerode';
import { askEngine } from './engine-call.js';
import { statusOf } from './engine-error.js';
import { DIGEST_LABEL, type ImageKind, KIND_LABEL, removeImage } from './image-names.js';
import { INSTANCE_LABEL } from './labels.js';

const DAY_MS = 24 * 3_600_000;
/** Whatever was made from another comes before it. */
const KINDS: readonly ImageKind[] = ['derived', 'builder', 'clean', 'stage', 'base'];

interface Unused {
  /** Digests of bases and targets that a definition has now. */
  current: ReadonlySet<string>;
  keepDays: number;
  /** Milliseconds since the epoch, by the engine's clock as near as it can be had. */
  now: number;
  dryRun: boolean;
}

/**
 * Notes in the engine itself that an image is used: by giving it its own name again, of which the engine keeps the time. So it holds for every worker and every
 * instance that uses this engine, and after a restart.
 */
export async function noteUse(docker: Docker, reference: string, signal: AbortSignal): Promise<void> {
  const [repo = '', tag = ''] = reference.split(':');
  await askEngine(`noting the use of ${reference}`, signal, () => docker.getImage(reference).tag({ repo, tag }));
}

/** Removes images of an instance that nothing used for so many days, but builders, clean twins and bases of present definitions; returns their names, or ids where they have none. */
export async function removeUnused(
  docker: Docker,
  instance: string,
  { current, keepDays, now, dryRun }: Unused,
  signal: AbortSignal,
): Promise<string[]> {
  const filters = JSON.stringify({ label: [`${INSTANCE_LABEL}=${instance}`, KIND_LABEL] });
  const images = await askEngine('listing images', signal, () => docker.listImages({ filters }));
  const kindOf = ({ Labels }: Docker.ImageInfo) => KINDS.indexOf(Labels[KIND_LABEL] as ImageKind);
  const removed: string[] = [];
  for (const image of images.sort((a, b) => kindOf(a) - kindOf(b))) {
    const kind = image.Labels[KIND_LABEL];
    if (kind !== 'derived' && current.has(image.Labels[DIGEST_LABEL] ?? '')) continue;
    if ((await lastUse(docker, image, signal)) > now - keepDays * DAY_MS) continue;
    for (const name of named(image)) {
      if (dryRun || (await removeImage(docker, name, signal))) removed.push(name);
    }
  }
  return removed;
}

/** One whose name went to a newer image has only its id. */
function named({ Id, RepoTags }: Docker.ImageInfo): string[] {
  const tags = (RepoTags ?? []).filter((tag) => tag !== '<none>:<none>');
  return tags.length === 0 ? [Id] : tags;
}

async function lastUse(docker: Docker, { Id, Created }: Docker.ImageInfo, signal: AbortSignal): Promise<number> {
  const state = await askEngine('asking when an image was used', signal, async () =>
    docker
      .getImage(Id)
      .inspect()
      .catch((error: unknown) => {
        if (statusOf(error) !== 404) throw error;
        return undefined;
      }),
  );
  // The engine says the year 1 for one that never had a name.
  const tagged = Date.parse(
    (state as { Metadata?: { LastTagTime?: string } } | undefined)?.Metadata?.LastTagTime ?? '',
  );
  return Math.max(Created * 1000, Number.isNaN(tagged) ? 0 : tagged);
}
