// Every setting of every program: environment variables WHEELWRIGHT_* (and REDIS_URL), described in docs/operations.md from this list.
import { z } from 'zod';
import { CHANNELS } from './build.js';
import { WheelwrightError } from './errors.js';

const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);
const count = (fallback: number) => z.coerce.number().int().positive().default(fallback);
const optionalCount = () => z.coerce.number().int().positive().optional();
const list = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text) => text.split(/[\s,]+/).filter((item) => item !== ''));
const optional = () => z.string().min(1).optional();
const flag = () =>
  z
    .enum(['0', '1', 'true', 'false'])
    .default('0')
    .transform((text) => text === '1' || text === 'true');

/** One entry per variable: its form, default and meaning. Sizes are bytes and times milliseconds unless the name says otherwise. */
export const SETTINGS = {
  WHEELWRIGHT_DATA: z.string().default('./data').describe('folder that holds all state'),
  WHEELWRIGHT_HOST: z.string().default('127.0.0.1').describe('address that api and index-server listen on'),
  WHEELWRIGHT_API_PORT: port(8080).describe('port of the api; 0 picks a free one'),
  WHEELWRIGHT_INDEX_PORT: port(8081).describe('port of the index-server; 0 picks a free one'),
  WHEELWRIGHT_API_URL: optional().describe('where clients and workers find the api; default: host and port above'),
  WHEELWRIGHT_INDEX_URL: optional().describe('where pip and workers find the index; default: host and port above'),
  WHEELWRIGHT_TOKEN: optional().describe('bearer token of a client or worker; default: admin-token in the data folder'),
  WHEELWRIGHT_TOKEN_FILE: optional().describe('file that holds that token instead, e.g. a mounted secret'),
  WHEELWRIGHT_READ_TOKEN_REQUIRED: flag().describe('1: reading the api takes a token as well'),
  WHEELWRIGHT_INDEX_TOKEN_REQUIRED: flag().describe('1: reading the index takes a token as well, as password'),
  WHEELWRIGHT_UPSTREAM: optional().describe('upstream simple index; default: what pip uses on this machine'),
  WHEELWRIGHT_INDEX_POLICY: optional().describe('file with upstreams and policies by project pattern (docs/index.md)'),
  WHEELWRIGHT_INDEX_CACHE_BYTES: count(20 * 2 ** 30).describe('size of the cache of upstream files'),
  WHEELWRIGHT_CA_BUNDLE: optional().describe(
    'CA certificates trusted by every container with a network; default: the system bundle',
  ),
  WHEELWRIGHT_DEBIAN_MIRROR: optional().describe('Debian mirror for base images; default: what debootstrap uses'),
  WHEELWRIGHT_RUST_TOOLCHAIN: optional().describe(
    'folder of a Rust toolchain as rustup lays it out, for recipes that ask for rust',
  ),
  WHEELWRIGHT_GO_TOOLCHAIN: optional().describe(
    'folder of a Go toolchain as its own archive lays it out, for recipes that ask for go',
  ),
  WHEELWRIGHT_INSTANCE: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,40}$/)
    .default('default')
    .describe('label on containers, volumes and images, so that instances on one engine leave each other alone'),
  WHEELWRIGHT_DEFAULT_POLICY: z.string().default('manylinux_2_31').describe('policy where a request names none'),
  WHEELWRIGHT_DEFAULT_PYTHONS: list('cp313').describe('interpreters where a request names none'),
  WHEELWRIGHT_WORKER_NAME: optional().describe('name of a worker; default: host name and process id'),
  WHEELWRIGHT_WORKER_SLOTS: count(1).describe('attempts that a worker makes at the same time'),
  WHEELWRIGHT_WORKER_GRACE_MS: count(10_000).describe(
    'time that a stopping worker has to finish before it hands its attempts back',
  ),
  WHEELWRIGHT_LEASE_MS: count(30_000).describe('time without a heartbeat after which an attempt counts as lost'),
  WHEELWRIGHT_DRAIN_MS: count(15_000).describe(
    'time that answers under way have to end when api or index-server are stopped',
  ),
  WHEELWRIGHT_FETCH_NETWORK: z
    .string()
    .default('host')
    .describe('network of containers that fetch; they must reach the index'),
  WHEELWRIGHT_WORKER_CPUS: z.coerce
    .number()
    .positive()
    .optional()
    .describe("CPUs that a worker's attempts may use together; default: the engine's"),
  WHEELWRIGHT_WORKER_MEMORY_BYTES: optionalCount().describe(
    "memory that a worker's attempts may use together; default: the engine's",
  ),
  WHEELWRIGHT_WORKER_DISK_BYTES: optionalCount().describe(
    "disk that a worker's attempts may use together; default: what is free where the engine keeps volumes",
  ),
  WHEELWRIGHT_WORKER_LABELS: list('').describe(
    "labels of a worker, besides the engine's own; a recipe may ask for them (`resources.labels`)",
  ),
  WHEELWRIGHT_WORKER_TRUST: list('stable,trial')
    .pipe(z.array(z.enum(CHANNELS)).min(1))
    .describe('whose builds a worker takes: `stable` of approved recipes, `trial` of recipes that nobody has approved'),
  WHEELWRIGHT_BUILD_CPUS: z.coerce
    .number()
    .positive()
    .optional()
    .describe('CPUs of a build container; default: all, shared by the slots'),
  WHEELWRIGHT_BUILD_MEMORY_BYTES: optionalCount().describe(
    'memory of a build container; default: 6 GiB, or the share of a slot where that is less',
  ),
  WHEELWRIGHT_BUILD_DISK_BYTES: optionalCount().describe(
    'disk of one attempt; default: 20 GiB, or the share of a slot where that is less',
  ),
  WHEELWRIGHT_BUILD_PROCESSES: count(1024).describe('processes of a build container'),
  WHEELWRIGHT_BUILD_TIMEOUT_MS: count(2 * 60 * 60_000).describe('wall time of a build phase'),
  WHEELWRIGHT_TEST_TIMEOUT_MS: count(10 * 60_000).describe('wall time of a test phase'),
  WHEELWRIGHT_COMPILER_CACHE_BYTES: z.coerce
    .number()
    .int()
    .min(0)
    .default(5 * 2 ** 30)
    .describe(
      'size of what compilers keep for later builds on one engine, a quarter of it for one project; 0: nothing',
    ),
  WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES: z.coerce
    .number()
    .int()
    .min(0)
    .default(5 * 2 ** 30)
    .describe('size of the environments of build requirements that are kept for later builds on one engine; 0: none'),
  WHEELWRIGHT_LOG_BYTES: count(256 * 2 ** 20).describe('size of the log of one attempt, past which it fails'),
  WHEELWRIGHT_SDIST_BYTES: count(2 * 2 ** 30).describe('size of a source archive'),
  WHEELWRIGHT_SDIST_EXPANDED_BYTES: count(8 * 2 ** 30).describe('size of a source archive when unpacked'),
  WHEELWRIGHT_WHEEL_BYTES: count(4 * 2 ** 30).describe('size of a wheel, built or uploaded'),
  WHEELWRIGHT_KEEP_LOGS_DAYS: z.coerce
    .number()
    .int()
    .positive()
    .optional()
    .describe('days after which the log of an attempt is replaced by a note; default: logs are kept for good'),
  WHEELWRIGHT_KEEP_TRIALS_DAYS: count(180).describe('days that a wheel of a recipe which nobody approves is kept'),
  WHEELWRIGHT_KEEP_BLOBS_HOURS: count(24).describe('hours that bytes which no file names are kept'),
  WHEELWRIGHT_KEEP_IMAGES_DAYS: count(30).describe(
    'days that an image is kept which no attempt uses and that was derived for a recipe, or is of a former definition',
  ),
  WHEELWRIGHT_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('of the programs, not of builds'),
  REDIS_URL: optional().describe('a Redis server: builds reach workers by BullMQ instead of the embedded queue'),
};

