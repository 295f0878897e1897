// Which wheels an order's recipe depends on, so that they share native libraries: chosen when the build is claimed, from what has been built by then.
import type { BuildOrder, Lease, SharingWheel } from '../core/attempt.js';
import type { EffectiveRecipe } from '../core/recipe/recipe.js';
import { parseRequirement } from '../core/requirement.js';
import type { BuildRecord } from '../core/store.js';
import { wheelServesTarget } from '../core/tag.js';
import { compareVersions, satisfiesSpecifiers } from '../core/version.js';
import { viewFile } from './build-view.js';
import type { ApiContext } from './context.js';

type Deps = Pick<ApiContext, 'store' | 'view'>;

const MAX_BUILDS_OF_A_PROJECT = 200;
/** Deeper is a circle. */
const MAX_DEPTH = 10;

export async function withDepends(deps: Deps, lease: Lease): Promise<Lease> {
  const { order } = lease;
  if (order.recipe.depends === undefined) return lease;
  const found = await dependsOf(deps, order);
  const depends = found.flatMap((build) => sharingWheel(build, order, deps));
  return { ...lease, order: { ...order, depends, lineage: await lineageOf(deps, order, found, MAX_DEPTH) } };
}

/** For each of the recipe's `depends` the newest version that was built for exactly this target; missing where there is none. */
async function dependsOf(
  { store }: Deps,
  order: Pick<BuildOrder, 'recipe' | 'target' | 'channel'>,
): Promise<BuildRecord[]> {
  const found: BuildRecord[] = [];
  for (const text of order.recipe.depends ?? []) {
    const { name, specifier } = parseRequirement(text);
    const { builds } = await store.builds({ project: name, status: 'succeeded', limit: MAX_BUILDS_OF_A_PROJECT });
    const [newest] = builds
      .filter(({ channel }) => channel === 'stable' || channel === order.channel)
      .filter(({ target }) => isSameTarget(target, order.target))
      .filter(({ version }) => satisfiesSpecifiers(version, specifier, { prereleases: true }))
      .toSorted((a, b) => compareVersions(b.version, a.version) || b.createdAt - a.createdAt);
    if (newest !== undefined) found.push(newest);
  }
  return found;
}

/** Also the same builder, since another one has other libraries. */
function isSameTarget(a: BuildOrder['target'], b: BuildOrder['target']): boolean {
  return a.policy === b.policy && a.arch === b.arch && a.python === b.python && a.builderDigest === b.builderDigest;
}

function sharingWheel(build: BuildRecord, { target }: BuildOrder, { view }: Deps): SharingWheel[] {
  const file = build.files.find(({ filename }) => wheelServesTarget(filename, target));
  if (file === undefined) return [];
  const { project, version, filename, sha256, grafted } = file;
  return [{ project, version, filename, sha256, grafted, url: viewFile(file, view.indexUrl).url }];
}

/** What their builders had in them, in the order in which it came there. */
async function lineageOf(
  deps: Deps,
  order: Pick<BuildOrder, 'target' | 'channel'>,
  found: readonly BuildRecord[],
  depth: number,
): Promise<EffectiveRecipe[]> {
  const lineage: EffectiveRecipe[] = [];
  for (const { recipe, channel } of depth > 0 ? found : []) {
    const own = await dependsOf(deps, { recipe, channel, target: order.target });
    lineage.push(...(await lineageOf(deps, order, own, depth - 1)), recipe);
  }
  return lineage;
}
