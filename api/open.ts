import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { sdistTexts } from '../adapters/archive/sdist.js';
import { checkWheel } from '../adapters/archive/wheel.js';
import { readWheelMetadata } from '../adapters/archive/wheel-metadata.js';
import { openBlobStore } from '../adapters/disk/blobs.js';
import { loadImages } from '../adapters/disk/image-definitions.js';
import { readIndexPolicy } from '../adapters/disk/index-policy.js';
import { openLogStore } from '../adapters/disk/logs.js';
import { openRecipeFolder } from '../adapters/disk/recipes.js';
import { readCaBundle } from '../adapters/host/ca-bundle.js';
import { openSigningKey } from '../adapters/signing/key.js';
import { browseStore } from '../adapters/sqlite/browse.js';
import { createBuildStore } from '../adapters/sqlite/build-store.js';
import { openDatabase } from '../adapters/sqlite/database.js';
import { indexUpkeep } from '../adapters/sqlite/index-upkeep.js';
import { logRows } from '../adapters/sqlite/log-rows.js';
import { readMigrations } from '../adapters/sqlite/migrations.js';
import { projectStandings } from '../adapters/sqlite/project-standings.js';
import { retentionStore } from '../adapters/sqlite/retention.js';
import { solveStore } from '../adapters/sqlite/solves.js';
import { reviewStore } from '../adapters/sqlite/submissions.js';
import { tokenStore } from '../adapters/sqlite/tokens.js';
import { workerStore } from '../adapters/sqlite/worker-table.js';
import { openSimpleUpstream } from '../adapters/upstream/simple-upstream.js';
import { resolveUpstreamUrl } from '../adapters/upstream/upstream-url.js';
import { type LoadedImage, securityWarning, targetsOf } from '../core/image.js';
import { type ProjectPages, pagesByPolicy } from '../core/policy-page.js';
import { indexUrl, type Settings } from '../core/settings.js';
import { ensureAdminToken } from './admin-token.js';
import { createAttemptSignals } from './attempt-signals.js';
import type { ApiContext } from './context.js';
import { currentRecipes } from './current-recipes.js';
import { createDispatch } from './dispatch.js';
import { createMetrics } from './metrics.js';
import { cachedPages } from './page-cache.js';
import { provenanceMaker, provenanceReader } from './provenance.js';
import { openQueue } from './queue.js';
import { createRequiresDist } from './requires-dist.js';
import { watchUpstream } from './upstream-health.js';

const PAGE_MAX_AGE_MS = 60_000;

export interface ApiOptions {
  log: Logger;
  /** The repository: its folders images/, recipes/, migrations/ and dist/web/ are read. */
  root: string;
  /** Milliseconds since the epoch; default: the machine's clock. */
  clock?: () => number;
  /** Milliseconds of a clock that nobody can set; default: the one of this process. */
  steady?: () => number;
  /** File descriptor of a socket that listens already, in place of host and port. */
  socket?: number | undefined;
}

export interface OpenedApi {
  context: ApiContext;
  /** Closes what was opened, in the reverse order. */
  close(): Promise<void>;
}

/**
 * Opens everything that the handlers work with: the one place where technologies are chosen.
 * @throws WheelwrightError when the data folder, an image definition or a setting is unusable
 */
