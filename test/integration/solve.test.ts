import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import * as tar from 'tar-stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  type Build,
  buildSchema,
  type Problem,
  type Solve,
  type Submission,
  solveSchema,
  submissionSchema,
} from '../../client/contract.js';
import type { Lease } from '../../core/attempt.js';
import type { Failure } from '../../core/failure.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { makeWheel } from '../support/wheel.js';

let service: TestApi;
beforeEach(async () => {
  service = await startTestApi();
  service.upstream.add('spam', 'spam-1.0.tar.gz');
});
afterEach(() => service.close());

const WAIT_MS = 10_000;
const WHEEL = 'spam-1.0-cp313-cp313-manylinux_2_31_x86_64.whl';

function missing(header: string, ...apt: string[]): Failure {
  return {
    class: 'missing-header',
    phase: 'build',
    line: `spam.c:1: fatal error: ${header}: No such file or directory`,
    lineNumber: 3,
    cause: `${header} is missing.`,
    missing: [{ kind: 'header', name: header }],
    ...(apt.length === 0
      ? {}
      : { proposal: { edit: { system: { apt } }, why: `${apt.join()} has it`, guess: true as const } }),
  };
}

const fail = (lease: Lease, failure: Failure) => service.finish(lease, { kind: 'failed', failure });

async function start(more: Record<string, unknown> = {}): Promise<string> {
  const answer = await service.call<{ builds: Build[]; solves: { id: string }[] }>('POST', '/api/v1/builds', {
    json: { requirement: 'spam', solve: true, ...more },
  });
  expect(answer.status).toBe(202);
  return answer.body.solves[0]?.id ?? '';
}

const solveOf = async (id: string) => solveSchema.parse((await service.call('GET', `/api/v1/solves/${id}`)).body);

async function ended(id: string): Promise<Solve> {
  return expect
    .poll(async () => (await solveOf(id)).status, { timeout: WAIT_MS })
    .not.toBe('running')
    .then(() => solveOf(id));
}

const submissionOf = async (id: string | undefined) =>
  submissionSchema.parse((await service.call('GET', `/api/v1/submissions/${id}`)).body);

test('from a failure to a recipe, a trial wheel, an approval and the same bytes for everybody; through a restart', async () => {
  const id = await start();
  const first = await service.claim(WAIT_MS);
  expect(first.order).toMatchObject({ channel: 'stable', recipe: {} });
  await fail(first, missing('ham.h', 'libham-dev'));
  await service.restart();
  const second = await service.claim(WAIT_MS);
  expect(second.order).toMatchObject({ channel: 'trial', recipe: { system: { apt: ['libham-dev'] } } });
  const wheel = makeWheel(WHEEL);
  await service.deliver(second, wheel);

  const solve = await ended(id);
  expect(solve).toMatchObject({
    status: 'solved',
    solvedBy: second.order.buildId,
    recipe: 'project: spam\nsystem:\n  apt:\n    - libham-dev\n',
    steps: [
      { number: 1, purpose: 'first', edits: [] },
      { number: 2, purpose: 'edit', parent: 1, buildId: second.order.buildId },
    ],
  });
  const submission = await submissionOf(solve.submissionId);
  expect(submission).toMatchObject({
    project: 'spam',
    status: 'open',
    requirement: 'spam==1.0',
    trials: [{ buildId: second.order.buildId, python: 'cp313', status: 'succeeded' }],
    evidence: [{ why: 'libham-dev has it', guess: true, evidence: { buildId: first.order.buildId, lineNumber: 3 } }],
    history: [{ action: 'submitted', who: 'admin-token file', reason: 'found by solving spam' }],
  });
  expect(submission.diff.map(({ sign }) => sign)).toEqual(['+', '+', '+', '+']);
  const trial = await service.build(second.order.buildId);
  expect(trial.files[0]?.url).toContain('/trial/files/');

  const { store } = service.api.context;
  const approved = await service.call<Submission>('POST', `/api/v1/submissions/${submission.id}/approve`, {
    json: { reason: 'looks right' },
  });
  expect(approved.body).toMatchObject({
    status: 'approved',
    history: [{ action: 'submitted' }, { action: 'approved', reason: 'looks right' }],
  });
  expect(await store.file(WHEEL)).toMatchObject({ channel: 'stable', sha256: wheel.sha256 });

  // Asked again, the recipe is everybody's: the same build, now stable, and nothing left to do.
  const [again] = await service.ask('spam');
  expect(again).toMatchObject({ id: second.order.buildId, channel: 'stable', status: 'succeeded' });
  expect(again?.files[0]?.url).not.toContain('/trial/');
  const listed = await service.call<{ recipes: { project: string }[] }>('GET', '/api/v1/recipes');
  expect(listed.body.recipes.map(({ project }) => project)).toContain('spam');
});

