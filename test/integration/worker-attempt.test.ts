// Attempts whose engine answers as a test wants.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { engineError } from '../../adapters/docker/engine-error.js';
import type { AttemptInput, Lease } from '../../core/attempt.js';
import { type ContainerSpec, ENVIRONMENT, type Engine, PREFIX } from '../../core/engine.js';
import { WheelwrightError } from '../../core/errors.js';
import type { Phase } from '../../core/phase.js';
import type { EffectiveRecipe } from '../../core/recipe/recipe.js';
import { parseSettings } from '../../core/settings.js';
import { makeAttempt } from '../../worker/attempt.js';
import { AttemptLog } from '../../worker/attempt-log.js';
import { packFiles } from '../../worker/workspace-files.js';
import { instantSite } from '../support/instant-engine.mjs';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const site = instantSite();

async function attempt(
  recipe: EffectiveRecipe,
  changed: Partial<Engine>,
  signal = new AbortController().signal,
  {
    settings = {},
    upstream = site.upstream,
  }: { settings?: Record<string, string>; upstream?: typeof site.upstream } = {},
) {
  const phases: Phase[] = [];
  const inputs: AttemptInput[] = [];
  const log = new AttemptLog({
    append: async (_firstLine, _text, marks) => {
      phases.push(...marks.phases.map(({ phase }) => phase));
      inputs.push(...marks.inputs);
    },
    onLine: () => undefined,
    limitBytes: 2 ** 20,
  });
  const lease: Lease = {
    attemptId: 'a1',
    attemptNumber: 1,
    token: 'none',
    leaseMs: 30_000,
    resources: { cpus: 1, memoryBytes: 2 ** 30, diskBytes: 2 ** 30 },
    order: {
      buildId: 'b1',
      project: 'sample',
      version: '1.0',
      sdist: { filename: 'sample-1.0.tar.gz', url: 'https://index.test/sample', sha256: sha256('sample') },
      recipe,
      target: { image: 'debian-11', policy: 'manylinux_2_31', arch: 'x86_64', python: 'cp313', builderDigest: '0' },
      channel: 'stable',
      indexUrl: 'https://index.test/simple/',
    },
  };
  const outcome = await makeAttempt(
    lease,
    {
      ...site,
      upstream,
      engine: { ...site.engine, ...changed },
      settings: parseSettings(settings),
    },
    { log, listen: () => undefined, deliver: async () => undefined },
    () => undefined,
    signal,
  );
  await log.flush();
  return { outcome, phases, inputs };
}

// What a recipe's own library does and leaves is foreign: no container with a network is made from its image, or sees the sdist after it.
test.each(['kept', 'built now'])('fetching comes before a library that is %s and is without it', async (library) => {
  const ran: Pick<ContainerSpec, 'image' | 'network'>[] = [];
  let repairing: ContainerSpec['environment'] = {};
  const source = {
    url: 'https://index.test/library.tar.gz',
    sha256: sha256('library.tar.gz'),
    install: 'make install',
  };
  const { outcome, phases, inputs } = await attempt(
    { sources: [source] },
    {
      withLibraries: async (_builder, _key, archive) =>
        library === 'kept' || archive !== undefined
          ? { reference: 'builder-with-libraries', sha256: sha256('builder-with-libraries') }
          : undefined,
      getTar: (workspace, path, stop) =>
        path === PREFIX ? Promise.resolve(Readable.from([])) : site.engine.getTar(workspace, path, stop),
      run: async (spec, output, signal) => {
        ran.push({ image: spec.image, network: spec.network });
        if (spec.command.at(-1) === '/inputs/scripts/repair.py') repairing = spec.environment;
        if (spec.command.at(-1) === '/inputs/scripts/library.py') return { kind: 'exited', code: 0, oomKilled: false };
        return site.engine.run(spec, output, signal);
      },
    },
  );
  expect(outcome).toMatchObject({ kind: 'succeeded' });
  expect(ran).toEqual([
    { image: 'builder', network: 'outside' },
    ...(library === 'kept' ? [] : [{ image: 'builder', network: 'none' }]),
    { image: 'builder-with-libraries', network: 'none' },
    { image: 'builder-with-libraries', network: 'none' },
    { image: 'clean', network: 'none' },
  ]);
  // Nor do our own tools load it.
  expect(repairing).toMatchObject({ LD_LIBRARY_PATH: '' });
  expect(inputs).toContainEqual({
    kind: 'image',
    name: 'libraries debian-11 cp313',
    version: 'builder-with-libraries',
    sha256: sha256('builder-with-libraries'),
  });
  const building: Phase[] = library === 'kept' ? ['build'] : ['build', 'build'];
  expect(phases).toEqual(['fetch', ...building, 'repair', 'test', 'publish']);
});

