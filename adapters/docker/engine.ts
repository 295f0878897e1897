import Docker from 'dockerode';
import type { Engine } from '../../core/engine.js';
import { runContainer } from './container.js';
import { CpuPool } from './cpu-pool.js';
import { askEngine } from './engine-call.js';
import { engineFacts } from './engine-facts.js';
import { libraryImage } from './image-libraries.js';
import { findKept, keptLabels, openKept, ownEnvironment, pruneKept } from './kept.js';
import { openUseNotes } from './kept-use.js';
import { makeLabels, type Ownership, thisOwner } from './labels.js';
import { removeOrphans } from './orphans.js';
import { createVolumes, getTar, putTars, removeVolumes } from './workspace.js';

/** No attempt is meant to live longer; past it, anything of its may be removed by any worker. */
const WORKSPACE_TTL_MS = 24 * 60 * 60_000;
/** Only the leftovers of workers on other machines wait for it; longer than a clock is ever set forward. */
const CONTAINER_GRACE_MS = 2 * 60 * 60_000;

export interface EngineOptions {
  docker?: Docker;
  /** Label that keeps several Wheelwrights on one engine apart. */
  instance: string;
  /** Network of containers that fetch, e.g. `host`. */
  fetchNetwork: string;
  prepareImages: Engine['prepareImages'];
  now: () => number;
}

/** Container engine by the Docker API (DOCKER_HOST, or the local socket), with the confinement of reference/building-wheels.md, section 8. */
export function openEngine(options: EngineOptions): Engine & { close(): Promise<void> } {
  const docker = options.docker ?? new Docker();
  const ownership: Ownership = { instance: options.instance, owner: thisOwner() };
  const removals = new Set<Promise<void>>();
  const attempts = new Map<string, string>();
  const caches = new Map<string, string>();
  const noteUse = openUseNotes(docker, options.instance, options.now);
  let cpus: CpuPool | undefined;

  const track = (removal: Promise<void>) => {
    const tracked = removal.catch(() => undefined).finally(() => removals.delete(tracked));
    removals.add(tracked);
  };
  const settle = async () => {
    await Promise.all(removals);
  };

  const removeWorkspace = async (workspace: string) => {
    attempts.delete(workspace);
    caches.delete(workspace);
    await settle();
    await removeVolumes(docker, workspace);
  };

  return {
    async ping(signal) {
      await askEngine('being asked whether it is there', signal, () => docker.ping());
    },
    prepareImages: options.prepareImages,
    withLibraries: (builder, key, archive, signal) =>
      libraryImage(docker, options.instance, builder, key, archive, signal),
    facts: (signal) => engineFacts(docker, signal),
    async createWorkspace(attemptId, image, signal, cache) {
      const workspace = `wheelwright-${options.instance}-${attemptId}`;
      attempts.set(workspace, attemptId);
      const labels = makeLabels(ownership, attemptId, options.now() + WORKSPACE_TTL_MS);
      const volume =
        cache === undefined ? undefined : await openKept(docker, options.instance, 'compiler-cache', cache, signal);
      if (volume !== undefined) {
        await noteUse(volume, signal);
        caches.set(workspace, volume);
      }
      try {
        await createVolumes(docker, workspace, image, labels, volume, signal);
      } catch (error) {
        // What was made of it would take room until the next sweep; that sees to it where this fails.
        await removeWorkspace(workspace).catch(() => undefined);
        throw error;
      }
      return workspace;
    },
    putTars: (workspace, tars, signal) => putTars(docker, workspace, tars, signal),
    getTar: (workspace, path, signal) => getTar(docker, workspace, path, signal),
    async run(spec, output, signal) {
      // Asked before the assignment, so that two first containers do not make a pool each.
      const count = cpus === undefined ? (await engineFacts(docker, signal)).cpus : 0;
      cpus ??= new CpuPool(count);
      const pool = cpus;
      const taken = pool.take(spec.limits.cpus);
      const deadline = options.now() + spec.limits.timeoutMs + CONTAINER_GRACE_MS;
      const labels = makeLabels(ownership, attempts.get(spec.workspace) ?? spec.workspace, deadline);
      try {
        return await runContainer(
          docker,
          spec,
          {
            cpus: taken,
            outside: options.fetchNetwork,
            labels,
            cache: caches.get(spec.workspace),
            keptLabels: keptLabels(options.instance, 'environment'),
          },
          output,
          signal,
          track,
        );
      } finally {
        pool.give(taken);
      }
    },
    removeWorkspace,
    async findEnvironment(name, signal) {
      const volume = await findKept(docker, options.instance, 'environment', name, signal);
      if (volume !== undefined) await noteUse(volume, signal);
      return volume;
    },
    async openEnvironment(name, image, signal) {
      const volume = await openKept(docker, options.instance, 'environment', name, signal);
      await noteUse(volume, signal);
      await ownEnvironment(docker, options.instance, volume, image, signal);
      return volume;
    },
    pruneKept: (maxBytes, signal) => pruneKept(docker, options.instance, maxBytes, signal),
    removeOrphans: (live, signal, dryRun = false) =>
      removeOrphans(docker, ownership, { live, now: options.now(), dryRun }, signal),
    close: settle,
  };
}
