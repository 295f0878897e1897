import { setMaxListeners } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { listen } from '../adapters/http/listening.js';
import type { Settings } from '../core/settings.js';
import { createApp } from './app.js';
import type { ApiContext } from './context.js';
import { housekeepOne } from './housekeeping.js';
import { expireLeasesOne, healQueueOne, moveLeasesOne, runLoop, wakeWaitingOne } from './loops.js';
import { type LostTime, watchLostTime } from './lost-time.js';
import { type ApiOptions, openContext } from './open.js';
import { advanceSolvesOne } from './solver.js';
import { webRoutes } from './web.js';

export interface RunningApi {
  /** Base URL without a trailing slash. */
  url: string;
  context: ApiContext;
  close(): Promise<void>;
}

const EXPIRE_EVERY_MS = 2_000;
const WAKE_EVERY_MS = 5_000;
/** What a solve adds to its builds, about, at each step. */
const SOLVE_EVERY_MS = 500;
/** What nobody was woken for: a backoff that is over, a worker that fell silent, a queue that lost something. */
const LOOK_EVERY_MS = 2_000;
const HEAL_EVERY_MS = 60_000;
const HOUSEKEEP_EVERY_MS = 3_600_000;
/** A wheel of some gigabytes over a slow line. */
const REQUEST_TIMEOUT_MS = 60 * 60_000;

/**
 * Starts the API on the host and port of the settings (port 0: a free one) and its loops.
 * @throws WheelwrightError when the data folder, an image definition or the upstream setting is unusable, or the port taken
 */
export async function startApi(settings: Settings, options: ApiOptions): Promise<RunningApi> {
  const stopping = new AbortController();
  // One listener for each open long poll and event stream is no leak.
  setMaxListeners(0, stopping.signal);
  const { context, close: closeContext } = await openContext(settings, options, stopping.signal);
  try {
    const web = await webRoutes(join(options.root, 'dist', 'web'));
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, createApp(context, web));
    await healQueueOne(context);
    const listener = await listen(server, {
      host: settings.WHEELWRIGHT_HOST,
      port: settings.WHEELWRIGHT_API_PORT,
      socket: options.socket,
    });
    const steady = options.steady ?? (() => performance.now());
    const loops = startLoops(context, watchLostTime({ clock: context.clock, steady }, EXPIRE_EVERY_MS));
    return {
      url: listener.url,
      context,
      async close() {
        stopping.abort();
        await Promise.all([loops, listener.drain(settings.WHEELWRIGHT_DRAIN_MS)]);
        await closeContext();
      },
    };
  } catch (error) {
    stopping.abort();
    await closeContext();
    throw error;
  }
}

async function startLoops(context: ApiContext, lostTime: LostTime): Promise<void> {
  await Promise.all([
    runLoop(context, 'expire leases', EXPIRE_EVERY_MS, async () => {
      await moveLeasesOne(context, lostTime.roundBegins());
      context.metrics.leasesExpired(await expireLeasesOne(context));
      lostTime.roundEnded();
    }),
    runLoop(context, 'wake waiting', WAKE_EVERY_MS, () => wakeWaitingOne(context)),
    runLoop(context, 'solve', SOLVE_EVERY_MS, () => advanceSolvesOne(context)),
    runLoop(context, 'housekeeping', HOUSEKEEP_EVERY_MS, () => housekeepOne(context)),
    runLoop(context, 'hand out builds', LOOK_EVERY_MS, () => context.dispatch.round()),
    runLoop(context, 'heal queue', HEAL_EVERY_MS, () => healQueueOne(context)),
  ]);
}
