import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { sdistTar, sdistTexts } from '../adapters/archive/sdist.js';
import { openPackageIndexes } from '../adapters/debian/package-indexes.js';
import { loadImages } from '../adapters/disk/image-definitions.js';
import { readToken } from '../adapters/disk/token-file.js';
import { openHostEngine } from '../adapters/docker/host-engine.js';
import { readCaBundle } from '../adapters/host/ca-bundle.js';
import { openSimpleUpstream } from '../adapters/upstream/simple-upstream.js';
import { configuredIndexUrl, resolveUpstreamUrl } from '../adapters/upstream/upstream-url.js';
import { openWorkerApi } from '../client/worker-api.js';
import { apiUrl, type Settings } from '../core/settings.js';
import { openWorker, type Worker } from './worker.js';
import { readScripts } from './workspace-files.js';

export interface WorkerStart {
  log: Logger;
  /** The repository: its folders images/ and worker/scripts/ are read. */
  root: string;
  environment: Readonly<Record<string, string | undefined>>;
}

const MAX_SDIST_ENTRIES = 500_000;

/**
 * Starts a worker by its settings; the API and the engine may come up later.
 * @throws WheelwrightError when an image definition or a setting is unusable
 */
export async function startWorker(settings: Settings, { log, root, environment }: WorkerStart): Promise<Worker> {
  const [definitions, scripts, token, upstreamUrl, toolIndexUrl, bundle] = await Promise.all([
    loadImages(join(root, 'images')),
    readScripts(join(root, 'worker', 'scripts')),
    readToken(settings),
    resolveUpstreamUrl(environment),
    configuredIndexUrl(environment),
    readCaBundle(settings.WHEELWRIGHT_CA_BUNDLE),
  ]);
  const { engine, images } = openHostEngine(settings, toolIndexUrl, root, definitions);
  const upstream = openSimpleUpstream({ url: upstreamUrl, ...(bundle === undefined ? {} : { ca: bundle }) });
  const api = openWorkerApi({ url: apiUrl(settings), token });
  const limits = { maxEntries: MAX_SDIST_ENTRIES, maxExpandedBytes: settings.WHEELWRIGHT_SDIST_EXPANDED_BYTES };
  const worker = openWorker({
    settings,
    engine,
    upstream,
    api,
    scripts,
    caBundle: bundle,
    indexToken: settings.WHEELWRIGHT_INDEX_TOKEN_REQUIRED ? token : undefined,
    packageIndex: openPackageIndexes(join(settings.WHEELWRIGHT_DATA, 'package-index'), engine),
    unpackSdist: (sdist) => sdistTar(sdist, limits),
    readSdist: (sdist, wanted) => sdistTexts(sdist, wanted, limits),
    version: await readVersion(root),
    name: settings.WHEELWRIGHT_WORKER_NAME ?? `${hostname()}-${process.pid}`,
    logger: log,
    removeUnusedImages: (signal) => images.removeUnused(settings.WHEELWRIGHT_KEEP_IMAGES_DAYS, signal),
  });
  return {
    async close() {
      await worker.close();
      await engine.close();
      await Promise.all([upstream.close(), api.close()]);
    },
  };
}

async function readVersion(root: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  return version;
}
