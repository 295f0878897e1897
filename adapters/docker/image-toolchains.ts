import type { AttemptInput } from '../../core/attempt.js';
import type { ImageRefusal } from '../../core/engine.js';
import { type ImageDefinition, isDebianPackageName, isRpmPackageName } from '../../core/image.js';
import type { EffectiveRecipe } from '../../core/recipe/recipe.js';
import type { DerivedContent } from './image-derived.js';
import { refuse } from './image-refusal.js';
import { FOLDER_TOOLCHAINS, type FolderToolchain, type ToolchainFolder } from './toolchain-folder.js';

type Toolchain = NonNullable<EffectiveRecipe['toolchains']>[number];
type Manager = 'apt' | 'dnf';

/** Rust and Go from the distribution where no toolchain folder is given: `-web` is what Debian keeps recent enough for browsers. */
const PACKAGES: Record<Manager, Record<Exclude<Toolchain, 'bazel'>, readonly string[]>> = {
  apt: {
    fortran: ['gfortran'],
    java: ['default-jdk-headless', 'ant', 'maven'],
    go: ['golang-go'],
    cmake: ['cmake'],
    swig: ['swig'],
    rust: ['rustc-web', 'cargo-web'],
  },
  dnf: {
    fortran: ['gcc-gfortran'],
    java: ['java-17-openjdk-devel', 'ant', 'maven'],
    go: ['golang'],
    cmake: ['cmake'],
    swig: ['swig'],
    rust: ['rust', 'cargo'],
  },
};

/** The machine's folder of a toolchain, if it has one; only asked where a recipe wants it, since hashing it takes seconds. */
export type FolderSource = (toolchain: FolderToolchain) => Promise<ToolchainFolder | undefined>;

export type RecipeContent =
  | { kind: 'content'; builder: DerivedContent; clean: DerivedContent; inputs: AttemptInput[] }
  | ImageRefusal;

/** What a recipe adds to the builder (system packages, toolchains) and to the clean image (runtime libraries). */
export async function contentOf(
  definition: ImageDefinition,
  recipe: EffectiveRecipe,
  readFolder: FolderSource,
): Promise<RecipeContent> {
  const manager: Manager = definition.family === 'debian' ? 'apt' : 'dnf';
  const toolchains = recipe.toolchains ?? [];
  if (toolchains.includes('bazel')) {
    return refuse('toolchains: bazel', 'Bazel is not available in any image: no distribution packages it.');
  }
  const named = [...(recipe.system?.[manager] ?? []), ...(recipe.runtime?.[manager] ?? [])];
  const isName = manager === 'apt' ? isDebianPackageName : isRpmPackageName;
  const wrong = named.find((name) => !isName(name));
  if (wrong !== undefined) {
    return refuse(
      `${manager}: ${JSON.stringify(wrong)}`,
      `${JSON.stringify(wrong)} is not a package name: versions, options and patterns are not possible here.`,
    );
  }

  const wanted = FOLDER_TOOLCHAINS.filter((name) => toolchains.includes(name));
  const folders = (await Promise.all(wanted.map(readFolder))).filter((found) => found !== undefined);
  const packaged = toolchains
    .filter((name) => name !== 'bazel')
    .filter((name) => !folders.some(({ toolchain }) => toolchain === name));
  return {
    kind: 'content',
    builder: {
      packages: sorted([...(recipe.system?.[manager] ?? []), ...packaged.flatMap((name) => PACKAGES[manager][name])]),
      environment: toolchains.includes('java') && manager === 'apt' ? { JAVA_HOME: '/usr/lib/jvm/default-java' } : {},
      folders,
    },
    clean: { packages: sorted(recipe.runtime?.[manager] ?? []), environment: {}, folders: [] },
    inputs: folders.map(({ toolchain, version, sha256 }) => ({ kind: 'toolchain', name: toolchain, version, sha256 })),
  };
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
