import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { verifyProvenance } from '../../adapters/signing/provenance.js';
import { expireLeasesOne, healQueueOne } from '../../api/loops.js';
import type { Build } from '../../client/contract.js';
import type { Lease } from '../../core/attempt.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { makeWheel } from '../support/wheel.js';

let service: TestApi;
beforeEach(async () => {
  service = await startTestApi();
  service.upstream.add('spam', 'spam-1.0.tar.gz');
});
afterEach(() => service.close());

const WHEEL = 'spam-1.0-cp313-cp313-manylinux_2_31_x86_64.whl';

function append(lease: Lease, from: number, text: string) {
  const path = `/api/v1/attempts/${lease.attemptId}/log?from=${from}`;
  return service.call<{ nextLine: number; detail?: string }>('POST', path, { body: text, lease });
}

function startPhase(lease: Lease, phase: string) {
  return service.call('POST', `/api/v1/attempts/${lease.attemptId}/phase`, { json: { phase }, lease });
}

async function claimed(requirement = 'spam'): Promise<{ lease: Lease; id: string }> {
  const [build] = await service.ask(requirement);
  return { lease: await service.claim(), id: build?.id ?? '' };
}

test('an attempt from claim to published file', async () => {
  const { lease, id } = await claimed();
  expect(lease).toMatchObject({
    attemptNumber: 1,
    order: {
      buildId: id,
      project: 'spam',
      version: '1.0',
      sdist: { filename: 'spam-1.0.tar.gz', url: expect.stringMatching(/^http:\/\/127\.0\.0\.1/) },
      recipe: {},
      indexUrl: 'http://index.example/simple/',
    },
  });
  expect((await service.build(id)).status).toBe('running');
  const heartbeat = await service.call('POST', `/api/v1/attempts/${lease.attemptId}/heartbeat`, { lease });
  expect(heartbeat.body).toEqual({ cancelRequested: false });
  await startPhase(lease, 'fetch');
  await append(lease, 1, 'fetching\n');
  await startPhase(lease, 'build');
  const inputs = [{ kind: 'sdist', name: 'spam', version: '1.0', sha256: lease.order.sdist.sha256 }];
  const recorded = await service.call('POST', `/api/v1/attempts/${lease.attemptId}/inputs`, {
    json: { inputs },
    lease,
  });
  expect(recorded.status).toBe(204);

  const wheel = makeWheel(WHEEL, undefined, ['Requires-Python: >=3.9']);
  const finished = await service.deliver(lease, wheel);
  expect(finished.status).toBe(200);
  expect(finished.body).toMatchObject({
    status: 'succeeded',
    attempts: [
      {
        status: 'succeeded',
        phase: 'build',
        phases: [
          { phase: 'fetch', firstLine: 1, finishedAt: expect.any(String) },
          { phase: 'build', firstLine: 2, finishedAt: expect.any(String) },
        ],
      },
    ],
    files: [{ filename: WHEEL, sha256: wheel.sha256, sizeBytes: wheel.bytes.length }],
  });
  const file = await service.api.context.store.file(WHEEL);
  expect(file).toMatchObject({
    requiresPython: '>=3.9',
    metadataSha256: expect.any(String),
    attemptId: lease.attemptId,
  });
  expect(await service.api.context.blobs.has(file?.metadataSha256 ?? '')).toBe(true);
  const certificate = new X509Certificate(await readFile(join(service.data, 'provenance-certificate.pem')));
  const provenance = await readFile(service.api.context.blobs.path(file?.provenanceSha256 ?? ''));
  const [statement] = verifyProvenance(provenance, { filename: WHEEL, sha256: wheel.sha256 }, certificate);
  expect(JSON.stringify(statement)).toContain(lease.order.sdist.sha256);
  // The answer may have been lost on its way: the same again changes nothing.
  const again = await service.finish(lease, {
    kind: 'succeeded',
    wheel: { filename: WHEEL, sha256: wheel.sha256, sizeBytes: wheel.bytes.length, grafted: [], needs: [] },
  });
  expect(again).toMatchObject({ status: 200, body: finished.body });
});

