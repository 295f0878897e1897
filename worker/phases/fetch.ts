import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { AttemptInput } from '../../core/attempt.js';
import { CACHE } from '../../core/engine.js';
import { WheelwrightError } from '../../core/errors.js';
import type { Fetched, FetchedWheel, PhaseResult } from '../../core/phases.js';
import {
  diagnosed,
  failed,
  type PhaseContext,
  runScript,
  succeeded,
  TOOLS_PYTHON,
  targetPython,
} from '../phase-context.js';
import { packFiles, readReport, type TextFile } from '../workspace-files.js';
import type { FetchedSource } from './download.js';
import { placedSources } from './libraries.js';

const wheelSchema = z.object({
  name: z.string(),
  version: z.string(),
  filename: z.string(),
  sha256: z.string(),
  sizeBytes: z.int(),
});
const fetchReportSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('fetched'),
    requirements: z.array(z.string()),
    sourceDateEpoch: z.int().optional(),
    wheels: z.array(wheelSchema),
    toolchainSources: z.array(z.object({ name: z.string(), version: z.string(), sha256: z.string() })).optional(),
  }),
  z.object({ kind: z.literal('unresolved'), lacking: z.array(z.string()), message: z.string() }),
  z.object({ kind: z.literal('bad-source'), message: z.string() }),
  z.object({ kind: z.literal('sources-failed') }),
]);
type FetchReport = z.infer<typeof fetchReportSchema>;

const INPUT_FOLDERS = [
  'scripts/',
  'patches/',
  'sources/',
  'reports/',
  'build-wheels/',
  'test-wheels/',
  'wheel/',
  'cargo/',
  'go/',
  'maven/',
  'shared/',
];
const BUILD_FOLDERS = [
  'src/',
  'env/',
  'out/',
  'repaired/',
  'home/',
  'tmp/',
  'cache/',
  'state/',
  'state/headers/',
  'reports/',
  'wrappers/',
];

const TEST_FOLDERS = ['env/', 'home/', 'tmp/', 'reports/'];

/** What the worker has fetched itself before there was a container. */
export interface Downloads {
  /** The unpacked sdist without its top folder, checked for whatever an archive can do wrong. */
  openSourceTree: () => Readable;
  sources: FetchedSource[];
}

/** Fills the volumes: our own scripts, the recipe's patches, the unpacked sdist, which fails the attempt where it breaks the rules. */
export async function fillWorkspace(
  context: PhaseContext,
  downloads: Downloads,
  scripts: readonly TextFile[],
  caBundle: string | undefined,
): Promise<PhaseResult<void>> {
  const { engine, workspace, signal, order } = context;
  const patches = (order.recipe.patches ?? []).map((text, index) => ({
    name: `patches/${String(index + 1).padStart(4, '0')}.patch`,
    text: text.endsWith('\n') ? text : `${text}\n`,
  }));
  const certificates = caBundle === undefined ? [] : [{ name: 'ca-bundle.crt', text: caBundle }];
  try {
    await engine.putTars(
      workspace,
      [
        { folder: '/inputs', open: () => packFiles(INPUT_FOLDERS, [...scripts, ...patches, ...certificates]) },
        { folder: '/build', open: () => packFiles(BUILD_FOLDERS, []) },
        ...(context.cache ? [{ folder: `/${CACHE}`, open: () => packFiles(['ccache/'], []) }] : []),
        { folder: '/test', open: () => packFiles(TEST_FOLDERS, []) },
        { folder: '/build/src', open: downloads.openSourceTree },
        ...downloads.sources.map((source) => ({ folder: '/inputs/sources', open: () => source.pack() })),
      ],
      signal,
    );
    return { kind: 'done', value: undefined };
  } catch (error) {
    if (!(error instanceof WheelwrightError) || (error.code !== 'invalid' && error.code !== 'too-large')) throw error;
    return failed(context, 'fetch', {
      class: 'bad-sdist',
      line: error.message,
      cause: error.hint ?? 'The source archive is broken or breaks the rules for source archives (PEP 721).',
    });
  }
}

/** Reads what the sdist asks for and fetches it, as wheels only. */
export async function fetchInputs(context: PhaseContext): Promise<PhaseResult<Fetched>> {
  const { recipe } = context.order;
  const report = await fetchWheels(context, {
    source: true,
    toolchains: recipe.toolchains ?? [],
    crates: recipe.crates ?? [],
    prepare: recipe.prepare ?? '',
    replace: recipe.requires?.replace ?? false,
    requirements: recipe.requires?.additions ?? [],
    destination: '/inputs/build-wheels',
  });
  if (report.kind !== 'done') return report;
  const { requirements, wheels, sourceDateEpoch } = report.value;
  return {
    kind: 'done',
    value: {
      requirements,
      wheels,
      sourceDateEpoch: sourceDateEpoch ?? 0,
      sources: placedSources(context.order.recipe),
    },
  };
}

/** Fetches what a hook of the backend asks for beyond what its sdist declares. */
export async function fetchMore(
  context: PhaseContext,
  fetched: Fetched,
  more: readonly string[],
): Promise<PhaseResult<Fetched>> {
  const requirements = [...fetched.requirements, ...more];
  const report = await fetchWheels(context, { requirements, destination: '/inputs/build-wheels' });
  if (report.kind !== 'done') return report;
  return { kind: 'done', value: { ...fetched, requirements, wheels: report.value.wheels } };
}

