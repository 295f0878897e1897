import { mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { checkWheel } from '../adapters/archive/wheel.js';
import { readWheelMetadata } from '../adapters/archive/wheel-metadata.js';
import { openBlobStore } from '../adapters/disk/blobs.js';
import { readCaBundle } from '../adapters/disk/ca-bundle.js';
import { loadImages } from '../adapters/disk/image-definitions.js';
import { openLogStore } from '../adapters/disk/logs.js';
import { openRecipeFolder } from '../adapters/disk/recipes.js';
import { openSigningKey } from '../adapters/signing/key.js';
import { browseStore } from '../adapters/sqlite/browse.js';
import { createBuildStore } from '../adapters/sqlite/build-store.js';
import { openDatabase } from '../adapters/sqlite/database.js';
import { logRows } from '../adapters/sqlite/log-rows.js';
import { readMigrations } from '../adapters/sqlite/migrations.js';
import { projectStandings } from '../adapters/sqlite/project-standings.js';
import { tokenStore } from '../adapters/sqlite/tokens.js';
import { openSimpleUpstream } from '../adapters/upstream/simple-upstream.js';
import { resolveUpstreamUrl } from '../adapters/upstream/upstream-url.js';
import { type LoadedImage, securityWarning, targetsOf } from '../core/image.js';
import { indexUrl, type Settings } from '../core/settings.js';
import { ensureAdminToken } from './admin-token.js';
import { createApp } from './app.js';
import { createAttemptSignals } from './attempt-signals.js';
import type { ApiContext } from './context.js';
import { expireLeasesOne, healQueueOne, runLoop, wakeWaitingOne } from './loops.js';
import { createMetrics } from './metrics.js';
import { cachedPages } from './page-cache.js';
import { provenanceMaker } from './provenance.js';
import { openQueue } from './queue.js';
import { createRequiresDist } from './requires-dist.js';
import { webRoutes } from './web.js';

export interface ApiOptions {
  log: Logger;
  /** The repository: its folders images/, recipes/, migrations/ and dist/web/ are read. */
  root: string;
  /** Milliseconds since the epoch; default: the machine's clock. */
  clock?: () => number;
}

export interface RunningApi {
  /** Base URL without a trailing slash. */
  url: string;
  context: ApiContext;
  close(): Promise<void>;
}

const EXPIRE_EVERY_MS = 2_000;
const WAKE_EVERY_MS = 5_000;
/** Cheap in memory; on Redis every queued build costs two round trips. */
const HEAL_EVERY_MS = { memory: 2_000, redis: 20_000 };
const PAGE_MAX_AGE_MS = 60_000;
const CLOSE_PATIENCE_MS = 5_000;
/** A wheel of some gigabytes over a slow line. */
const REQUEST_TIMEOUT_MS = 60 * 60_000;

/**
 * Starts the API on the host and port of the settings (port 0: a free one) and its loops.
 * @throws WheelwrightError when the data folder, an image definition or the upstream setting is unusable
 */
export async function startApi(settings: Settings, { log, root, clock = Date.now }: ApiOptions): Promise<RunningApi> {
  const data = resolve(settings.WHEELWRIGHT_DATA);
  await mkdir(data, { recursive: true, mode: 0o755 });
  const images = await loadImages(join(root, 'images'));
  const db = openDatabase(join(data, 'wheelwright.db'), readMigrations(join(root, 'migrations')), clock());
  const store = createBuildStore(db, { indexUrl: `${indexUrl(settings)}/simple/`, clock });
  const tokens = tokenStore(db);
  const metrics = createMetrics(store);
  const recipes = openRecipeFolder(join(root, 'recipes'));
  const browse = browseStore(db);
  const standings = projectStandings(db);
  const stopping = new AbortController();
  /** What is open so far, to be closed in the reverse order. */
  const parts: { close(): Promise<void> }[] = [store];
  const close = async () => {
    stopping.abort();
    for (const part of parts.reverse()) await part.close();
  };
  try {
    await ensureAdminToken(data, tokens, clock());
    // While no api listened, nobody could keep a lease alive.
    await store.prolongLeases(clock() + settings.WHEELWRIGHT_LEASE_MS);
    const upstream = await openUpstream(settings);
    parts.push(upstream);
    const queue = await openQueue(settings, clock, log);
    parts.push(queue);
    const blobs = await openBlobStore(join(data, 'blobs'));
    const context: ApiContext = {
      settings: { ...settings, WHEELWRIGHT_DATA: data },
      log,
      clock,
      store,
      tokens,
      standings,
      blobs,
      logs: await openLogStore(join(data, 'logs'), logRows(db)),
      queue,
      recipes,
      browse,
      images,
      signals: createAttemptSignals(),
      submission: {
        store,
        queue,
        recipes,
        targets: images.flatMap(targetsOf),
        standings,
        projectPage: cachedPages(upstream, PAGE_MAX_AGE_MS, clock),
        defaults: {
          policy: settings.WHEELWRIGHT_DEFAULT_POLICY,
          pythons: settings.WHEELWRIGHT_DEFAULT_PYTHONS,
        },
      },
      view: { indexUrl: indexUrl(settings), warnings: (target) => warningsOf(images, target.image, clock()) },
      checkWheel,
      makeProvenance: provenanceMaker({ key: await openSigningKey(data, clock()), attempts: browse, clock }),
      requiresDist: createRequiresDist({ store, blobs, upstream, readWheelMetadata }),
      attemptEnded: metrics.attemptEnded,
      stopping: stopping.signal,
    };
    const web = await webRoutes(join(root, 'dist', 'web'));
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, createApp(context, metrics, web));
    await listen(server, settings.WHEELWRIGHT_API_PORT, settings.WHEELWRIGHT_HOST);
    parts.push({ close: () => closeServer(server) });
    await healQueueOne(context, Number.MAX_SAFE_INTEGER);
    const loops = [
      runLoop(context, 'expire leases', EXPIRE_EVERY_MS, async () =>
        metrics.leasesExpired(await expireLeasesOne(context)),
      ),
      runLoop(context, 'wake waiting', WAKE_EVERY_MS, () => wakeWaitingOne(context)),
      runLoop(context, 'heal queue', HEAL_EVERY_MS[settings.REDIS_URL === undefined ? 'memory' : 'redis'], () =>
        healQueueOne(context),
      ),
    ];
    parts.push({ close: async () => void (await Promise.all(loops)) });
    const { port } = server.address() as AddressInfo;
    const host = settings.WHEELWRIGHT_HOST.includes(':') ? `[${settings.WHEELWRIGHT_HOST}]` : settings.WHEELWRIGHT_HOST;
    return { url: `http://${host}:${port}`, context, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openUpstream(settings: Settings) {
  const url = await resolveUpstreamUrl({ ...process.env, WHEELWRIGHT_UPSTREAM: settings.WHEELWRIGHT_UPSTREAM });
  const ca = await readCaBundle(settings.WHEELWRIGHT_CA_BUNDLE);
  return openSimpleUpstream({ url, ...(ca === undefined ? {} : { ca }) });
}

function warningsOf(images: readonly LoadedImage[], name: string, now: number): string[] {
  const image = images.find(({ definition }) => definition.name === name);
  const warning = image && securityWarning(image.definition, new Date(now).toISOString().slice(0, 10));
  return warning === undefined ? [] : [warning];
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Lets requests that are under way end, for a while. */
async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A kept-alive connection becomes idle only when its last answer is out.
  const sweep = setInterval(() => server.closeIdleConnections(), 20);
  const patience = setTimeout(() => server.closeAllConnections(), CLOSE_PATIENCE_MS);
  await closed;
  clearInterval(sweep);
  clearTimeout(patience);
}
