import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Build, buildSchema, type Problem, problemSchema } from '../../client/contract.js';
import { newFile } from '../suites/build-store.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { makeWheel } from '../support/wheel.js';

let service: TestApi;
beforeEach(async () => {
  service = await startTestApi();
  service.upstream.add('spam', 'spam-1.0.tar.gz');
  service.upstream.add('spam', 'spam-2.0.tar.gz');
});
afterEach(() => service.close());

const post = (json: unknown) => service.call<Problem & { builds: Build[] }>('POST', '/api/v1/builds', { json });

test('a requirement becomes a queued build of its newest release, in the form of the contract', async () => {
  const answer = await post({ requirement: 'Spam>=1', python: ['cp313'] });
  expect(answer.status).toBe(202);
  const [build] = answer.body.builds;
  expect(buildSchema.parse(build)).toMatchObject({
    project: 'spam',
    version: '2.0',
    status: 'queued',
    channel: 'stable',
    target: { policy: 'manylinux_2_31', arch: 'x86_64', python: 'cp313' },
    sdist: { filename: 'spam-2.0.tar.gz' },
    attempts: [],
    files: [],
  });
  const nobody = expect.stringContaining('No worker is there');
  expect(await service.build(build?.id ?? '')).toEqual({ ...build, nobody });
});

test('the same key asked again gives the same build and 200; a pinned one without asking the upstream', async () => {
  const [build] = await service.ask('spam==1.0');
  const again = await post({ requirement: 'spam<2' });
  expect(again.status).toBe(200);
  expect(again.body.builds.map(({ id }) => id)).toEqual([build?.id]);

  service.upstream.down = true;
  await service.restart();
  const pinned = await post({ requirement: 'spam==1.0' });
  expect(pinned.status).toBe(200);
  expect(pinned.body.builds.map(({ id }) => id)).toEqual([build?.id]);
});

test('several interpreters: the oldest is built first, and its abi3 wheel answers the others', async () => {
  const builds = await service.ask('spam==1.0', { python: ['cp313', 'cp311'] });
  expect(builds.map(({ target, status }) => [target.python, status])).toEqual([
    ['cp311', 'queued'],
    ['cp313', 'waiting'],
  ]);
  const lease = await service.claim();
  expect(lease.order.target.python).toBe('cp311');
  await service.deliver(lease, makeWheel('spam-1.0-cp311-abi3-manylinux_2_31_x86_64.whl'));
  const newer = await service.build(builds[1]?.id ?? '');
  expect(newer).toMatchObject({ status: 'succeeded', attempts: [] });
  expect(newer.files.map(({ filename }) => filename)).toEqual(['spam-1.0-cp311-abi3-manylinux_2_31_x86_64.whl']);
});

test('a wheel for one interpreter only lets the others be built', async () => {
  const builds = await service.ask('spam==1.0', { python: ['cp311', 'cp313'] });
  await service.deliver(await service.claim(), makeWheel('spam-1.0-cp311-cp311-manylinux_2_31_x86_64.whl'));
  expect((await service.build(builds[1]?.id ?? '')).status).toBe('queued');
  expect((await service.claim()).order.target.python).toBe('cp313');
});

test('a pure wheel answers another interpreter and policy asked for later, at once', async () => {
  await service.ask('spam==1.0', { python: ['cp311'] });
  await service.deliver(await service.claim(), makeWheel('spam-1.0-py3-none-any.whl'));
  const answer = await post({ requirement: 'spam==1.0', python: ['cp313'], policy: 'manylinux_2_36' });
  expect(answer.body.builds[0]).toMatchObject({
    status: 'succeeded',
    target: { policy: 'manylinux_2_36', python: 'cp313' },
    files: [{ filename: 'spam-1.0-py3-none-any.whl' }],
  });
});

test('a recipe of the request makes a build of its own on the trial channel', async () => {
  const [plain] = await service.ask('spam==1.0');
  const recipe = 'project: spam\nenvironment: { SPAM: "1" }\n';
  const [own] = await service.ask('spam==1.0', { recipe });
  expect(own?.id).not.toBe(plain?.id);
  expect(own?.channel).toBe('trial');
  await service.claim();
  expect((await service.claim()).order.recipe).toEqual({ environment: { SPAM: '1' } });
});