const settingsSchema = z.object(SETTINGS);
export type Settings = z.infer<typeof settingsSchema>;

/**
 * Reads the settings from an environment; empty variables count as unset.
 * @throws WheelwrightError `invalid` with one fault per variable, also for a WHEELWRIGHT_ variable that does not exist.
 */
export function parseSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '');
  const unknown = given.map(([name]) => name).filter((name) => name.startsWith('WHEELWRIGHT_') && !(name in SETTINGS));
  const parsed = settingsSchema.safeParse(Object.fromEntries(given));
  const faults = [
    ...unknown.map((name) => `${name} is not a setting`),
    ...(parsed.error?.issues ?? []).map((issue) => `${String(issue.path[0])}: ${issue.message}`),
  ];
  if (parsed.success && faults.length === 0) {
    return parsed.data;
  }
  throw new WheelwrightError('invalid', `the settings are wrong: ${faults.join('; ')}`, {
    hint: 'Settings are environment variables; docs/settings.md lists them with their defaults.',
  });
}

/** Base URL of the api without a trailing slash. */
export function apiUrl(settings: Settings): string {
  return trimSlash(
    settings.WHEELWRIGHT_API_URL ?? `http://${settings.WHEELWRIGHT_HOST}:${settings.WHEELWRIGHT_API_PORT}`,
  );
}

/** Base URL of the index-server without a trailing slash; the simple index is at `<this>/simple/`. */
export function indexUrl(settings: Settings): string {
  return trimSlash(
    settings.WHEELWRIGHT_INDEX_URL ?? `http://${settings.WHEELWRIGHT_HOST}:${settings.WHEELWRIGHT_INDEX_PORT}`,
  );
}

function trimSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
