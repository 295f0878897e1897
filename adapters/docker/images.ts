import type { Target } from '../../core/build.js';
import type { BuilderImages, Engine, ImageRefusal } from '../../core/engine.js';
import { WheelwrightError } from '../../core/errors.js';
import { imageDigests, type LoadedImage, securityWarning, targetsOf } from '../../core/image.js';
import type { EffectiveRecipe } from '../../core/recipe/recipe.js';
import { imageInputs, openDerivedImages } from './derived-images.js';
import { SingleFlight } from './image-flight.js';
import {
  findTarget,
  type ImageSite,
  makeBase,
  makeTarget,
  type Progress,
  type TargetImages,
  type TargetPlan,
} from './image-targets.js';
import { contentOf, type RecipeContent } from './image-toolchains.js';
import { readToolLock } from './image-tools.js';
import { noteUse, removeUnused } from './image-unused.js';
import {
  type FolderToolchain,
  findToolchainFolder,
  readToolchainFolder,
  type ToolchainFolder,
  toolchainState,
} from './toolchain-folder.js';

export interface ImagesOptions extends Omit<ImageSite, 'now'> {
  definitions: readonly LoadedImage[];
  /** Folder of each toolchain; undefined: the one that this machine itself uses, else the distribution's packages. */
  toolchainFolders: Readonly<Record<FolderToolchain, string | undefined>>;
  /** Builders get ccache, where it can be had. */
  compilerCache: boolean;
  /** Milliseconds of a clock that never goes back. */
  now?: () => number;
}

/** One target as `image list` shows it. */
export interface ImageState {
  name: string;
  policy: string;
  arch: string;
  python: string;
  pythonVersion: string;
  digest: string;
  /** Missing where it has not been built on this engine. */
  built?: TargetImages & { sizeBytes: number; createdAt: string };
  securityUntil: string;
  warning?: string;
}

export interface Images {
  prepareImages: Engine['prepareImages'];
  /** Builder and clean twin of a target, without anything of a recipe. */
  buildImage(target: Target, progress: Progress, signal: AbortSignal): Promise<TargetImages>;
  /** Every target of every definition, in their order; `today` as YYYY-MM-DD. */
  listImages(today: string, signal: AbortSignal): Promise<ImageState[]>;
  /**
   * Removes images of this instance that no attempt used for so many days and that were derived for a recipe, or are of no definition any more; returns
   * their names.
   */
  removeUnused(keepDays: number, signal: AbortSignal, dryRun?: boolean): Promise<string[]>;
}

/**
 * Builder images on a container engine, made from definitions as they are needed. Within this process nothing is made twice at the same
 * time; two processes may, and then give one name to equal images.
 */
