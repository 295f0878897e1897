import { existsSync, readFileSync } from 'node:fs';
import { readIndexPolicy } from '../adapters/disk/index-policy.js';
import type { HttpLimits } from '../adapters/upstream/http-client.js';
import { WheelwrightError } from '../core/errors.js';
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

const SYSTEM_CA_BUNDLES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'];

/** @throws WheelwrightError `invalid` for a policy file or CA bundle that cannot be used. */
export async function readIndexSettings(settings: Settings): Promise<IndexSettings> {
  const bundle = settings.WHEELWRIGHT_CA_BUNDLE ?? SYSTEM_CA_BUNDLES.find((path) => existsSync(path));
  return {
    dataFolder: settings.WHEELWRIGHT_DATA,
    host: settings.WHEELWRIGHT_HOST,
    port: settings.WHEELWRIGHT_INDEX_PORT,
    drainMs: settings.WHEELWRIGHT_DRAIN_MS,
    ...(settings.WHEELWRIGHT_INDEX_URL === undefined ? {} : { publicUrl: indexUrl(settings) }),
    policy: await readIndexPolicy(settings.WHEELWRIGHT_INDEX_POLICY, settings.WHEELWRIGHT_DATA),
    ...(settings.WHEELWRIGHT_UPSTREAM === undefined ? {} : { upstreamUrl: settings.WHEELWRIGHT_UPSTREAM }),
    ...(bundle === undefined ? {} : { ca: read(bundle, 'WHEELWRIGHT_CA_BUNDLE') }),
    tokenRequired: settings.WHEELWRIGHT_INDEX_TOKEN_REQUIRED,
    cacheBytes: settings.WHEELWRIGHT_INDEX_CACHE_BYTES,
    maxFileBytes: settings.WHEELWRIGHT_WHEEL_BYTES,
  };
}

function read(path: string, setting: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new WheelwrightError('invalid', `cannot read ${path}: ${(error as Error).message}`, {
      hint: `Check ${setting}.`,
      cause: error,
    });
  }
}