test('all that is known beforehand is kept', async () => {
  const id = await start();
  const { solves } = service.api.context;
  const kept = async () => (await solves.running()).find((solve) => solve.id === id)?.facts;
  const facts = await kept();
  if (facts === undefined) throw new Error('the solve does not run');
  const told = { ...facts, wheels: { upTo: 'cp312', firstRelease: '2.0', python: 'cp311' } };
  await solves.setFacts(id, told);
  expect(await kept()).toEqual(told);
  await fail(await service.claim(WAIT_MS), missing('ham.h'));
});

test('what was missing, and that a proposal is a guess, come back with the build', async () => {
  const [build] = await service.ask('spam');
  await fail(await service.claim(WAIT_MS), missing('ham.h', 'libham-dev'));
  const failed = buildSchema.parse(await service.build(build?.id ?? ''));
  expect(failed.attempts[0]?.failure).toEqual(missing('ham.h', 'libham-dev'));
});

test('a solver that would loop: the same failure again ends it, and says what was tried', async () => {
  const id = await start();
  await fail(await service.claim(WAIT_MS), missing('ham.h', 'libham-dev'));
  await fail(await service.claim(WAIT_MS), missing('ham.h', 'libham-dev'));
  const solve = await ended(id);
  expect(solve.status).toBe('gave-up');
  expect(solve.reason).toMatch(/No new idea.*ham\.h.*libham-dev/);
  expect(solve.steps).toHaveLength(2);
  expect(solve.submissionId).toBeUndefined();
});

test('always another idea: it ends after eight builds, each of them kept', async () => {
  const id = await start();
  for (let number = 1; number <= 8; number += 1) {
    await fail(await service.claim(WAIT_MS), missing(`${'x'.repeat(number)}.h`, `lib${number}-dev`));
  }
  const solve = await ended(id);
  expect(solve.reason).toMatch(/Not solved in 8 attempts/);
  expect(new Set(solve.steps.map(({ buildId }) => buildId)).size).toBe(8);
});

test('what works at once is an ordinary build, and the other interpreters are asked for', async () => {
  const id = await start({ python: ['cp313', 'cp311'] });
  await service.deliver(await service.claim(WAIT_MS), makeWheel(WHEEL));
  const solve = await ended(id);
  expect(solve.recipe).toBeUndefined();
  expect(solve.submissionId).toBeUndefined();
  expect((await service.claim(WAIT_MS)).order).toMatchObject({ target: { python: 'cp311' }, channel: 'stable' });
});

test('cancelling the build that it waits for ends a solve; asked again, it begins anew', async () => {
  const id = await start();
  const [step] = (await solveOf(id)).steps;
  await service.call('POST', `/api/v1/builds/${step?.buildId}/cancel`);
  expect((await ended(id)).status).toBe('cancelled');
  const again = await start();
  expect(again).not.toBe(id);
  expect((await service.claim(WAIT_MS)).order.buildId).toBe(step?.buildId);
});

test('what failed before is built again, since what is said about a log changes; not for each who asks meanwhile', async () => {
  const [build] = await service.ask('spam');
  await fail(await service.claim(WAIT_MS), missing('ham.h'));
  const id = await start();
  const again = await service.claim(WAIT_MS);
  expect(again.order.buildId).toBe(build?.id);
  await fail(again, missing('ham.h', 'libham-dev'));
  const next = await service.claim(WAIT_MS);
  expect(next.order.recipe).toMatchObject({ system: { apt: ['libham-dev'] } });
  expect(await start()).toBe(id);
  expect((await service.build(build?.id ?? '')).attempts.map(({ status }) => status)).toEqual(['failed', 'failed']);
});