export function openImages(options: ImagesOptions): Images {
  const site: ImageSite = { ...options, now: options.now ?? (() => performance.now()) };
  const { docker } = site;
  const flights = new SingleFlight();
  const derived = openDerivedImages(site, flights, options.compilerCache);
  /** By what they are and {@link toolchainState}: to read one takes seconds. */
  const toolchains = new Map<string, Promise<ToolchainFolder>>();
  async function readFolder(toolchain: FolderToolchain): Promise<ToolchainFolder | undefined> {
    const folder = options.toolchainFolders[toolchain] ?? (await findToolchainFolder(toolchain));
    if (folder === undefined) return undefined;
    const key = JSON.stringify([toolchain, folder, await toolchainState(toolchain, folder)]);
    const reading = toolchains.get(key) ?? readToolchainFolder(toolchain, folder);
    toolchains.set(key, reading);
    reading.catch(() => toolchains.delete(key));
    return reading;
  }

  function planOf(target: Target): TargetPlan {
    const image = options.definitions.find(({ definition }) => definition.name === target.image);
    const interpreter = image?.definition.interpreters.find(({ tag }) => tag === target.python);
    if (image === undefined || interpreter === undefined) {
      throw new WheelwrightError('not-found', `there is no image ${target.image} with ${target.python}`, {
        hint: '`wheelwright image list` shows what images/ defines.',
      });
    }
    if (imageDigests(image, interpreter).target !== target.builderDigest) {
      throw new WheelwrightError(
        'conflict',
        `${target.image} is defined otherwise here than where the build was planned`,
        {
          hint: 'Worker and API must run the same version, with the same images/. Bring both up to date and ask for the build again.',
        },
      );
    }
    return { image, interpreter };
  }

  async function findOrMake(
    target: Target,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<TargetImages | ImageRefusal> {
    const plan = planOf(target);
    const found = await findTarget(site, plan, signal);
    if (found) return found.references;
    const digests = imageDigests(plan.image, plan.interpreter);
    const base = await flights.run(`base ${digests.base}`, signal, (shared) =>
      makeBase(site, plan.image, digests.base, progress, shared),
    );
    return flights.run(`target ${digests.target}`, signal, (shared) => makeTarget(site, plan, base, progress, shared));
  }

  async function buildImage(target: Target, progress: Progress, signal: AbortSignal): Promise<TargetImages> {
    const made = await findOrMake(target, progress, signal);
    if ('kind' in made) throw new WheelwrightError('not-found', made.line, { hint: made.cause });
    return made;
  }

  async function prepareImages(
    target: Target,
    recipe: EffectiveRecipe,
    progress: Progress,
    signal: AbortSignal,
    lineage: readonly EffectiveRecipe[] = [],
  ): Promise<BuilderImages | ImageRefusal> {
    const { image } = planOf(target);
    const contents: (RecipeContent & { kind: 'content' })[] = [];
    for (const each of [...lineage, recipe]) {
      const content = await contentOf(image.definition, each, readFolder);
      if (content.kind === 'refused') return content;
      contents.push(content);
    }
    const references = await findOrMake(target, progress, signal);
    if ('kind' in references) return references;
    const adding = contents.map(({ builder }) => builder);
    const made = await derived.builders(target, image, references.builder, adding, progress, signal);
    if (made.kind === 'refused') return made;
    const runtime = contents.flatMap((content) => content.clean.packages);
    const clean = await derived.clean(target, references.clean, runtime, progress, signal);
    if (clean.kind === 'refused') return clean;
    const { builders, compilerCache } = made;
    for (const { reference } of [...builders, clean]) await noteUse(docker, reference, signal);
    return {
      builder: builders.at(-1)?.reference ?? references.builder,
      clean: clean.reference,
      compilerCache,
      inputs: [
        ...imageInputs(target, builders, clean),
        ...(await readToolLock(site.imagesFolder, image.definition.family)),
        ...contents.flatMap((content) => content.inputs),
      ],
    };
  }

  async function listImages(today: string, signal: AbortSignal): Promise<ImageState[]> {
    const states = options.definitions.flatMap((image) =>
      targetsOf(image).map(async (target): Promise<ImageState> => {
        const plan = planOf(target);
        const found = await findTarget(site, plan, signal);
        const warning = securityWarning(image.definition, today);
        return {
          name: target.image,
          policy: target.policy,
          arch: target.arch,
          python: target.python,
          pythonVersion: plan.interpreter.version,
          digest: target.builderDigest,
          ...(found && {
            built: {
              ...found.references,
              sizeBytes: found.builder.sizeBytes,
              createdAt: found.builder.createdAt,
            },
          }),
          securityUntil: image.definition['security-until'],
          ...(warning !== undefined && { warning }),
        };
      }),
    );
    return Promise.all(states);
  }

  async function removeUnusedImages(keepDays: number, signal: AbortSignal, dryRun = false): Promise<string[]> {
    const digests = options.definitions.flatMap((image) =>
      image.definition.interpreters.map((interpreter) => imageDigests(image, interpreter)),
    );
    const current = new Set(digests.flatMap(({ base, target }) => [base, target]));
    return removeUnused(docker, site.instance, { current, keepDays, now: Date.now(), dryRun }, signal);
  }

  return { prepareImages, buildImage, listImages, removeUnused: removeUnusedImages };
}