test('an image that can never be made ends the attempt as failed, in its own words', async () => {
  const line = 'E: Failed to fetch http://mirror.example/pool/python.dsc  404  Not Found';
  const refusal = { kind: 'refused', class: 'infrastructure', log: `Reading\n${line}`, line, cause: 'gone' } as const;
  const { outcome } = await attempt({}, { prepareImages: async () => refusal });
  expect(outcome).toMatchObject({
    kind: 'failed',
    failure: { class: 'infrastructure', phase: 'fetch', line, lineNumber: 4, cause: 'gone' },
  });
});

test('a test that failed has failed, whatever its modules are called', async () => {
  const report = { kind: 'failed', message: 'no', imported: ['größe'], broken: ['sample'] };
  const { outcome } = await attempt(
    {},
    {
      getTar: async (workspace, path, stop) => {
        if (path !== '/test/reports/test.json') return site.engine.getTar(workspace, path, stop);
        return packFiles([], [{ name: 'test.json', text: JSON.stringify(report) }]);
      },
    },
  );
  expect(outcome).toMatchObject({ kind: 'failed', failure: { class: 'test-failed', phase: 'test' } });
});

test('an attempt that is broken off while a report is read blames no package', async () => {
  const breaking = new AbortController();
  const stopped = new Error('the worker stops');
  const brokenOff = attempt(
    {},
    {
      getTar: async (workspace, path, stop) => {
        if (path !== '/build/reports/build.json') return site.engine.getTar(workspace, path, stop);
        breaking.abort(stopped);
        return Readable.from([Buffer.from('half of an archive')]);
      },
    },
    breaking.signal,
  );
  await expect(brokenOff).rejects.toBe(stopped);
});

/** A build whose wheels are large enough for their environment to be kept, and whose backend asks for so many requirements before it is content. */
async function askingBuild(requests: number) {
  const wheel = { name: 'big', version: '1', filename: 'big-1-py3-none-any.whl', sha256: '0', sizeBytes: 2 ** 24 };
  let builds = 0;
  const made = await attempt(
    {},
    {
      findEnvironment: async () => 'environment',
      run: async (spec, output, signal) => {
        const ended = await site.engine.run(spec, output, signal);
        if (spec.command.at(-1) !== '/inputs/scripts/build.py') return ended;
        builds += 1;
        if (spec.kept?.at !== ENVIRONMENT) return ended;
        await output(Buffer.from("OSError: [Errno 30] Read-only file system: '/build/env/x'\n"));
        return { kind: 'exited', code: 1, oomKilled: false };
      },
      getTar: async (workspace, path, stop) => {
        const asks = path === '/build/reports/build.json' && builds <= requests + 1;
        const report = asks
          ? { kind: 'more-requirements', requirements: [`more${builds}`] }
          : { kind: 'fetched', requirements: [], wheels: [wheel] };
        if (!asks && path !== '/inputs/reports/fetch.json') return site.engine.getTar(workspace, path, stop);
        return packFiles([], [{ name: 'report.json', text: JSON.stringify(report) }]);
      },
    },
  );
  return { ...made, builds };
}

test('a build that needs an environment of its own may still ask five times for more requirements, and no more', async () => {
  const content = await askingBuild(5);
  expect(content.outcome).toMatchObject({ kind: 'succeeded' });
  expect(content.builds).toBe(7);
  const asking: Phase[] = Array.from({ length: 5 }, (): Phase[] => ['fetch', 'build']).flat();
  expect(content.phases).toEqual(['fetch', 'build', 'build', ...asking, 'repair', 'test', 'publish']);
  const { outcome } = await askingBuild(6);
  expect(outcome).toMatchObject({ kind: 'failed', failure: { class: 'build-requirement', phase: 'build' } });
  expect(outcome).toMatchObject({ failure: { line: 'the backend asks for ever more: more7' } });
});

