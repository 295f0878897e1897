import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Problem, type Submission, submissionSchema } from '../../client/contract.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { makeWheel } from '../support/wheel.js';

let service: TestApi;
beforeEach(async () => {
  service = await startTestApi({ WHEELWRIGHT_DEFAULT_PYTHONS: 'cp311,cp313' });
  service.upstream.add('spam', 'spam-1.0.tar.gz');
  service.upstream.add('spam', 'spam-2.0.tar.gz');
});
afterEach(() => service.close());

const RECIPE = 'project: spam\nversions: "<2"\nsystem: { apt: [libham-dev] } # needs ham.h\n';
const WAIT_MS = 10_000;

const submit = (json: unknown, token?: string) =>
  service.call<Submission & Omit<Problem, 'status'>>('POST', '/api/v1/submissions', {
    json,
    ...(token === undefined ? {} : { token }),
  });

const decide = (id: string, decision: 'approve' | 'reject', json: unknown = {}, token?: string) =>
  service.call<Submission & Omit<Problem, 'status'>>('POST', `/api/v1/submissions/${id}/${decision}`, {
    json,
    ...(token === undefined ? {} : { token }),
  });

async function tokenWith(...scopes: ('submit' | 'approve' | 'build')[]): Promise<string> {
  return (await service.api.context.tokens.create(scopes.join('-'), scopes, 0)).secret;
}

async function deliverTrials(): Promise<void> {
  for (const python of ['cp311', 'cp313']) {
    const lease = await service.claim(WAIT_MS);
    expect(lease.order).toMatchObject({ version: '1.0', channel: 'trial', target: { python } });
    await service.deliver(lease, makeWheel(`spam-1.0-${python}-${python}-manylinux_2_31_x86_64.whl`));
  }
}

test('a recipe is tried on every default target, then approved; comments and all it is the current one', async () => {
  const author = await tokenWith('submit');
  const answer = await submit({ recipe: RECIPE, reason: 'for the data team' }, author);
  expect(answer.status).toBe(201);
  const submission = submissionSchema.parse(answer.body);
  expect(submission.trials.map(({ python, version }) => [python, version])).toEqual([
    ['cp311', '1.0'],
    ['cp313', '1.0'],
  ]);
  expect((await submit({ recipe: RECIPE }, author)).body.id).toBe(submission.id);
  expect((await decide(submission.id, 'approve')).body.hint).toMatch(/Wait for the trials/);

  await deliverTrials();
  const reviewer = await tokenWith('approve');
  expect((await decide(submission.id, 'approve', {}, author)).status).toBe(403);
  const approved = await decide(submission.id, 'approve', {}, reviewer);
  expect(approved.body.history.map(({ action, who }) => [action, who])).toEqual([
    ['submitted', 'submit'],
    ['approved', 'approve'],
  ]);
  expect(await service.api.context.recipes.recipe('spam')).toMatchObject({ yaml: RECIPE, origin: 'submission' });
  expect((await service.call('GET', '/api/v1/approved-recipes')).body).toEqual({
    recipes: [{ project: 'spam', recipe: RECIPE }],
  });
  // It is for versions before 2 only.
  const [newest] = await service.ask('spam', { python: ['cp313'] });
  expect(newest).toMatchObject({ version: '2.0', channel: 'stable' });
  expect((await submit({ recipe: RECIPE }, author)).status).toBe(409);
  expect((await decide(submission.id, 'reject', { reason: 'on second thoughts' }, reviewer)).status).toBe(409);
});

test('a newer approval takes the place of an older one, and its diff is against that', async () => {
  const { body: first } = await submit({ recipe: RECIPE });
  await deliverTrials();
  await decide(first.id, 'approve');
  service.advance(1000);
  const better = RECIPE.replace('libham-dev', 'libham-dev, libegg-dev');
  const { body: second } = await submit({ recipe: better });
  expect(second.diff.filter(({ sign }) => sign !== ' ')).toEqual([
    { sign: '-', text: 'system: { apt: [libham-dev] } # needs ham.h' },
    { sign: '+', text: 'system: { apt: [libham-dev, libegg-dev] } # needs ham.h' },
  ]);
  for (const python of ['cp311', 'cp313']) {
    const lease = await service.claim(WAIT_MS);
    await service.deliver(lease, makeWheel(`spam-1.0-1-${python}-${python}-manylinux_2_31_x86_64.whl`));
  }
  expect((await decide(second.id, 'approve')).status).toBe(200);
  expect((await service.api.context.recipes.recipe('spam'))?.yaml).toBe(better);
  expect((await service.call<{ recipes: unknown[] }>('GET', '/api/v1/approved-recipes')).body.recipes).toHaveLength(1);
});

