import { type Release, releasesOf } from './release.js';
import type { ProjectPage } from './simple-index.js';
import { type TagTarget, tagOrder, tagRank } from './tag.js';
import { wheelNameOf } from './wheel-name.js';

/** What an upstream has of one release for one target: a wheel, something to build from, or neither. */
export type UpstreamOffer = { kind: 'wheel'; filename: string } | { kind: 'sdist' } | { kind: 'nothing' };

export interface UpstreamRelease {
  version: string;
  yanked: boolean;
  /** In the order of the targets asked for. */
  offers: UpstreamOffer[];
}

/** The newest releases of a page, newest first, with what each target would find. */
export function upstreamMatrix(page: ProjectPage, targets: readonly TagTarget[], releases: number): UpstreamRelease[] {
  const orders = targets.map((target) => new Map(tagOrder(target).map((tag, index) => [tag, index])));
  return releasesOf(page)
    .slice(0, releases)
    .map((release) => ({
      version: release.version,
      yanked: release.yanked,
      offers: orders.map((order) => offerOf(release, order)),
    }));
}

function offerOf(release: Release, order: ReadonlyMap<string, number>): UpstreamOffer {
  const filename = bestWheel(release.wheels, order);
  if (filename !== undefined) return { kind: 'wheel', filename };
  return release.sdists.length > 0 ? { kind: 'sdist' } : { kind: 'nothing' };
}

/**
 * The wheel that pip would take, if any.
 * @param order place of each tag in {@link tagOrder} of the target
 */
export function bestWheel(filenames: readonly string[], order: ReadonlyMap<string, number>): string | undefined {
  let best: { filename: string; rank: number } | undefined;
  for (const filename of filenames) {
    const name = wheelNameOf(filename);
    const rank = name === undefined ? undefined : tagRank(name, order);
    if (rank !== undefined && (best === undefined || rank < best.rank)) best = { filename, rank };
  }
  return best?.filename;
}