test('asked twice while it runs, it is one solve', async () => {
  expect(await start()).toBe(await start());
  expect((await service.call<Problem>('GET', '/api/v1/solves/nothing')).status).toBe(404);
});

test('where the base is too old, the older release that works is the answer, and says what stood in the way', async () => {
  service.upstream.add('spam', 'spam-2.0.tar.gz');
  const id = await start();
  const tooOld: Failure = {
    class: 'library-too-old',
    phase: 'build',
    line: 'needs ham >= 3',
    lineNumber: 1,
    cause: 'Old.',
  };
  await fail(await service.claim(WAIT_MS), tooOld);
  const older = await service.claim(WAIT_MS);
  expect(older.order.version).toBe('1.0');
  await service.deliver(older, makeWheel(WHEEL));
  const solve = await ended(id);
  expect(solve).toMatchObject({ status: 'solved', solvedBy: older.order.buildId });
  expect(solve.reason).toMatch(/2\.0 is too new.*needs ham >= 3.*1\.0 works here.*newer target/);
});

test('older releases that by their sdists want as new a library are not built', async () => {
  const wants = { '1.0': '2.1', '1.5': '3', '1.8': '3.0', '1.9': '3.0', '2.0': '3.1' };
  for (const [version, ham] of Object.entries(wants)) {
    await offer(version, 'setup.py', `HAM_MINIMUM = "${ham}"\n`);
  }
  const id = await start();
  const tooOld = { class: 'library-too-old', phase: 'build', lineNumber: 1, cause: 'Old.' } as const;
  await fail(await service.claim(WAIT_MS), { ...tooOld, line: 'ham 3.1 is needed, 2.4 was found' });
  const older = await service.claim(WAIT_MS);
  expect(older.order.version).toBe('1.5');
  await service.deliver(older, makeWheel(WHEEL.replace('1.0', '1.5')));
  const solve = await ended(id);
  expect(solve).toMatchObject({ status: 'solved', solvedBy: older.order.buildId });
  expect(solve.steps).toHaveLength(2);
});

test('a function that every release uses in some form does not rule them out', async () => {
  for (const version of ['1.0', '1.9', '2.0']) await offer(version, 'spam.c', 'HAM_New(1);\n');
  const id = await start();
  await fail(await service.claim(WAIT_MS), {
    class: 'library-too-old',
    phase: 'build',
    line: 'spam.c:1:1: error: ‘HAM_New’ undeclared',
    lineNumber: 1,
    cause: 'Old.',
  });
  const older = await service.claim(WAIT_MS);
  expect(older.order.version).toBe('1.9');
  await service.deliver(older, makeWheel(WHEEL.replace('1.0', '1.9')));
  expect(await ended(id)).toMatchObject({ status: 'solved' });
});

/** An sdist of spam with one source. */
async function offer(version: string, path: string, text: string): Promise<void> {
  const filename = `spam-${version}.tar.gz`;
  if (version !== '1.0') service.upstream.add('spam', filename);
  const sdist = tar.pack();
  sdist.entry({ name: `spam-${version}/${path}` }, text);
  sdist.entry({ name: `spam-${version}/PKG-INFO` }, `Metadata-Version: 2.1\nName: spam\nVersion: ${version}\n`);
  sdist.finalize();
  service.upstream.bodies.set(filename, gzipSync(await buffer(sdist)));
}

test('what a release pins that is no wheel and cannot be built is asked for without the bound', async () => {
  service.upstream.add('ham', 'ham-1.0.tar.gz');
  await offer('1.0', 'pyproject.toml', '[build-system]\nrequires = ["setuptools", "ham==1.0"]\n');
  const id = await start();
  const first = await service.claim(WAIT_MS);
  await service.finish(first, { kind: 'deferred', requirements: ['ham==1.0'] });
  await fail(await service.claim(WAIT_MS), { ...missing('ham.h'), class: 'python-too-new' });
  const second = await service.claim(WAIT_MS);
  expect(second.order.recipe.requires).toEqual({ replace: true, additions: ['setuptools', 'ham>=1.0'] });
  await service.deliver(second, makeWheel(WHEEL));
  expect(await ended(id)).toMatchObject({ status: 'solved', solvedBy: second.order.buildId });
});

