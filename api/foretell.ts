// Looks into the sdists of older releases before one of them is built, so that a solve does not build those that would fail as the newer one did.
import { releasesOf } from '../core/release.js';
import type { SdistText } from '../core/sdist-text.js';
import type { ProjectPage } from '../core/simple-index.js';
import { foretells, foretold, mayAsk, shortfallOf } from '../core/solve-forecast.js';
import type { PlannedTry, SolveFacts, SolveTry } from '../core/solve-try.js';
import type { Upstream } from '../core/upstream.js';
import { withUpstreamFile } from './upstream-file.js';

/** Larger sdists are not fetched only to look into them; a build of theirs takes longer than the wrong choice costs. */
const MAX_SDIST_BYTES = 32 * 2 ** 20;

export interface ForetellDeps {
  upstream: Pick<Upstream, 'file'>;
  readSdist: (path: string, wanted: (path: string) => boolean) => Promise<SdistText[]>;
}

/**
 * The older versions that the plan would leave out, were they known to fail as the try did that it comes from; empty where nothing can be told.
 * @param page the project's, of the upstream
 */
export async function foretellOlder(
  deps: ForetellDeps,
  page: ProjectPage | undefined,
  planned: PlannedTry,
  tries: readonly SolveTry[],
  facts: SolveFacts,
  signal: AbortSignal,
): Promise<string[]> {
  const failed = tries[planned.parent ?? -1];
  const failure = failed?.outcome.kind === 'failed' ? failed.outcome.failure : undefined;
  const shortfall = failure && shortfallOf(failure);
  if (page === undefined || failed === undefined || shortfall === undefined) return [];
  const textsOf = (version: string) => textsOfRelease(deps, page, version, (path) => mayAsk(shortfall, path), signal);
  const fails = foretells(shortfall, await textsOf(failed.version));
  if (fails === undefined) return [];
  const { olderVersions, foretold: known = [] } = facts;
  const after = Math.max(
    -1,
    ...[...known, ...tries.map(({ version }) => version)].map((v) => olderVersions.indexOf(v)),
  );
  const others = olderVersions.slice(after + 1);
  const failing = await foretold(others, async (version) => fails(await textsOf(version)));
  // What even the oldest release uses is there in another form, in which that one may work.
  return shortfall.kind === 'symbol' && failing.includes(others.at(-1) ?? '') ? [] : failing;
}

/** What is wanted of a release's sdist; nothing where that is too large or cannot be had. */
export async function textsOfRelease(
  { upstream, readSdist }: ForetellDeps,
  page: ProjectPage,
  version: string,
  wanted: (path: string) => boolean,
  signal: AbortSignal,
): Promise<SdistText[]> {
  const [file] = releasesOf(page).find((release) => release.version === version)?.sdists ?? [];
  if (file === undefined || (file.sizeBytes ?? 0) > MAX_SDIST_BYTES) return [];
  const source = { url: file.url, maxBytes: MAX_SDIST_BYTES };
  return (await withUpstreamFile(upstream, source, (path) => readSdist(path, wanted), signal)) ?? [];
}
