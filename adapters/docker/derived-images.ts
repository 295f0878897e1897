// Images with what recipes add to a builder and its clean twin, as attempts are given them.
import type { AttemptInput } from '../../core/attempt.js';
import type { Target } from '../../core/build.js';
import type { ImageRefusal } from '../../core/engine.js';
import type { LoadedImage } from '../../core/image.js';
import {
  type DerivedContent,
  type InstalledPackage,
  installedPackages,
  makeDerived,
  withCompilerCache,
} from './image-derived.js';
import type { SingleFlight } from './image-flight.js';
import { type FoundImage, findImage, isDerived } from './image-names.js';
import type { ImageSite, Progress } from './image-targets.js';
import { makeLookLabels } from './labels.js';

/** How long builders are made without ccache once it could not be had: a mirror that fails is back sooner than it is worth to ask each time. */
const CACHELESS_MS = 30 * 60_000;

/** An image of an attempt. */
export interface DerivedImage {
  kind: 'made';
  reference: string;
  /** Undefined where somebody has removed it since. */
  found: FoundImage | undefined;
  /** What was installed into it for a recipe. */
  packages: readonly InstalledPackage[];
}

export interface DerivedImages {
  /**
   * One builder on top of the other, a content each: what an earlier one has is not installed again, since that would bring what the distribution has of it today.
   * `compilerCache` says whether the compilers of the last have ccache.
   */
  builders(
    target: Target,
    image: LoadedImage,
    first: string,
    contents: readonly DerivedContent[],
    progress: Progress,
    signal: AbortSignal,
  ): Promise<{ kind: 'made'; builders: DerivedImage[]; compilerCache: boolean } | ImageRefusal>;
  clean(
    target: Target,
    reference: string,
    packages: readonly string[],
    progress: Progress,
    signal: AbortSignal,
  ): Promise<DerivedImage | ImageRefusal>;
}

/** @param compilerCache builders get ccache, where it can be had */
export function openDerivedImages(site: ImageSite, flights: SingleFlight, compilerCache: boolean): DerivedImages {
  const { docker, instance, now } = site;
  /** By the image's id: one that is made again under its name has what the distribution has by then. */
  const installed = new Map<string, InstalledPackage[]>();
  /** Images for which ccache could not be had, and when to ask for it again. */
  const cacheless = new Map<string, number>();

  async function derive(
    target: Target,
    reference: string,
    added: DerivedContent,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<DerivedImage | ImageRefusal> {
    const from = { reference, name: target.image, digest: target.builderDigest };
    const made = await flights.run(`derived ${JSON.stringify([from, added])}`, signal, (shared) =>
      makeDerived(site, from, added, progress, shared),
    );
    if (made.kind === 'refused') return made;
    const found = await findImage(docker, made.reference, undefined, signal);
    return { ...made, found, packages: found === undefined ? [] : await packagesOf(made.reference, found, signal) };
  }

  async function packagesOf(reference: string, { id }: FoundImage, signal: AbortSignal): Promise<InstalledPackage[]> {
    if (!isDerived(reference)) return [];
    const known =
      installed.get(id) ?? (await installedPackages(docker, reference, makeLookLabels(instance, Date.now()), signal));
    installed.set(id, known);
    return known;
  }

  return {
    async builders(target, { definition: { family, name } }, first, contents, progress, signal) {
      const builders: DerivedImage[] = [];
      const present = new Set<string>();
      let cached = compilerCache && family === 'debian' && now() >= (cacheless.get(name) ?? Number.NEGATIVE_INFINITY);
      for (const content of contents) {
        const packages = content.packages.filter((each) => !present.has(each));
        const from = builders.at(-1)?.reference ?? first;
        const make = (added: DerivedContent) => derive(target, from, added, progress, signal);
        const own = { ...content, packages };
        let made = cached && builders.length === 0 ? await withCompilerCache(own, make) : await make(own);
        if (made === 'cannot') {
          progress(`${name}: ccache cannot be installed, so compilers keep nothing for later builds`);
          cacheless.set(name, now() + CACHELESS_MS);
          cached = false;
          made = await make(own);
        }
        if (made.kind === 'refused') return made;
        builders.push(made);
        for (const each of [...packages, ...made.packages.map((added) => added.name)]) present.add(each);
      }
      return { kind: 'made', builders, compilerCache: cached };
    },
    clean: (target, reference, packages, progress, signal) =>
      derive(
        target,
        reference,
        { packages: [...new Set(packages)].sort(), environment: {}, folders: [] },
        progress,
        signal,
      ),
  };
}

/** What the images were made of, as inputs of an attempt. */
export function imageInputs(
  { image, python }: Target,
  builders: readonly DerivedImage[],
  clean: DerivedImage,
): AttemptInput[] {
  const roles = [...builders.map((builder) => ['builder', builder] as const), ['clean', clean] as const];
  const packages = new Map<string, AttemptInput>();
  for (const { name, version } of [...builders, clean].flatMap((made) => made.packages))
    packages.set(`${name} ${version}`, { kind: 'system-package', name, version });
  return [
    ...roles.map(([role, { reference, found }]) => ({
      kind: 'image' as const,
      name: `${role} ${image} ${python}`,
      version: reference,
      ...(found && { sha256: found.id }),
    })),
    ...packages.values(),
  ];
}