test('what only a setup script asks for, and cannot be had, is asked for in a later version by the recipe', async () => {
  service.upstream.add('ham', 'ham-1.0.tar.gz');
  await offer('1.0', 'setup.py', 'setup(setup_requires=["ham==1.0"])\n');
  await start();
  await service.finish(await service.claim(WAIT_MS), { kind: 'deferred', requirements: ['ham==1.0'] });
  await fail(await service.claim(WAIT_MS), { ...missing('ham.h'), class: 'python-too-new' });
  const second = await service.claim(WAIT_MS);
  expect(second.order.recipe.requires).toEqual({ replace: true, additions: ['setuptools', 'wheel', 'ham>=1.0'] });
});

test('after the nearest older release comes the one of the time of the base', async () => {
  const years = { '2.0': 2026, '1.9': 2025, '1.8': 2024, '1.7': 2023, '1.6': 2022, '1.3': 2020, '1.2': 2019 };
  for (const [version, year] of Object.entries(years))
    service.upstream.add('spam', `spam-${version}.tar.gz`, { 'upload-time': `${year}-06-01T00:00:00Z` });
  await start();
  const tooOld = {
    class: 'library-too-old',
    phase: 'build',
    line: 'ham is too old',
    lineNumber: 1,
    cause: '',
  } as const;
  const versions: string[] = [];
  for (let tries = 0; tries < 3; tries++) {
    const lease = await service.claim(WAIT_MS);
    versions.push(lease.order.version);
    await fail(lease, tooOld);
  }
  expect(versions).toEqual(['2.0', '1.9', '1.3']);
});

test('a library that is built first is known after a restart, and its recipe is for the policy of the base', async () => {
  const id = await start({ requirement: 'spam==1.0' });
  const sources = [
    {
      debian: { suite: 'trixie', package: 'ham', filename: 'ham_2.orig.tar.gz' },
      sha256: '0'.repeat(64),
      install: 'make install\n',
    },
  ];
  const edit = { system: { apt: ['libegg-dev'] }, sources };
  const why = 'libham-dev here is 1.0, and trixie has ham 2.0';
  const first = await service.claim(WAIT_MS);
  await fail(first, {
    class: 'library-too-old',
    phase: 'build',
    line: 'ham 2.0 is needed',
    lineNumber: 1,
    cause: '',
    found: '1.0',
    ideas: [{ edit, why, guess: true }],
  });
  await service.restart();
  const second = await service.claim(WAIT_MS);
  expect(second.order.recipe).toEqual(edit);
  await service.deliver(second, makeWheel(WHEEL));
  const solve = await ended(id);
  expect(parse(solve.recipe ?? '')).toEqual({
    project: 'spam',
    overrides: [{ when: { policy: 'manylinux_2_31' }, ...edit }],
  });
  expect(solve.steps[1]?.edits).toMatchObject([{ edit, why, guess: true, evidence: { line: 'ham 2.0 is needed' } }]);
  expect(await submissionOf(solve.submissionId)).toMatchObject({ status: 'open', evidence: [{ edit, why }] });
});

test('sdists that cannot be had hinder no solve', async () => {
  for (const version of ['2.0', '1.9', '1.8']) service.upstream.add('spam', `spam-${version}.tar.gz`);
  service.upstream.breaking.add('spam-2.0.tar.gz');
  const id = await start();
  await fail(await service.claim(WAIT_MS), {
    class: 'library-too-old',
    phase: 'build',
    line: 'ham 3.1 is needed, 2.4 was found',
    lineNumber: 1,
    cause: 'Old.',
  });
  const older = await service.claim(WAIT_MS);
  expect(older.order.version).toBe('1.9');
  expect(service.upstream.requests.filter((path) => path.endsWith('spam-2.0.tar.gz'))).toHaveLength(1);
  await service.deliver(older, makeWheel(WHEEL.replace('1.0', '1.9')));
  expect(await ended(id)).toMatchObject({ status: 'solved' });
});

test('a recipe that says nothing and works is no submission, and no failure either', async () => {
  const id = await start({ recipe: 'project: spam\n' });
  await service.deliver(await service.claim(WAIT_MS), makeWheel(WHEEL));
  const solve = await ended(id);
  expect(solve).toMatchObject({ status: 'solved', reason: expect.stringMatching(/was not submitted/) });
  expect(solve.submissionId).toBeUndefined();
});
