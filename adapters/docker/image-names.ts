import type Docker from 'dockerode';
import { askEngine, callEngine } from './engine-call.js';
import { statusOf } from './engine-error.js';
import { INSTANCE_LABEL, type Labels } from './labels.js';

export const DIGEST_LABEL = 'wheelwright.digest';
export const KIND_LABEL = 'wheelwright.kind';

export type ImageKind = 'base' | 'stage' | 'builder' | 'clean' | 'derived';

/** Enough of a digest to tell images apart in a listing; the label holds all of it. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 12);
}

export function imageLabels(instance: string, kind: ImageKind, digest: string): Labels {
  return { [INSTANCE_LABEL]: instance, [KIND_LABEL]: kind, [DIGEST_LABEL]: digest };
}

const DERIVED = 'wheelwright-derived';

/** Name of an image that is made from another of ours. */
export function derivedReference(parent: string, digest: string): string {
  return `${DERIVED}:${parent.replace(/^wheelwright-/, '').replace(':', '-')}-${shortDigest(digest)}`;
}

export function isDerived(reference: string): boolean {
  return reference.startsWith(`${DERIVED}:`);
}

export interface FoundImage {
  /** The engine's id, without `sha256:`. */
  id: string;
  sizeBytes: number;
  /** ISO 8601. */
  createdAt: string;
}

/** The image of that name if it is the one that the digest identifies; without a digest, whatever has the name. */
export async function findImage(
  docker: Docker,
  reference: string,
  digest: string | undefined,
  signal: AbortSignal,
): Promise<FoundImage | undefined> {
  return askEngine(`looking for ${reference}`, signal, async () => {
    const found = await docker
      .getImage(reference)
      .inspect()
      .catch((error: unknown) => {
        if (statusOf(error) === 404) return undefined;
        throw error;
      });
    if (found === undefined) return undefined;
    if (digest !== undefined && found.Config.Labels?.[DIGEST_LABEL] !== digest) return undefined;
    return { id: found.Id.replace(/^sha256:/, ''), sizeBytes: found.Size, createdAt: found.Created };
  });
}

/** An engine that removes an image waits for every container that is being written to, however long that takes. */
const REMOVAL_MS = 30_000;

/** Whether the image is gone now. It stays where a container uses it; an engine that is busy removes it later or not at all. */
export async function removeImage(docker: Docker, reference: string, signal: AbortSignal): Promise<boolean> {
  const timeout = AbortSignal.timeout(REMOVAL_MS);
  return callEngine(`removing ${reference}`, signal, async () => {
    try {
      await docker.getImage(reference).remove({ abortSignal: AbortSignal.any([signal, timeout]) });
      return true;
    } catch (error) {
      if (statusOf(error) === 409 || (timeout.aborted && !signal.aborted)) return false;
      if (statusOf(error) === 404) return true;
      throw error;
    }
  });
}