test('lines, phases and inputs in one call, kept once however often it is sent, and live in their order', async () => {
  const { lease, id } = await claimed();
  const send = (json: unknown) => service.call('POST', `/api/v1/attempts/${lease.attemptId}/progress`, { json, lease });
  const input = { kind: 'tool', name: 'gcc', version: '10.2' };
  const first = {
    from: 1,
    text: 'one\ntwo\n',
    phases: [
      { seq: 1, phase: 'fetch', firstLine: 1, agoMs: 400 },
      { seq: 2, phase: 'build', firstLine: 2, agoMs: 100 },
    ],
    inputs: [input],
  };
  expect(await send(first)).toMatchObject({ status: 200, body: { nextLine: 3 } });
  expect(await send(first)).toMatchObject({ status: 200, body: { nextLine: 3 } });
  const more = { from: 3, text: '', phases: [{ seq: 3, phase: 'test', firstLine: 3, agoMs: 0 }], inputs: [] };
  expect(await send(more)).toMatchObject({ status: 200, body: { nextLine: 3 } });
  expect(await send({ ...more, from: 9, text: 'gap\n' })).toMatchObject({ status: 409 });
  const [attempt] = (await service.build(id)).attempts;
  expect(attempt).toMatchObject({ status: 'running', phase: 'test' });
  expect(attempt?.phases.map(({ phase, firstLine }) => [phase, firstLine])).toEqual([
    ['fetch', 1],
    ['build', 2],
    ['test', 3],
  ]);
  const [fetch, build] = attempt?.phases ?? [];
  expect(fetch?.finishedAt).toBe(build?.startedAt);
  expect(Date.parse(build?.startedAt ?? '') - Date.parse(fetch?.startedAt ?? '')).toBe(300);
  expect((await service.call('GET', `/api/v1/attempts/${lease.attemptId}/inputs`)).body).toMatchObject({
    inputs: [input],
  });
  await service.finish(lease, { kind: 'cancelled' });
  expect((await send(more)).status).toBe(409);
  const events = await service.call<string>('GET', `/api/v1/attempts/${lease.attemptId}/events`);
  expect([...events.body.matchAll(/"(?:text|phase)":"(\w+)"/g)].map(([, what]) => what)).toEqual([
    'fetch',
    'one',
    'build',
    'two',
    'test',
  ]);
});

test('the last lines, the end and the next claim in one call; sent again, nothing is kept twice', async () => {
  const { lease, id } = await claimed();
  expect(lease.takes).toEqual(['end', 'wheel']);
  service.upstream.add('eggs', 'eggs-1.0.tar.gz');
  const [other] = await service.ask('eggs');
  const progress = {
    from: 1,
    text: 'one\n',
    phases: [{ seq: 1, phase: 'fetch', firstLine: 1, agoMs: 5 }],
    inputs: [{ kind: 'tool', name: 'gcc', version: '10.2' }],
  };
  const next = { worker: 'test', session: 'session-of-test' };
  const end = (json: Record<string, unknown>, token = lease.token) =>
    service.call<{ next?: Lease }>('POST', `/api/v1/attempts/${lease.attemptId}/end`, {
      json: { outcome: { kind: 'cancelled' }, ...json },
      lease: { ...lease, token },
    });
  expect((await end({ progress, next }, 'guessed')).status).toBe(409);
  expect((await end({ progress: { ...progress, from: 9 }, next })).status).toBe(409);
  expect((await service.build(id)).status).toBe('running');

  const answer = await end({ progress, next });
  expect(answer).toMatchObject({
    status: 200,
    body: { next: { order: { buildId: other?.id }, takes: ['end', 'wheel'] } },
  });
  expect(await end({ progress, next: { ...next, session: 'of another one' } })).toMatchObject({
    status: 200,
    body: {},
  });
  expect(await end({ progress, next })).toMatchObject({ status: 200, body: {} });
  const [attempt] = (await service.build(id)).attempts;
  expect(attempt).toMatchObject({ status: 'cancelled', phases: [{ phase: 'fetch', firstLine: 1 }] });
  expect((await service.call('GET', `/api/v1/attempts/${lease.attemptId}/log`)).body).toBe('one\n');
  expect((await service.call('GET', `/api/v1/attempts/${lease.attemptId}/inputs`)).body).toMatchObject({
    inputs: progress.inputs,
  });
  expect((await service.build(other?.id ?? '')).attempts).toHaveLength(1);
});