test('a recipe whose trial failed is not approved, and nothing of it moves', async () => {
  const { body } = await submit({ recipe: RECIPE });
  const lease = await service.claim(WAIT_MS);
  await service.deliver(lease, makeWheel('spam-1.0-cp311-cp311-manylinux_2_31_x86_64.whl'));
  const failure = { class: 'compile-error', line: 'no', lineNumber: 1, cause: 'It does not compile.' } as const;
  await service.finish(await service.claim(WAIT_MS), { kind: 'failed', failure });
  const refused = await decide(body.id, 'approve');
  expect(refused.status).toBe(409);
  expect(refused.body.detail).toMatch(/cp313 on manylinux_2_31 \(failed, build \w+\)/);
  const { store, recipes } = service.api.context;
  expect(await recipes.recipe('spam')).toBeUndefined();
  expect(await store.file('spam-1.0-cp311-cp311-manylinux_2_31_x86_64.whl')).toMatchObject({ channel: 'trial' });
  const shown = await service.call<Submission>('GET', `/api/v1/submissions/${body.id}`);
  expect(shown.body).toMatchObject({ status: 'open', trials: [{ status: 'succeeded' }, { failure }] });
});

test('a rejection has a reason, and the recipe may come again', async () => {
  const { body } = await submit({ recipe: RECIPE });
  expect((await decide(body.id, 'reject')).status).toBe(400);
  const rejected = await decide(body.id, 'reject', { reason: 'vendored libham is enough' });
  expect(rejected.body).toMatchObject({ status: 'rejected' });
  expect(rejected.body.history.at(-1)?.reason).toBe('vendored libham is enough');
  const again = await submit({ recipe: RECIPE });
  expect(again.body.id).not.toBe(body.id);
  const list = await service.call<{ submissions: Submission[] }>('GET', '/api/v1/submissions?status=open&project=Spam');
  expect(list.body.submissions.map(({ id }) => id)).toEqual([again.body.id]);
});

test('authors and reviewers talk about a recipe and its lines, also at once and after it is decided', async () => {
  const { body } = await submit({ recipe: RECIPE });
  const comment = (json: unknown, token: string) =>
    service.call<Submission & Omit<Problem, 'status'>>('POST', `/api/v1/submissions/${body.id}/comments`, {
      json,
      token,
    });
  const [author, reviewer] = [await tokenWith('submit'), await tokenWith('approve')];
  expect((await comment({ text: 'why ham?', line: 3 }, reviewer)).status).toBe(201);
  const both = await Promise.all([
    comment({ text: 'it includes ham.h' }, author),
    comment({ text: 'and below 2?', line: 2 }, reviewer),
  ]);
  expect(both.map(({ status }) => status)).toEqual([201, 201]);
  await decide(body.id, 'reject', { reason: 'too broad' });
  const { body: last } = await comment({ text: 'understood' }, author);
  expect(last.status).toBe('rejected');
  expect(last.comments.map(({ who, line }) => [who, line])).toEqual(
    expect.arrayContaining([
      ['approve', 3],
      ['submit', undefined],
      ['approve', 2],
    ]),
  );
  expect(last.comments.at(-1)?.text).toBe('understood');
  expect(last.comments).toHaveLength(4);

  expect((await comment({ text: 'beyond', line: 4 }, author)).body.detail).toMatch(/has 3 lines/);
  expect((await comment({ text: '  ' }, author)).status).toBe(400);
  const forbidden = await comment({ text: 'me too' }, await tokenWith('build'));
  expect([forbidden.status, forbidden.body.detail]).toEqual([
    403,
    expect.stringMatching(/lacks the scope submit or approve/),
  ]);
});

test('without the scope, with faults, or without effect nothing is submitted', async () => {
  expect((await submit({ recipe: RECIPE }, await tokenWith('build'))).status).toBe(403);
  expect((await submit({ recipe: RECIPE }, 'nonsense')).status).toBe(401);
  const faulty = await submit({ recipe: 'project: spam\nsytem: { apt: [libham-dev] }\n' });
  expect(faulty.status).toBe(400);
  expect(faulty.body.faults?.[0]).toMatchObject({ message: expect.stringMatching(/did you mean "system"/), line: 2 });
  expect((await submit({ recipe: 'project: spam\n' })).status).toBe(400);
  expect((await submit({ recipe: RECIPE, requirement: 'ham' })).status).toBe(400);
  expect((await submit({ recipe: 'project: nothing\nsystem: { apt: [libham-dev] }\n' })).status).toBe(404);
  expect((await submit({ recipe: RECIPE.replace('<2', '>3') })).status).toBe(404);
  const list = await service.call<{ submissions: Submission[] }>('GET', '/api/v1/submissions');
  expect(list.body.submissions).toEqual([]);
  expect((await decide('nothing', 'approve')).status).toBe(404);
});
