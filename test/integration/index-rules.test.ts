import { describe, expect, test } from 'vitest';
import { ask } from '../support/http-ask.js';
import { explained, namesOf, pathOf, useIndexWithUpstream } from '../support/index-with-upstream.js';
import { startLyingUpstream } from '../support/lying-upstream.js';
import { makeWheel, type TestWheel } from '../support/wheel.js';

const on = useIndexWithUpstream();

describe('policy', () => {
  const old = makeWheel('demo-1.0-py3-none-any.whl');
  const young = makeWheel('demo-2.0-py3-none-any.whl');
  const paths = (wheel: TestWheel) => [
    pathOf(wheel),
    `${pathOf(wheel)}.metadata`,
    `/integrity/demo/2.0/${wheel.filename}/provenance`,
  ];

  test.each([
    ['cooldown', { projects: ['de*'], 'cooldown-days': 7 }, 'cooldown of 7 days'],
    ['pin', { projects: ['demo'], versions: '<2', reason: 'breaks us' }, 'outside the pinned <2 (breaks us)'],
  ])('%s: the page, the file, its metadata and its provenance say the same', async (_, rule, reason) => {
    on.upstream.offer('demo', old, { 'upload-time': '2020-01-01T00:00:00Z' });
    on.upstream.offer('demo', young, { 'upload-time': new Date(Date.now() - 3 * 86_400_000).toISOString() });
    const { url } = await on.start({ rules: [rule] });
    expect(await namesOf(url, 'demo')).toEqual([old.filename]);
    for (const path of paths(young)) expect([path, (await ask(url, path)).status]).toEqual([path, 403]);
    expect((await ask(url, pathOf(old))).status).toBe(200);
    const why = await explained(url, young.filename);
    expect([why.offered, why.reason]).toEqual([false, expect.stringContaining(reason)]);
  });

  test('a denied project is 403 everywhere and never asked for; a later rule can allow one of many', async () => {
    on.upstream.offer('demo', old);
    on.upstream.offer('demo-good', makeWheel('demo_good-1-py3-none-any.whl'));
    const rules = [
      { projects: ['demo*'], access: 'deny', reason: 'licence' },
      { projects: ['demo-good'], access: 'allow' },
    ];
    const { url } = await on.start({ rules });
    const denied = await ask(url, '/simple/demo/');
    expect([denied.status, denied.text]).toEqual([403, expect.stringContaining('licence')]);
    for (const path of paths(old)) expect([path, (await ask(url, path)).status]).toEqual([path, 403]);
    expect(await namesOf(url, 'demo-good')).toEqual(['demo_good-1-py3-none-any.whl']);
    expect(on.upstream.requests).toEqual(['GET /simple/demo-good/']);
  });

  test('sdists where a rule asks for them', async () => {
    on.upstream.offer('demo', { filename: 'demo-1.0.tar.gz', bytes: Buffer.from('source') });
    const { url } = await on.start({ rules: [{ projects: ['demo'], 'wheels-only': false }] });
    expect(await namesOf(url, 'demo')).toEqual(['demo-1.0.tar.gz']);
  });

  test('a project that appears in an earlier upstream takes the place of a later one within a minute, and its failure hides that', async () => {
    const second = await startLyingUpstream();
    let now = Date.now();
    try {
      const ours = makeWheel('team_a-1-py3-none-any.whl');
      second.offer('team-a', makeWheel('team_a-2-py3-none-any.whl'));
      const { url } = await on.start({
        clock: () => now,
        upstreams: [
          { name: 'team', url: on.upstream.url },
          { name: 'all', url: second.url },
        ],
      });
      expect(await namesOf(url, 'team-a')).toEqual(['team_a-2-py3-none-any.whl']);
      on.upstream.down = true;
      now += 61_000;
      expect((await ask(url, '/simple/team-a/')).status).toBe(503);
      on.upstream.down = false;
      on.upstream.offer('team-a', ours);
      now += 6_000;
      expect(await namesOf(url, 'team-a')).toEqual([ours.filename]);
    } finally {
      await second.close();
    }
  });

  test('several upstreams by pattern, in order: the first that knows a project is the only one that is heard', async () => {
    const second = await startLyingUpstream();
    try {
      on.upstream.offer('team-a', makeWheel('team_a-1-py3-none-any.whl'));
      second.offer('team-a', makeWheel('team_a-2-py3-none-any.whl'));
      second.offer('team-b', makeWheel('team_b-2-py3-none-any.whl'));
      second.offer('demo', old);
      const { url } = await on.start({
        upstreams: [
          { name: 'team', url: on.upstream.url, projects: ['team-*'] },
          { name: 'all', url: second.url },
        ],
      });
      expect(await namesOf(url, 'team-a')).toEqual(['team_a-1-py3-none-any.whl']);
      expect(await namesOf(url, 'team-b')).toEqual(['team_b-2-py3-none-any.whl']);
      expect(await namesOf(url, 'demo')).toEqual([old.filename]);
      expect(on.upstream.requests).toEqual(['GET /simple/team-a/', 'GET /simple/team-b/']);
      on.upstream.down = true;
      expect((await ask(url, '/simple/team-c/')).status).toBe(503);
      expect(second.requests).not.toContain('GET /simple/team-c/');
    } finally {
      await second.close();
    }
  });
});