test('a small wheel comes with the end; other bytes than were reported publish nothing', async () => {
  const { lease, id } = await claimed();
  const { bytes, filename, sha256 } = makeWheel(WHEEL);
  const end = (sent: Buffer) => {
    const wheel = { filename, sha256, sizeBytes: bytes.length, grafted: [], needs: [] };
    const json = { outcome: { kind: 'succeeded', wheel }, wheel: sent.toString('base64') };
    return service.call('POST', `/api/v1/attempts/${lease.attemptId}/end`, { json, lease });
  };
  expect(await end(bytes.subarray(1))).toMatchObject({ status: 400, body: { code: 'invalid' } });
  expect((await service.build(id)).status).toBe('running');
  expect((await end(bytes)).status).toBe(200);
  expect(await service.build(id)).toMatchObject({ status: 'succeeded', files: [{ filename, sha256 }] });
  const file = await service.api.context.store.file(filename);
  for (const each of [sha256, file?.metadataSha256, file?.provenanceSha256]) {
    expect(await service.api.context.blobs.has(each ?? '')).toBe(true);
  }
  expect(await readFile(service.api.context.blobs.path(sha256))).toEqual(bytes);
  expect((await end(bytes)).status).toBe(200);
});

test('a long poll is answered as soon as a build is asked for', async () => {
  const polling = service.claim(30_000);
  const [build] = await service.ask('spam');
  expect((await polling).order.buildId).toBe(build?.id);
});

test('two workers never get the same build', async () => {
  await service.ask('spam');
  const claims = await Promise.allSettled([service.claim(), service.claim(), service.claim()]);
  expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('every write with a stale lease is refused and changes nothing', async () => {
  const { lease, id } = await claimed();
  await append(lease, 1, 'before\n');
  service.advance(31_000);
  expect(await expireLeasesOne(service.api.context)).toBe(1);
  const base = `/api/v1/attempts/${lease.attemptId}`;
  const wheel = makeWheel(WHEEL);
  const answers = [
    await service.call('POST', `${base}/heartbeat`, { lease }),
    await startPhase(lease, 'build'),
    await service.call('POST', `${base}/inputs`, { json: { inputs: [] }, lease }),
    await append(lease, 2, 'after\n'),
    await service.call('PUT', `${base}/artifacts/${WHEEL}`, { body: wheel.bytes, lease }),
    await service.deliver(lease, wheel),
    await service.finish(lease, { kind: 'cancelled' }),
    await service.finish({ ...lease, token: 'guessed' }, { kind: 'cancelled' }),
  ];
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 409));
  expect((await service.call('GET', `${base}/log`)).body).toBe('before\n');
  expect(await service.build(id)).toMatchObject({
    status: 'queued',
    files: [],
    attempts: [{ status: 'lost', phases: [], failure: { class: 'infrastructure' } }],
  });
});