/** Fetches what a wheel requires to be used, and what the recipe's test requires; the wheel stands at `/inputs/wheel`. */
export async function fetchTestWheels(
  context: PhaseContext,
  wheel: string,
  requirements: readonly string[],
): Promise<PhaseResult<FetchedWheel[]>> {
  if (requirements.length === 0) return { kind: 'done', value: [] };
  const report = await fetchWheels(context, {
    phase: 'test',
    wheel: `/inputs/wheel/${wheel}`,
    requirements,
    destination: '/inputs/test-wheels',
  });
  return report.kind === 'done' ? { kind: 'done', value: report.value.wheels } : report;
}

interface FetchTask {
  phase?: 'test';
  source?: boolean;
  toolchains?: readonly string[];
  crates?: readonly string[];
  prepare?: string;
  replace?: boolean;
  wheel?: string;
  requirements: readonly string[];
  destination: string;
}

async function fetchWheels(
  context: PhaseContext,
  task: FetchTask,
): Promise<PhaseResult<Extract<FetchReport, { kind: 'fetched' }>>> {
  const { engine, workspace, order, signal, indexToken } = context;
  const phase = task.phase ?? 'fetch';
  const { requires } = order.recipe;
  const reportPath = `/inputs/reports/${phase}.json`;
  const exit = await runScript(
    context,
    'fetch.py',
    {
      ...task,
      phase,
      report: reportPath,
      project: order.project,
      indexUrl: order.indexUrl,
      python: targetPython(order),
      shared: order.depends ?? [],
      patches: '/inputs/patches',
      // Bounds on what builds the package say nothing about what it needs to run.
      constraints: phase === 'fetch' ? (requires?.constraints ?? []) : [],
      ...(phase === 'fetch' && requires?.['as-of'] !== undefined ? { asOf: requires['as-of'] } : {}),
    },
    {
      image: context.fetcher,
      network: 'outside',
      python: TOOLS_PYTHON,
      // The sdist is there only while nothing of it has run; afterwards no network meets what foreign code wrote.
      mounts: task.source ? { inputs: 'read-write', build: 'read-write' } : { inputs: 'read-write' },
      limits: context.limits.short,
      // In the environment, which ends with the container: what is on the volume is still there when foreign code runs.
      environment: { ...FETCH_ENVIRONMENT, ...(indexToken !== undefined && { INDEX_TOKEN: indexToken }) },
    },
  );
  if (!succeeded(exit)) {
    if (exit.kind !== 'exited' || exit.oomKilled) return diagnosed(context, { phase, exit });
    throw new WheelwrightError(
      'unavailable',
      `fetching what the ${phase === 'fetch' ? 'build' : 'test'} requires failed: ${context.log.lastWords}`,
      {
        hint: 'Can containers reach the index? WHEELWRIGHT_FETCH_NETWORK and WHEELWRIGHT_CA_BUNDLE decide how.',
      },
    );
  }
  const report = await readReport(engine, workspace, reportPath, fetchReportSchema, signal);
  return concludeFetch(context, phase, report);
}

async function concludeFetch(
  context: PhaseContext,
  phase: 'fetch' | 'test',
  report: FetchReport,
): Promise<PhaseResult<Extract<FetchReport, { kind: 'fetched' }>>> {
  switch (report.kind) {
    case 'fetched': {
      const kind: AttemptInput['kind'] = phase === 'fetch' ? 'build-requirement' : 'test-requirement';
      context.log.record([
        ...report.wheels.map(({ name, version, sha256 }) => ({ kind, name, version, sha256 })),
        ...(report.toolchainSources ?? []).map((source) => ({ kind: 'source' as const, ...source })),
      ]);
      return { kind: 'done', value: report };
    }
    case 'unresolved':
      if (report.lacking.length > 0) {
        context.log.say(`${phase}: without a wheel, and so to be built first: ${report.lacking.join(', ')}`);
        return { kind: 'deferred', requirements: report.lacking };
      }
      return unresolved(context, phase);
    case 'bad-source':
      return failed(context, phase, {
        class: 'bad-sdist',
        line: report.message,
        cause: 'What the sdist declares about its build cannot be used as it is. A patch in the recipe can mend it.',
      });
    case 'sources-failed':
      return diagnosed(context, { phase });
    default:
      return report satisfies never;
  }
}

function unresolved<T>(context: PhaseContext, phase: 'fetch' | 'test'): PhaseResult<T> {
  const failure = context.diagnosis.conclude({ phase });
  return {
    kind: 'failed',
    failure: {
      ...failure,
      class: 'build-requirement',
      cause: `What the ${phase === 'fetch' ? 'build' : 'wheel'} requires cannot be had together. ${failure.cause}`,
    },
  };
}

/** What our own tools are told where there is a network; uv, go and Python's urllib, pip, curl and cargo each have a name of their own for it. */
const CERTIFICATES = '/inputs/ca-bundle.crt';
const FETCH_ENVIRONMENT = {
  HOME: '/tmp',
  UV_NO_CONFIG: '1',
  UV_CACHE_DIR: '/tmp/uv-cache',
  UV_NO_PROGRESS: '1',
  NO_COLOR: '1',
  SSL_CERT_FILE: CERTIFICATES,
  PIP_CERT: CERTIFICATES,
  CURL_CA_BUNDLE: CERTIFICATES,
  REQUESTS_CA_BUNDLE: CERTIFICATES,
  CARGO_HTTP_CAINFO: CERTIFICATES,
};
