// The container engine, as the phases of an attempt need it: few verbs, all cancellable.
import type { Readable } from 'node:stream';
import type { AttemptInput } from './attempt.js';
import type { Target } from './build.js';
import type { EffectiveRecipe } from './recipe/recipe.js';

export interface ContainerLimits {
  cpus: number;
  memoryBytes: number;
  processes: number;
  /** Wall time. */
  timeoutMs: number;
  /** Size that the volumes which it may write to may reach together while it runs. */
  diskBytes: number;
}

/**
 * The volumes of one attempt, each mounted at `/<volume>`. What foreign code may write never meets a network, so there are several:
 * `inputs` is written with a network by our own tools and is read-only to foreign code, `build` is where foreign code builds, `test` is where the
 * finished wheel is tried, far from what the build left behind. `libraries` is where a recipe's own libraries are installed; builders made of them have
 * them at the same place.
 */
export const VOLUMES = ['inputs', 'build', 'test', 'libraries'] as const;
/** Where a recipe's libraries are installed. */
export const PREFIX = '/libraries/local';
export type Volume = (typeof VOLUMES)[number];

/** What the compilers of earlier builds left for the next: mounted at `/cache`, outlives the attempt, and is shared by those that name it. */
export const CACHE = 'cache';

/** Where what a build requires stands; its programs name this folder, so it can be at no other. */
export const ENVIRONMENT = '/build/env';

/** What outlives attempts, each on a volume of its own: what compilers keep, and environments of build requirements. */
export type KeptKind = 'compiler-cache' | 'environment';

export interface KeptEnvironment {
  /** Name of the volume. */
  volume: string;
  /** The folder that it is mounted over. */
  at: string;
  access: 'read-only' | 'read-write';
}

export interface ContainerSpec {
  image: string;
  command: readonly string[];
  environment: Readonly<Record<string, string>>;
  /** `none` wherever foreign code runs. `outside` only for our own tools (fetching). */
  network: 'none' | 'outside';
  /** Name of a workspace made by {@link Engine.createWorkspace}. */
  workspace: string;
  mounts: Readonly<Partial<Record<Volume | typeof CACHE, 'read-only' | 'read-write'>>>;
  kept?: KeptEnvironment | undefined;
  workingDirectory?: string;
  limits: ContainerLimits;
}

/** How a container ended. More than one may be true of a run; the first that applied is named. */
export type ContainerExit =
  | { kind: 'exited'; code: number; oomKilled: boolean }
  | { kind: 'timed-out' }
  | { kind: 'disk-full' }
  | { kind: 'output-limit' };

/** Says whether to go on reading; `stop` ends the container with `output-limit`. May be awaited, which holds the container's output back. */
export type OutputSink = (chunk: Buffer) => Promise<'continue' | 'stop'>;

export interface BuilderImages {
  /** Image reference of the builder, with the recipe's system packages and toolchains in it. */
  builder: string;
  /** Image reference of the clean twin, with the recipe's `runtime` packages in it. */
  clean: string;
  /** The builder has ccache. */
  compilerCache: boolean;
  inputs: AttemptInput[];
}

/** An image that cannot be made, however often it is tried. */
export interface ImageRefusal {
  kind: 'refused';
  /**
   * `system-package`: one that the distribution does not have, or that failed to install, which is for the recipe to mend. `infrastructure`: the mirror does not hold
   * something that the image itself is made of, or that a package needs.
   */
  class: 'system-package' | 'infrastructure';
  /** The log of the failed step. */
  log: string;
  line: string;
  cause: string;
}

/** A tar stream on its way into a workspace. */
export interface CarriedTar {
  /** Where it is unpacked, by its path in a container. */
  folder: string;
  open(): Readable;
}

export interface LibraryImage {
  /** Image reference of a builder with a recipe's libraries in it. */
  reference: string;
  sha256: string;
}

export interface SizedArchive {
  sizeBytes: number;
  open(): Readable;
}

export interface EngineFacts {
  version: string;
  /** As in platform tags. */
  architecture: string;
  /** Those that its administrator gave it, e.g. `gpu` or `zone=a`. */
  labels: string[];
  cpus: number;
  memoryBytes: number;
  /** What is free where it keeps volumes; undefined where the engine is on another machine. */
  diskBytes?: number;
}

export interface Engine {
  /** @throws WheelwrightError `unavailable` when the engine cannot be reached. */
  ping(signal: AbortSignal): Promise<void>;
  /**
   * Makes the target's images where they are missing (base, interpreter, derived); `progress` gets a line per step. `lineage`: see BuildOrder.
   */
  prepareImages(
    target: Target,
    recipe: EffectiveRecipe,
    progress: (line: string) => void,
    signal: AbortSignal,
    lineage?: readonly EffectiveRecipe[],
  ): Promise<BuilderImages | ImageRefusal>;
  /**
   * The builder with a recipe's libraries in it at {@link PREFIX}, made from `archive`, a tar of that folder; undefined where it is not there and no archive is
   * given.
   * @param key says what the libraries are made from, so that the same are not built again
   */
  withLibraries(
    builder: string,
    key: string,
    archive: SizedArchive | undefined,
    signal: AbortSignal,
  ): Promise<LibraryImage | undefined>;
  /** What the engine is, and what it has to share out. */
  facts(signal: AbortSignal): Promise<EngineFacts>;
  /**
   * The volumes of one attempt, labelled with it; returns their common name. Files are carried in and out by way of `image`, which is not run.
   * @param cache name of the compilers' cache that comes with them, made where it is missing; letters, digits and `.-_`
   */
  createWorkspace(attemptId: string, image: string, signal: AbortSignal, cache?: string): Promise<string>;
  /**
   * Unpacks tar streams, each at a folder such as `/build/src`, owned by the build user; a folder that is missing is made. They are opened one after the
   * other. All in one call take hardly longer than one.
   */
  putTars(workspace: string, tars: readonly CarriedTar[], signal: AbortSignal): Promise<void>;
  /**
   * A tar stream of one file or folder, by its path in a container. The caller must read it to the end or destroy it.
   * @throws WheelwrightError `not-found` when there is nothing at that path.
   */
  getTar(workspace: string, path: string, signal: AbortSignal): Promise<Readable>;
  /** Runs to its end; the container is removed whatever happens. Throws only for broken infrastructure or an aborted signal. */
  run(spec: ContainerSpec, output: OutputSink, signal: AbortSignal): Promise<ContainerExit>;
  removeWorkspace(workspace: string): Promise<void>;
  /** The volume that keeps the environment of that name; undefined where there is none. Somebody may still be filling it, or never have finished. */
  findEnvironment(name: string, signal: AbortSignal): Promise<string | undefined>;
  /**
   * As found, made where it is missing; the build user can write into it. What is in it stays.
   * @param image carries the folder's owner in, and is not run
   */
  openEnvironment(name: string, image: string, signal: AbortSignal): Promise<string>;
  /** Removes what this instance keeps and no attempt uses, what was used longest ago first, until each kind takes no more than its bytes; returns what it removed. */
  pruneKept(maxBytes: Readonly<Record<KeptKind, number>>, signal: AbortSignal): Promise<string[]>;
  /** Removes containers and workspaces of this instance whose attempt is not in `live`; returns what it removed, or would remove. */
  removeOrphans(live: ReadonlySet<string>, signal: AbortSignal, dryRun?: boolean): Promise<string[]>;
}