test('a lost attempt is tried again three times, each time later, then the build fails; a retry begins anew', async () => {
  const [build] = await service.ask('spam');
  const waits: number[] = [];
  for (let attempt = 1; attempt <= 4; attempt++) {
    let waitedMs = 0;
    for (;;) {
      await healQueueOne(service.api.context);
      const claimed = await service.claim().catch(() => undefined);
      if (claimed !== undefined) break;
      service.advance(1_000);
      waitedMs += 1_000;
    }
    waits.push(waitedMs);
    service.advance(31_000);
    await expireLeasesOne(service.api.context);
  }
  expect(waits).toEqual([...waits].sort((a, b) => a - b));
  expect(waits[0]).toBe(0);
  expect(waits[3]).toBeGreaterThan(waits[2] ?? 0);
  const failed = await service.build(build?.id ?? '');
  expect(failed.status).toBe('failed');
  expect(failed.attempts.map(({ status }) => status)).toEqual(['lost', 'lost', 'lost', 'lost']);
  expect(failed.attempts[3]?.failure?.cause).toContain('not tried again');
  await service.call('POST', `/api/v1/builds/${build?.id}/retry`);
  expect((await service.claim()).attemptNumber).toBe(5);
});

test('heartbeats keep a lease alive', async () => {
  const { lease, id } = await claimed();
  for (let beat = 0; beat < 3; beat++) {
    service.advance(20_000);
    await service.call('POST', `/api/v1/attempts/${lease.attemptId}/heartbeat`, { lease });
    expect(await expireLeasesOne(service.api.context)).toBe(0);
  }
  expect((await service.build(id)).status).toBe('running');
});

test('a failure is kept as reported, and never tried again by itself', async () => {
  const { lease, id } = await claimed();
  const failure = {
    class: 'missing-header',
    phase: 'build',
    line: 'fatal error: ham.h: No such file',
    lineNumber: 7,
    cause: 'ham.h is missing.',
    proposal: { edit: { system: { apt: ['libham-dev'] } }, why: 'It has ham.h.' },
  } as const;
  const finished = await service.finish(lease, { kind: 'failed', failure });
  expect(finished.body).toMatchObject({ status: 'failed', attempts: [{ status: 'failed', failure }] });
  await healQueueOne(service.api.context);
  await expect(service.claim()).rejects.toThrow('nothing to claim');
  expect((await service.ask('spam')).map((build) => build.id)).toEqual([id]);
});

