import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { listen } from '../adapters/http/listening.js';
import { RepeatedRequests } from '../adapters/http/repeated-requests.js';
import type { Settings } from '../core/settings.js';
import { ChunkCache } from './chunk-cache.js';
import { DiskSender } from './disk-sender.js';
import { DownloadTally } from './download-tally.js';
import { FileCache } from './file-cache.js';
import { FileService } from './file-service.js';
import { ForgivingCache } from './forgiving-cache.js';
import { HostedIndex } from './hosted-index.js';
import { createIndexServer } from './http-server.js';
import { IndexHandler, type IndexHandlerOptions } from './index-handler.js';
import { IntactFiles } from './intact-files.js';
import { Login } from './login.js';
import { AnswerCounts, type CacheUses, countUse, monitored } from './monitoring.js';
import { ProjectViews, type ProjectViewsOptions } from './project-views.js';
import { RootPage } from './root-page.js';
import { type IndexSettings, readIndexSettings } from './settings.js';
import { SlowReaders } from './slow-readers.js';
import { UpstreamPages } from './upstream-pages.js';
import { Upstreams } from './upstreams.js';
import { warmUp } from './warm-up.js';

export interface IndexServer {
  /** Without a trailing slash; the simple index is at `<url>/simple/`. */
  url: string;
  close(): Promise<void>;
}

const MINUTE_MS = 60_000;
/** Files over all views that are kept in memory; a view of 5,000 files takes a few megabytes with its pages. */
const VIEW_FILES = 40_000;

/** As {@link serveIndex}, with the settings of the environment. `socket`: see adapters/http. */
export async function startIndexServer(
  settings: Settings,
  log: Logger = pino({ level: 'silent' }),
  socket?: number,
): Promise<IndexServer> {
  return serveIndex({ ...(await readIndexSettings(settings)), socket }, log);
}

/**
 * Starts the index. It needs neither the api nor the service's database to be there, and only writes to `<data>/index-cache` and `<data>/downloads.db`.
 * @param clock milliseconds since the epoch
 * @throws the error of the system when a folder cannot be made or the port is taken.
 */
export async function serveIndex(settings: IndexSettings, log: Logger, clock = Date.now): Promise<IndexServer> {
  const onFault = (message: string, error: unknown) => log.warn({ err: error }, message);
  const cacheFolder = join(settings.dataFolder, 'index-cache');
  mkdirSync(cacheFolder, { recursive: true });
  const cache = new ForgivingCache(join(cacheFolder, 'index-cache.db'), onFault, () => performance.now());
  const upstreams = new Upstreams(settings);
  const closing = new AbortController();
  const cacheUses: CacheUses = new Map();

  const hosted = new HostedIndex(join(settings.dataFolder, 'wheelwright.db'), {
    clock: () => performance.now(),
    onFault: (error) => onFault("the service's database cannot be read", error),
    onChange: (change) => {
      if (change.kind === 'everything') {
        views.forgetAll();
        for (const root of Object.values(roots)) root.forgetAll();
      } else {
        for (const name of change.names) views.forget(name);
        for (const root of Object.values(roots)) root.changed(change.names);
      }
      handler.forgetReady();
    },
  });
  const fileCache = new FileCache({
    folder: cacheFolder,
    cache,
    maxBytes: settings.cacheBytes,
    maxFileBytes: settings.maxFileBytes,
    timeoutMs: 60 * MINUTE_MS,
    clock,
    onFault,
    onUse: (use) => countUse(cacheUses, 'files', use),
    onChange: (project) => {
      views.forget(project);
      handler.forgetReady();
    },
  });
  const viewing: ProjectViewsOptions = {
    hosted,
    policy: settings.policy,
    upstreams,
    upstreamPages: new UpstreamPages({ cache, clock, onFault, onUse: (use) => countUse(cacheUses, 'pages', use) }),
    heldFile: (sha256) => fileCache.held(sha256),
    clock,
    maxFiles: VIEW_FILES,
    onFault,
  };
  const views = new ProjectViews(viewing);
  const roots = { stable: new RootPage('stable'), trial: new RootPage('trial') };
  const blobFolder = join(settings.dataFolder, 'blobs');
  const chunks = new ChunkCache(() => performance.now());
  const slowReaders = new SlowReaders();
  let lastTime = clock();
  const tidying = setInterval(() => {
    const now = clock();
    // The clock was set back: what is fresh until a time would be so for too long.
    if (now < lastTime) {
      views.forgetAll();
      handler.forgetReady();
    }
    lastTime = now;
    chunks.dropCold();
    slowReaders.look();
  }, 5_000).unref();
  const disk = new DiskSender(chunks);
  const tally = new DownloadTally(join(settings.dataFolder, 'downloads.db'), hosted, onFault);
  const files = new FileService({
    hosted,
    blobFolder,
    fileCache,
    intact: new IntactFiles(),
    disk,
    upstreams,
    visibility: settings.tokenRequired ? 'private' : 'public',
    onDownload: (filename) => tally.count(filename),
    signal: closing.signal,
    onFault,
  });
  let url = '';
  const publicUrl = () => settings.publicUrl ?? url;
  const counts = new AnswerCounts();
  const login = settings.tokenRequired ? new Login(hosted, () => performance.now()) : undefined;
  const repeated =
    // A token may be revoked between two requests of the same bytes.
    login === undefined
      ? new RepeatedRequests({
          refresh: () => hosted.refresh(),
          onAnswer: (target, status) => counts.count(target, status, 'memory'),
          clock,
        })
      : undefined;
  const handling: IndexHandlerOptions = {
    hosted,
    views,
    roots,
    files,
    slowReaders,
    login,
    repeated,
    publicUrl,
    clock,
    signal: closing.signal,
    onFault,
  };
  const handler = new IndexHandler(handling);

  const server = createIndexServer(
    monitored((request, response) => handler.handle(request, response), counts, {
      hosted,
      blobFolder,
      cacheFolder,
      cacheUses,
    }),
  );
  repeated?.watch(server);
  hosted.refresh();
  await warmUp(handling, viewing).catch((error) => onFault('no page can be made', error));
  const accepting = await listen(server, settings);
  url = accepting.url;
  return {
    url,
    close: async () => {
      await accepting.drain(settings.drainMs);
      closing.abort();
      clearInterval(tidying);
      tally.close();
      await fileCache.close();
      await upstreams.close();
      hosted.close();
      cache.close();
    },
  };
}