export async function openContext(
  settings: Settings,
  { log, root, clock = Date.now }: ApiOptions,
  stopping: AbortSignal,
): Promise<OpenedApi> {
  const data = resolve(settings.WHEELWRIGHT_DATA);
  await mkdir(data, { recursive: true, mode: 0o755 });
  const images = await loadImages(join(root, 'images'));
  const db = openDatabase(join(data, 'wheelwright.db'), readMigrations(join(root, 'migrations')), clock());
  const store = createBuildStore(db, { indexUrl: `${indexUrl(settings)}/simple/`, clock });
  const tokens = tokenStore(db);
  const reviews = reviewStore(db);
  const recipes = currentRecipes(reviews, openRecipeFolder(join(root, 'recipes')));
  const browse = browseStore(db, join(data, 'downloads.db'));
  const standings = projectStandings(db);
  const workers = workerStore(db, settings.WHEELWRIGHT_LEASE_MS);
  /** What is open so far, to be closed in the reverse order. */
  const parts: { close(): Promise<void> }[] = [store];
  const close = async () => {
    for (const part of parts.reverse()) await part.close();
  };
  try {
    await ensureAdminToken(data, tokens, clock());
    // While no api listened, nobody could keep a lease alive.
    await store.renewLeases(clock() + settings.WHEELWRIGHT_LEASE_MS);
    const { upstream, state: upstreamState } = watchUpstream(await openUpstream(settings), clock);
    parts.push(upstream);
    const policy = await readIndexPolicy(settings.WHEELWRIGHT_INDEX_POLICY, data);
    const pages = new Map<string, ProjectPages>();
    for (const { name, url, 'file-hosts': fileHosts } of policy.upstreams) {
      const other =
        url === undefined ? undefined : await openUpstream(settings, { url, ...(fileHosts && { fileHosts }) });
      if (other !== undefined) parts.push(other);
      pages.set(name, cachedPages(other ?? upstream, PAGE_MAX_AGE_MS, clock));
    }
    const dispatch = createDispatch({
      store,
      leaseMs: settings.WHEELWRIGHT_LEASE_MS,
      clock,
      report: (error) => log.warn({ err: error }, 'an attempt could not be handed back'),
    });
    const queue = await openQueue(settings, clock, dispatch.wake, log);
    parts.push(queue);
    const blobs = await openBlobStore(join(data, 'blobs'));
    const key = await openSigningKey(data, clock());
    const context: ApiContext = {
      settings: { ...settings, WHEELWRIGHT_DATA: data },
      log,
      clock,
      store,
      tokens,
      standings,
      indexUpkeep: indexUpkeep(db),
      policy,
      retention: retentionStore(db),
      blobs,
      logs: await openLogStore(join(data, 'logs'), logRows(db)),
      queue,
      dispatch,
      workers,
      recipes,
      reviews,
      solves: solveStore(db),
      foretell: { upstream, readSdist: sdistTexts },
      browse,
      images,
      signals: createAttemptSignals(),
      submission: {
        store,
        queue,
        recipes,
        targets: images.flatMap(targetsOf),
        standings,
        projectPage: pagesByPolicy(policy, ({ name }) => pages.get(name) as ProjectPages, clock),
        defaults: {
          policy: settings.WHEELWRIGHT_DEFAULT_POLICY,
          pythons: settings.WHEELWRIGHT_DEFAULT_PYTHONS,
        },
        clock,
      },
      view: { indexUrl: indexUrl(settings), warnings: (target) => warningsOf(images, target.image, clock()) },
      checkWheel,
      makeProvenance: provenanceMaker({ key, attempts: browse, clock }),
      readProvenance: provenanceReader(key.certificate),
      requiresDist: createRequiresDist({ store, blobs, upstream, readWheelMetadata }),
      metrics: createMetrics({ store, workers, clock }),
      upstreamState,
      stopping,
    };
    return { context, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The default one, or one of the policy's. */
async function openUpstream(settings: Settings, other?: { url: string; fileHosts?: readonly string[] }) {
  const environment = { ...process.env, WHEELWRIGHT_UPSTREAM: settings.WHEELWRIGHT_UPSTREAM };
  const ca = await readCaBundle(settings.WHEELWRIGHT_CA_BUNDLE);
  return openSimpleUpstream({
    ...(other ?? { url: await resolveUpstreamUrl(environment) }),
    ...(ca === undefined ? {} : { ca }),
  });
}

function warningsOf(images: readonly LoadedImage[], name: string, now: number): string[] {
  const image = images.find(({ definition }) => definition.name === name);
  const warning = image && securityWarning(image.definition, new Date(now).toISOString().slice(0, 10));
  return warning === undefined ? [] : [warning];
}