test('a build is given the wheels that it shares libraries with, and what their builders had in them, once they are built for its target', async () => {
  service.upstream.add('eggs', 'eggs-1.0.tar.gz');
  const recipe = 'project: spam\ndepends: ["Eggs<2"]\nsystem: { apt: [libspam-dev] }\n';
  const [build] = await service.ask('spam==1.0', { recipe });
  const lease = await service.claim();
  expect(lease.order.depends).toEqual([]);
  await service.finish(lease, { kind: 'deferred', requirements: ['Eggs<2'] });
  const eggs = await service.claim();
  expect(eggs.order).toMatchObject({ project: 'eggs', channel: 'stable' });
  expect(eggs.order).not.toHaveProperty('depends');
  const filename = 'eggs-1.0-cp313-cp313-manylinux_2_31_x86_64.whl';
  await service.deliver(eggs, makeWheel(filename));
  const again = await service.claim();
  expect(again.order).toMatchObject({
    buildId: build?.id,
    depends: [{ project: 'eggs', version: '1.0', filename, grafted: [] }],
    lineage: [{}],
  });
  expect(again.order.depends?.[0]?.url).toMatch(/\/files\/eggs\/[0-9a-f]{64}\/eggs-1\.0-cp313/);
});

test('a level of processors beyond the first is recorded with the wheel, and not with a pure one', async () => {
  const recipe = 'project: spam\ncpu: x86-64-v3\n';
  const [build] = await service.ask('spam==1.0', { recipe });
  await service.deliver(await service.claim(), makeWheel('spam-1.0-cp313-cp313-manylinux_2_31_x86_64.whl'));
  expect((await service.build(build?.id ?? '')).files).toMatchObject([{ cpu: 'x86-64-v3' }]);
  const [pure] = await service.ask('spam==2.0', { recipe });
  await service.deliver(await service.claim(), makeWheel('spam-2.0-py3-none-any.whl'));
  expect((await service.build(pure?.id ?? '')).files[0]).not.toHaveProperty('cpu');
});

test.each([
  ['no such project', { requirement: 'nothing-here' }, 404, /there is no project nothing-here/],
  ['no such version', { requirement: 'spam==7' }, 404, /no version of spam satisfies ==7/],
  ['not a requirement', { requirement: 'spam===;;' }, 400, /is not a requirement/],
  ['unknown interpreter', { requirement: 'spam', python: ['cp27'] }, 400, /has the interpreter "cp27"/],
  ['unknown policy', { requirement: 'spam', policy: 'manylinux_1_1' }, 400, /no image builds for the policy/],
  ['unknown key', { requirement: 'spam', pyton: ['cp313'] }, 400, /pyton/],
  ['faulty recipe', { requirement: 'spam', recipe: 'project: spam\nsystm: {}\n' }, 400, /recipe has a fault/],
  ['recipe of another project', { requirement: 'spam', recipe: 'project: eggs\n' }, 400, /recipe is for eggs/],
  [
    'recipe for other versions',
    { requirement: 'spam', recipe: 'project: spam\nversions: "<1"\n' },
    400,
    /not for spam 2.0/,
  ],
  ['marker that excludes', { requirement: 'spam; python_version < "3.0"' }, 400, /marker/],
])('%s is a problem document with a hint', async (_what, request, status, detail) => {
  const answer = await post(request);
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const problem = problemSchema.parse(answer.body);
  expect(problem).toMatchObject({ status, detail: expect.stringMatching(detail) });
  expect(problem.hint).toBeTruthy();
});

test('the nearest versions, the interpreters and policies that exist, and the place of a fault are named', async () => {
  expect((await post({ requirement: 'spam==1.5' })).body.hint).toContain('1.0');
  expect((await post({ requirement: 'spam', python: ['cp27'] })).body.hint).toContain('cp313');
  expect((await post({ requirement: 'spam', policy: 'manylinux_1_1' })).body.hint).toContain('manylinux_2_31');
  const lint = await post({ requirement: 'spam', recipe: 'project: spam\nsystm: {}\n' });
  expect(lint.body.faults).toEqual([expect.objectContaining({ line: 2, column: 1 })]);
});

test('a release without an sdist names its wheels, and one for other Pythons says which', async () => {
  service.upstream.add('binary', 'binary-1.0-py3-none-any.whl');
  service.upstream.add('old', 'old-1.0.tar.gz', { 'requires-python': '<3' });
  expect((await post({ requirement: 'binary' })).body.detail).toContain('binary-1.0-py3-none-any.whl');
  expect((await post({ requirement: 'old' })).body.hint).toContain('<3');
});

test('a project that was uploaded here, or whose name is reserved, is never built from the upstream', async () => {
  const { store } = service.api.context;
  await store.addFile(newFile('spam-0.1-py3-none-any.whl', { origin: 'upload', ownsProject: true }), 0);
  expect(await post({ requirement: 'spam' })).toMatchObject({ status: 403, body: { hint: expect.any(String) } });
  expect(service.upstream.requests).toEqual([]);
});

test('an upstream that is away is 503 with Retry-After, and not remembered', async () => {
  service.upstream.down = true;
  const answer = await post({ requirement: 'spam' });
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
  service.upstream.down = false;
  expect((await post({ requirement: 'spam' })).status).toBe(202);
});