test.each([
  ['a host of which no address answers', new AggregateError([new Error('connect ETIMEDOUT 127.0.0.1:1')]), /ETIMEDOUT/],
  ['an error that says nothing', Object.assign(new Error(''), { code: 'EPIPE' }), /EPIPE/],
  ['an engine that says nothing', engineError('being asked', new AggregateError([new Error('ECONNREFUSED')])), /FUSED/],
])('an attempt that is lost to %s gives a reason', async (_, error, reason) => {
  const { outcome } = await attempt({}, { prepareImages: () => Promise.reject(error) });
  expect(outcome).toEqual({ kind: 'lost', reason: expect.stringMatching(reason) });
});

test('a wheel that is larger than it may be has failed, and is not built again', async () => {
  const { outcome } = await attempt({}, {}, undefined, { settings: { WHEELWRIGHT_WHEEL_BYTES: '100' } });
  const line = expect.stringMatching(/^the wheel is too large: .*\.whl has \d+ bytes where 100 are allowed$/);
  const cause = expect.stringContaining('WHEELWRIGHT_WHEEL_BYTES');
  expect(outcome).toMatchObject({ kind: 'failed', failure: { class: 'bad-wheel', line, cause } });
});

test('what is tested can write over the report, and has failed then', async () => {
  const { outcome } = await attempt(
    {},
    {
      getTar: async (workspace, path, stop) =>
        path === '/test/reports/test.json'
          ? packFiles([], [{ name: 'test.json', text: 'no JSON' }])
          : site.engine.getTar(workspace, path, stop),
    },
  );
  const line = 'the test ended without saying how';
  expect(outcome).toMatchObject({ kind: 'failed', failure: { class: 'test-failed', phase: 'test', line } });
});

test('a build that ran out of time is not run again for an environment of its own', async () => {
  const wheel = { name: 'big', version: '1', filename: 'big-1-py3-none-any.whl', sha256: '0', sizeBytes: 2 ** 24 };
  let builds = 0;
  const { outcome } = await attempt(
    {},
    {
      findEnvironment: async () => 'environment',
      run: async (spec, output, signal) => {
        const ended = await site.engine.run(spec, output, signal);
        if (spec.command.at(-1) !== '/inputs/scripts/build.py') return ended;
        builds += 1;
        await output(Buffer.from("OSError: [Errno 30] Read-only file system: '/build/env/x'\n"));
        return { kind: 'timed-out' };
      },
      getTar: async (workspace, path, stop) => {
        if (path !== '/inputs/reports/fetch.json') return site.engine.getTar(workspace, path, stop);
        const report = { kind: 'fetched', requirements: [], wheels: [wheel] };
        return packFiles([], [{ name: 'fetch.json', text: JSON.stringify(report) }]);
      },
    },
  );
  expect(builds).toBe(1);
  expect(outcome).toMatchObject({ kind: 'failed', failure: { phase: 'build' } });
});

test('an attempt that is lost to a download says which error that was', async () => {
  const { outcome } = await attempt(
    {},
    {
      run: async (_spec, output) => {
        await output(Buffer.from('Traceback:\n  fetch.py\nurllib.error.URLError: timed out\n\n'));
        return { kind: 'exited', code: 1, oomKilled: false };
      },
    },
  );
  const reason = 'fetching what the build requires failed: urllib.error.URLError: timed out';
  expect(outcome).toEqual({ kind: 'lost', reason });
});

test.each([
  ['does not answer', () => Promise.reject(new WheelwrightError('unavailable', 'it answered with status 503'))],
  ['breaks off', async () => Readable.from(breakingOff())],
])('an upstream that %s once is asked again', async (_, answer) => {
  let asked = 0;
  const upstream = {
    file: (url: string, stop: AbortSignal) => {
      asked += 1;
      return asked === 1 ? answer() : site.upstream.file(url, stop);
    },
  };
  const { outcome } = await attempt({}, {}, undefined, { upstream });
  expect(outcome).toMatchObject({ kind: 'succeeded' });
  expect(asked).toBe(2);
});

async function* breakingOff() {
  yield Buffer.from('half');
  throw new Error('the connection was closed');
}

test('what the upstream does not have is not asked for again', async () => {
  let asked = 0;
  const upstream = {
    file: () => {
      asked += 1;
      return Promise.reject(new WheelwrightError('not-found', 'it is gone'));
    },
  };
  const { outcome } = await attempt({}, {}, undefined, { upstream });
  expect(outcome).toMatchObject({ kind: 'failed', failure: { class: 'bad-sdist' } });
  expect(asked).toBe(1);
});
