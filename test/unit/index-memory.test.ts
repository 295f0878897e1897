// What clients can make the index keep by what they ask for.
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { parseIndexPolicy } from '../../core/index-policy.js';
import { ProjectViews, type ProjectViewsOptions } from '../../index-server/project-views.js';
import { ReadyAnswers } from '../../index-server/ready-answer.js';

test('names that nobody knows are remembered, and soon push each other out', async () => {
  const asked: string[] = [];
  const views = new ProjectViews({
    hosted: { isOwned: () => false, isReserved: () => false, lookAlike: () => undefined, reader: undefined },
    policy: parseIndexPolicy({}, 'test'),
    upstreams: { get: async () => ({}) },
    upstreamPages: {
      page: async (_name: string, _upstream: unknown, project: string) => {
        asked.push(project);
        return { page: undefined, refused: new Map(), fetchedAt: 0, freshUntil: 1, stale: false };
      },
    },
    clock: () => 0,
    onFault: () => {},
    maxFiles: 100,
  } as unknown as ProjectViewsOptions);
  const signal = new AbortController().signal;
  const ask = (name: string) => views.get('stable', name, signal);
  for (const name of ['a', 'a', 'b']) await ask(name);
  expect(asked).toEqual(['a', 'b']);
  for (let n = 0; n < 12; n++) await ask(`n${n}`);
  await ask('a');
  expect(asked.filter((name) => name === 'a')).toHaveLength(2);
});

test('a long URL or header counts like a long answer', () => {
  let forgotten = 0;
  const answers = new ReadyAnswers(() => forgotten++);
  const answer = {
    etag: '"x"',
    headers: [],
    notModifiedHeaders: [],
    body: Buffer.from('x'),
    freshUntil: Number.POSITIVE_INFINITY,
  };
  const remember = (n: number, length: number) => {
    const request = { method: 'GET', url: `/simple/?${n}`.padEnd(length), headers: { accept: 'b'.repeat(length) } };
    answers.remember(request as unknown as IncomingMessage, answer, answers.generation);
  };
  for (let n = 0; n < 3_000; n++) remember(n, 10);
  expect(forgotten).toBe(0);
  answers.forgetAll();
  for (let n = 0; n < 3_000; n++) remember(n, 16_000);
  expect(forgotten).toBe(2);
});
