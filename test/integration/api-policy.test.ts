// The policy file, by which the index offers, holds for what is built and for what `check` promises.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.js';
import { startTestIndex, type TestIndex } from '../support/simple-index.js';

let service: TestApi;
let team: TestIndex;
let data: string;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'wheelwright-policy-'));
  team = await startTestIndex();
  team.add('team-kit', 'team-kit-1.0.tar.gz');
  const policy = `
upstreams:
  - { name: team, url: "${team.url}", projects: ["team-*"] }
  - { name: default }
rules:
  - { projects: [evil], access: deny, reason: licence }
  - { projects: [spam], versions: "<2" }
  - { projects: [young], cooldown-days: 7 }
`;
  await writeFile(join(data, 'index.yaml'), policy);
  service = await startTestApi({ WHEELWRIGHT_DATA: data });
  service.upstream.add('team-kit', 'team-kit-9.0.tar.gz');
  service.upstream.add('team-other', 'team-other-1.0.tar.gz');
  service.upstream.add('evil', 'evil-1.0.tar.gz');
  service.upstream.add('evil', 'evil-1.0-py3-none-any.whl');
  service.upstream.add('spam', 'spam-1.0.tar.gz');
  service.upstream.add('spam', 'spam-2.0-py3-none-any.whl');
  service.upstream.add('spam', 'spam-2.0.tar.gz');
  service.upstream.add('young', 'young-1.0.tar.gz');
});
afterEach(async () => {
  await service.close();
  await team.close();
  await rm(data, { recursive: true });
});

const build = (requirement: string) => service.call('POST', '/api/v1/builds', { json: { requirement } });

test('nothing is built of what the index would not offer', async () => {
  expect(await build('evil')).toMatchObject({
    status: 403,
    body: { detail: 'evil cannot be built here: the policy denies evil: licence' },
  });
  expect((await service.ask('spam'))[0]).toMatchObject({ version: '1.0' });
  expect(await build('spam==2.0')).toMatchObject({
    status: 404,
    body: { hint: expect.stringMatching(/Of others, the policy keeps spam-2\.0.* back: .*outside the pinned <2/) },
  });
  expect(await build('young')).toMatchObject({
    status: 403,
    body: { detail: expect.stringMatching(/young cannot be built here: .*the cooldown/) },
  });
});

test('a project is built from the upstream that the policy has for it, so that a stranger cannot put a higher version elsewhere', async () => {
  expect((await service.ask('team-kit'))[0]).toMatchObject({ version: '1.0' });
  expect((await service.ask('team-other'))[0]).toMatchObject({ version: '1.0' });
});

test('check counts on nothing that the index would not offer', async () => {
  const { body } = await service.call<{ rows: { name: string; state: string; version?: string; reason: string }[] }>(
    'POST',
    '/api/v1/check',
    { json: { file: 'evil\nspam\nyoung\n' } },
  );
  const rows = Object.fromEntries(body.rows.map((row) => [row.name, row]));
  expect(rows.evil).toMatchObject({
    state: 'not-found',
    reason: 'It is not offered: the policy denies evil: licence.',
  });
  expect(rows.spam).toMatchObject({ state: 'must-build', version: '1.0' });
  expect(rows.young).toMatchObject({ state: 'not-found', reason: expect.stringContaining('cooldown') });
});