test('the list is paged by a cursor, newest first, without gap or double while builds are added', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    service.upstream.add(name, `${name}-1.0.tar.gz`);
    await service.ask(name);
    service.advance(1);
  }
  type Page = { builds: Build[]; nextCursor?: string };
  const first = (await service.call<Page>('GET', '/api/v1/builds?limit=2')).body;
  service.upstream.add('f', 'f-1.0.tar.gz');
  await service.ask('f');
  const second = (await service.call<Page>('GET', `/api/v1/builds?limit=2&cursor=${first.nextCursor}`)).body;
  const third = (await service.call<Page>('GET', `/api/v1/builds?limit=2&cursor=${second.nextCursor}`)).body;
  const names = [first, second, third].flatMap(({ builds }) => builds.map(({ project }) => project));
  expect(names).toEqual(['e', 'd', 'c', 'b', 'a']);
  expect(third.nextCursor).toBeUndefined();
  const filtered = (await service.call<Page>('GET', '/api/v1/builds?project=C&status=queued')).body;
  expect(filtered.builds.map(({ project }) => project)).toEqual(['c']);
  expect((await service.call('GET', '/api/v1/builds?cursor=nonsense')).status).toBe(400);
});

test('a failure for which another build has succeeded since can be left out, and a builder tells its builds', async () => {
  const failure = { class: 'compile-error', line: 'no', lineNumber: 1, cause: 'It does not compile.' } as const;
  const fail = async (python: string) => {
    const [build] = await service.ask('spam==1.0', { python: [python] });
    await service.finish(await service.claim(), { kind: 'failed', failure });
    return build;
  };
  const [mended, open] = [await fail('cp313'), await fail('cp311')];
  await service.ask('spam==1.0', { python: ['cp313'], recipe: 'project: spam\nsystem: { apt: [libham-dev] }\n' });
  await service.deliver(await service.claim(), makeWheel('spam-1.0-cp313-cp313-manylinux_2_31_x86_64.whl'));
  const ids = async (query: string) => {
    const { body } = await service.call<{ builds: Build[] }>('GET', `/api/v1/builds?${query}`);
    return body.builds.map(({ id }) => id);
  };
  expect(await ids('status=failed')).toEqual([open?.id, mended?.id]);
  expect(await ids('status=failed&unsolved=true')).toEqual([open?.id]);
  expect(await ids(`builder=${open?.target.builderDigest}`)).toEqual([open?.id]);
  const { body } = await service.call<{ images: { interpreters: { builds: number; python: string }[] }[] }>(
    'GET',
    '/api/v1/images',
  );
  const used = body.images.flatMap(({ interpreters }) => interpreters).filter(({ builds }) => builds > 0);
  expect(used.map(({ python, builds }) => [python, builds]).sort()).toEqual([
    ['cp311', 1],
    ['cp313', 2],
  ]);
});

test('cancel takes a build out of the queue, retry puts it back, and neither happens twice', async () => {
  const [build] = await service.ask('spam');
  const id = build?.id ?? '';
  expect((await service.call('POST', `/api/v1/builds/${id}/cancel`)).status).toBe(202);
  expect((await service.build(id)).status).toBe('cancelled');
  await expect(service.claim()).rejects.toThrow('nothing to claim');
  expect((await service.call('POST', `/api/v1/builds/${id}/cancel`)).status).toBe(409);
  expect((await service.call('POST', `/api/v1/builds/${id}/retry`)).status).toBe(202);
  expect((await service.call('POST', `/api/v1/builds/${id}/retry`)).status).toBe(409);
  expect((await service.claim()).order.buildId).toBe(id);
  expect((await service.call('POST', '/api/v1/builds/nonsense/retry')).status).toBe(404);
});

test('a project is shown release by release and target by target', async () => {
  await service.ask('spam==1.0', { python: ['cp311'] });
  await service.deliver(await service.claim(), makeWheel('spam-1.0-cp311-cp311-manylinux_2_31_x86_64.whl'));
  await service.ask('spam==2.0', { python: ['cp313'] });
  const failure = { class: 'compile-error', line: 'boom', lineNumber: 3, cause: 'It broke.' } as const;
  await service.finish(await service.claim(), { kind: 'failed', failure });
  const { body } = await service.call('GET', '/api/v1/projects/Spam');
  expect(body).toMatchObject({
    name: 'spam',
    releases: [
      { version: '2.0', files: [], targets: [{ python: 'cp313', status: 'failed', failure }] },
      {
        version: '1.0',
        files: [
          {
            filename: 'spam-1.0-cp311-cp311-manylinux_2_31_x86_64.whl',
            url: expect.stringMatching(
              /^http:\/\/index\.example\/files\/spam\/[0-9a-f]{64}\/spam-1\.0-cp311-cp311-manylinux_2_31_x86_64\.whl$/,
            ),
          },
        ],
        targets: [{ python: 'cp311', status: 'succeeded' }],
      },
    ],
  });
  expect((await service.call('GET', '/api/v1/projects/eggs')).status).toBe(404);
});