test('whoever has no use for the build when an attempt ends is not given it', async () => {
  const { lease, id } = await claimed();
  const answer = await fetch(`${service.api.url}/api/v1/attempts/${lease.attemptId}/finish`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${service.token}`,
      'content-type': 'application/json',
      'wheelwright-lease': lease.token,
      prefer: 'return=minimal',
    },
    body: JSON.stringify({ kind: 'cancelled' }),
  });
  expect([answer.status, await answer.text()]).toEqual([204, '']);
  expect((await service.build(id)).status).toBe('cancelled');
});

test('cancel of a running build reaches the worker, and what it still delivers is dropped', async () => {
  const { lease, id } = await claimed();
  await service.call('POST', `/api/v1/builds/${id}/cancel`);
  const heartbeat = await service.call('POST', `/api/v1/attempts/${lease.attemptId}/heartbeat`, { lease });
  expect(heartbeat.body).toEqual({ cancelRequested: true });
  await service.deliver(lease, makeWheel(WHEEL));
  expect(await service.build(id)).toMatchObject({
    status: 'cancelled',
    files: [],
    attempts: [{ status: 'cancelled' }],
  });
  expect(await service.api.context.store.file(WHEEL)).toBeUndefined();
});

test('a retry while the cancelled attempt is still being stopped fences it out', async () => {
  const { lease, id } = await claimed();
  await service.call('POST', `/api/v1/builds/${id}/cancel`);
  await service.call('POST', `/api/v1/builds/${id}/retry`);
  const second = await service.claim();
  expect(second.attemptNumber).toBe(2);
  expect((await append(lease, 1, 'late\n')).status).toBe(409);
  await service.deliver(lease, makeWheel(WHEEL));
  expect((await service.build(id)).status).toBe('running');
  expect((await service.deliver(second, makeWheel(WHEEL))).body.status).toBe('succeeded');
});

test.each([
  ['of another project', makeWheel('eggs-1.0-cp313-cp313-manylinux_2_31_x86_64.whl'), /of eggs 1\.0/],
  ['of another version', makeWheel('spam-1.1-cp313-cp313-manylinux_2_31_x86_64.whl'), /of spam 1\.1/],
  ['for another interpreter', makeWheel('spam-1.0-cp312-cp312-manylinux_2_31_x86_64.whl'), /does not install on cp313/],
  ['for a newer glibc', makeWheel('spam-1.0-cp313-cp313-manylinux_2_36_x86_64.whl'), /does not install on cp313/],
  ['with a plain linux tag', makeWheel('spam-1.0-cp313-cp313-linux_x86_64.whl'), /platform tag/],
  ['that is no archive', { ...makeWheel(WHEEL), bytes: Buffer.from('not a zip') }, /./],
])('a wheel %s is refused as a bad wheel and not published', async (_what, wheel, cause) => {
  const { lease, id } = await claimed();
  const stored = await service.call<{ sha256: string }>(
    'PUT',
    `/api/v1/attempts/${lease.attemptId}/artifacts/${wheel.filename}`,
    { body: wheel.bytes, lease },
  );
  const report = {
    filename: wheel.filename,
    sha256: stored.body.sha256,
    sizeBytes: wheel.bytes.length,
    grafted: [],
    needs: [],
  };
  for (let time = 0; time < 2; time++) {
    const answer = await service.finish(lease, { kind: 'succeeded', wheel: report });
    expect(answer.status).toBe(200);
  }
  const build = await service.build(id);
  expect(build).toMatchObject({ status: 'failed', files: [], attempts: [{ failure: { class: 'bad-wheel' } }] });
  expect(build.attempts[0]?.failure?.cause).toMatch(cause);
  expect(await service.api.context.store.file(wheel.filename)).toBeUndefined();
});

test('a wheel that was not stored cannot be finished with, and a larger one than allowed cannot be stored', async () => {
  await service.close();
  service = await startTestApi({ WHEELWRIGHT_WHEEL_BYTES: '100' });
  service.upstream.add('spam', 'spam-1.0.tar.gz');
  const { lease } = await claimed();
  const wheel = makeWheel(WHEEL);
  const path = `/api/v1/attempts/${lease.attemptId}/artifacts/${WHEEL}`;
  expect((await service.call('PUT', path, { body: wheel.bytes, lease })).status).toBe(413);
  const ofUnknownLength = await fetch(`${service.api.url}${path}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${service.token}`, 'wheelwright-lease': lease.token },
    body: new Blob([wheel.bytes]).stream(),
    duplex: 'half',
  } as RequestInit);
  expect(ofUnknownLength.status).toBe(413);
  const report = { filename: WHEEL, sha256: wheel.sha256, sizeBytes: 1, grafted: [], needs: [] };
  expect((await service.finish(lease, { kind: 'succeeded', wheel: report })).status).toBe(400);
  expect((await service.call('POST', `/api/v1/attempts/${lease.attemptId}/heartbeat`, { lease })).status).toBe(200);
});

test('two builds that make the same pure wheel publish it once', async () => {
  await service.ask('spam', { python: ['cp311'] });
  await service.ask('spam', { python: ['cp313'] });
  const [first, second] = [await service.claim(), await service.claim()];
  await service.deliver(first, makeWheel('spam-1.0-py3-none-any.whl', 'one = 1\n'));
  await service.deliver(second, makeWheel('spam-1.0-py3-none-any.whl', 'two = 2\n'));
  service.advance(10_000);
  await healQueueOne(service.api.context);
  await expect(service.claim()).rejects.toThrow('nothing to claim');
  const build = await service.build(second.order.buildId);
  expect(build).toMatchObject({ status: 'succeeded', attempts: [{ status: 'lost' }] });
  expect(build.files).toEqual((await service.build(first.order.buildId)).files);
});

test('a rebuild of a release gets the next build number', async () => {
  await service.deliver((await claimed()).lease, makeWheel(WHEEL));
  await service.ask('spam', { recipe: 'project: spam\nenvironment: { SPAM: "1" }\n' });
  expect((await service.claim()).order.buildTag).toBe(1);
});

test('a requirement that must be built first is built with the same target, and its parent goes on after it', async () => {
  service.upstream.add('ham', 'ham-1.0.tar.gz');
  service.upstream.add('ham', 'ham-2.0.tar.gz');
  const { lease, id } = await claimed();
  const outcome = { kind: 'deferred' as const, requirements: ['ham>=1,<2'] };
  const parent = (await service.finish(lease, outcome)).body;
  expect(parent).toMatchObject({ status: 'waiting', attempts: [{ status: 'deferred' }] });
  expect((await service.finish(lease, outcome)).status).toBe(200);
  const need = await service.claim();
  expect(need.order).toMatchObject({ project: 'ham', version: '1.0', target: lease.order.target });
  expect(parent.needs).toEqual([need.order.buildId]);
  await service.deliver(need, makeWheel('ham-1.0-cp313-cp313-manylinux_2_31_x86_64.whl'));
  const second = await service.claim();
  expect(second).toMatchObject({ attemptNumber: 2, order: { buildId: id } });
  expect((await service.build(id)).needs).toEqual(parent.needs);

  // The wheel is there, and still it is not enough: nothing would change the third time.
  const stuck = (await service.finish(second, outcome)).body;
  expect(stuck).toMatchObject({ status: 'failed', attempts: [{}, { failure: { class: 'build-requirement' } }] });
});

test('a requirement that cannot be built fails its parent, and says which and why', async () => {
  service.upstream.add('ham', 'ham-1.0.tar.gz');
  const { lease, id } = await claimed();
  await service.finish(lease, { kind: 'deferred', requirements: ['ham'] });
  const failure = { class: 'compile-error', line: 'boom', lineNumber: 1, cause: 'It broke.' } as const;
  await service.finish(await service.claim(), { kind: 'failed', failure });
  const build = await service.build(id);
  expect(build).toMatchObject({ status: 'failed', attempts: [{ failure: { class: 'build-requirement' } }] });
  expect(build.attempts[0]?.failure?.cause).toContain('ham 1.0');

  service.upstream.add('eggs', 'eggs-1.0.tar.gz');
  const other = await claimed('eggs');
  const unknown = (await service.finish(other.lease, { kind: 'deferred', requirements: ['nothing-here'] })).body;
  expect(unknown.attempts[0]?.failure).toMatchObject({
    class: 'build-requirement',
    cause: expect.stringContaining('no project nothing-here'),
  });
});

test('builds that wait for each other are found out', async () => {
  service.upstream.add('ham', 'ham-1.0.tar.gz');
  const spam = await claimed();
  await service.finish(spam.lease, { kind: 'deferred', requirements: ['ham'] });
  const ham = await service.claim();
  const failed = (await service.finish(ham, { kind: 'deferred', requirements: ['spam'] })).body;
  expect(failed).toMatchObject({ status: 'failed', attempts: [{ failure: { class: 'build-requirement' } }] });
  expect(failed.attempts[0]?.failure?.cause).toContain('ham, spam');
  expect((await service.build(spam.id)).status).toBe('failed');
});

test('a restart loses neither queue, lease nor log', async () => {
  const { lease, id } = await claimed();
  await append(lease, 1, 'one\ntwo\n');
  service.upstream.add('ham', 'ham-1.0.tar.gz');
  const [queued] = await service.ask('ham');
  await service.restart(60_000);
  expect((await service.claim(5_000)).order.buildId).toBe(queued?.id);
  expect((await append(lease, 3, 'three\n')).body).toEqual({ nextLine: 4 });
  expect((await service.call('GET', `/api/v1/attempts/${lease.attemptId}/log`)).body).toBe('one\ntwo\nthree\n');
  await service.deliver(lease, makeWheel(WHEEL));
  expect(await service.build(id)).toMatchObject({ status: 'succeeded' } satisfies Partial<Build>);
});
