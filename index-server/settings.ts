import { readIndexPolicy } from '../adapters/disk/index-policy.js';
import { readCaBundle } from '../adapters/host/ca-bundle.js';
import type { HttpLimits } from '../adapters/upstream/http-client.js';
import type { IndexPolicy } from '../core/index-policy.js';
import { indexUrl, type Settings } from '../core/settings.js';

/** What the index-server needs to know, read from the settings and the files they name. */
export interface IndexSettings {
  dataFolder: string;
  host: string;
  port: number;
  /** File descriptor of a socket that listens already, in place of host and port. */
  socket?: number | undefined;
  /** Time that answers under way have to end when the server is closed. */
  drainMs: number;
  /** Where clients find the index, without a trailing slash; undefined: at host and port. */
  publicUrl?: string;
  policy: IndexPolicy;
  /** Of the upstream that the policy names without a URL. */
  upstreamUrl?: string;
  /** PEM. */
  ca?: string;
  /** Reading takes a token. */
  tokenRequired: boolean;
  cacheBytes: number;
  maxFileBytes: number;
  /** Default: those of adapters/upstream. */
  upstreamLimits?: Partial<HttpLimits>;
}

/** @throws WheelwrightError `invalid` for a policy file or CA bundle that cannot be used. */
export async function readIndexSettings(settings: Settings): Promise<IndexSettings> {
  const ca = await readCaBundle(settings.WHEELWRIGHT_CA_BUNDLE);
  return {
    dataFolder: settings.WHEELWRIGHT_DATA,
    host: settings.WHEELWRIGHT_HOST,
    port: settings.WHEELWRIGHT_INDEX_PORT,
    drainMs: settings.WHEELWRIGHT_DRAIN_MS,
    ...(settings.WHEELWRIGHT_INDEX_URL === undefined ? {} : { publicUrl: indexUrl(settings) }),
    policy: await readIndexPolicy(settings.WHEELWRIGHT_INDEX_POLICY, settings.WHEELWRIGHT_DATA),
    ...(settings.WHEELWRIGHT_UPSTREAM === undefined ? {} : { upstreamUrl: settings.WHEELWRIGHT_UPSTREAM }),
    ...(ca === undefined ? {} : { ca }),
    tokenRequired: settings.WHEELWRIGHT_INDEX_TOKEN_REQUIRED,
    cacheBytes: settings.WHEELWRIGHT_INDEX_CACHE_BYTES,
    maxFileBytes: settings.WHEELWRIGHT_WHEEL_BYTES,
  };
}