test('writing takes a token with the scope; reading is open', async () => {
  const { tokens } = service.api.context;
  const reader = await tokens.create('reader', ['submit'], 0);
  const revoked = await tokens.create('revoked', ['admin'], 0);
  const ask = (token: string | undefined) =>
    service.call('POST', '/api/v1/builds', { json: { requirement: 'spam' }, token });
  const anonymous = await ask(undefined);
  expect(anonymous.status).toBe(401);
  expect(anonymous.headers.get('www-authenticate')).toMatch(/^Bearer/);
  expect((await ask('wrong')).status).toBe(401);
  expect((await ask(revoked.secret)).status).toBe(202);
  await tokens.revoke(revoked.id, 0);
  expect((await ask(revoked.secret)).status).toBe(401);
  expect((await ask(reader.secret)).status).toBe(403);
  expect((await service.call('POST', '/api/v1/worker/claims', { json: {}, token: reader.secret })).status).toBe(403);
  expect((await service.call('GET', '/api/v1/builds', { token: undefined })).status).toBe(200);
});

test('a setting closes reading as well, but not the health of the service', async () => {
  await service.close();
  service = await startTestApi({ WHEELWRIGHT_READ_TOKEN_REQUIRED: '1' });
  const get = (path: string, token: string | undefined) => service.call('GET', path, { token });
  expect((await get('/api/v1/builds', undefined)).status).toBe(401);
  expect((await get('/api/v1/attempts/x/log', undefined)).status).toBe(401);
  expect((await get('/api/v1/builds', service.token)).status).toBe(200);
  expect((await get('/healthz', undefined)).status).toBe(200);
});

test('an admin token that was removed is made anew, and one that a restored database does not know is taken over', async () => {
  const path = join(service.data, 'admin-token');
  await rm(path);
  await service.restart();
  const made = (await readFile(path, 'utf8')).trim();
  expect(made).not.toBe(service.token);
  const ask = (token: string) => service.call('POST', '/api/v1/builds', { json: { requirement: 'spam' }, token });
  expect((await ask(made)).status).toBe(202);
  await writeFile(path, 'from-elsewhere\n');
  await service.restart();
  expect((await ask('from-elsewhere')).status).toBe(200);
});

test('the admin token is readable by its owner only, and outlives a restart', async () => {
  expect((await stat(join(service.data, 'admin-token'))).mode & 0o777).toBe(0o600);
  await service.restart();
  expect((await post({ requirement: 'spam' })).status).toBe(202);
});

test('what is not there, too large or not JSON is a problem document as well', async () => {
  expect((await service.call('GET', '/api/v1/nonsense')).body).toMatchObject({ status: 404, code: 'not-found' });
  expect((await service.call('GET', '/api/v1/builds/nonsense')).status).toBe(404);
  expect((await service.call('GET', '/api/v1/attempts/nonsense/log')).status).toBe(404);
  const large = await post({ requirement: 'spam', recipe: 'x'.repeat(2 ** 21) });
  expect(large.body).toMatchObject({ status: 413, code: 'too-large' });
  const response = await fetch(`${service.api.url}/api/v1/builds`, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.token}`, 'content-type': 'application/json' },
    body: '{"requirement":',
  });
  expect(response.status).toBe(400);
  expect(problemSchema.parse(await response.json()).code).toBe('invalid');
});

test('health, readiness by part, and metrics', async () => {
  await service.ask('spam');
  expect((await service.call('GET', '/healthz')).status).toBe(200);
  expect((await service.call('GET', '/readyz')).body).toMatchObject({
    ready: true,
    parts: { database: { ok: true }, disk: { ok: true } },
  });
  const metrics = String((await service.call('GET', '/metrics')).body);
  expect(metrics).toContain('wheelwright_builds{status="queued"} 1');
});

test("a wheel gets no name of one of the upstream's, which others may have locked by its hash", async () => {
  service.upstream.add('both', 'both-1.0.tar.gz');
  service.upstream.add('both', 'both-1.0-py3-none-any.whl');
  service.upstream.add('both', 'both-1.0-2-cp313-cp313-manylinux_2_17_x86_64.whl');
  service.upstream.add('other', 'other-1.0.tar.gz');
  service.upstream.add('other', 'other-1.0-cp313-cp313-manylinux_2_17_x86_64.whl');
  await service.ask('both');
  const first = await service.claim();
  expect(first.order).toMatchObject({ project: 'both', buildTag: 1 });
  await service.deliver(first, makeWheel('both-1.0-1-py3-none-any.whl'));
  await service.ask('other');
  expect((await service.claim()).order.buildTag).toBeUndefined();
});
