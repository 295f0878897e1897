import { expect, test } from 'vitest';
import { cachedPages } from '../../api/page-cache.js';
import type { UpstreamPage } from '../../core/upstream.js';

const never = new AbortController().signal;

function counted(answers: (UpstreamPage | Error | undefined)[]) {
  let now = 0;
  const asked: string[] = [];
  const upstream = {
    async project(name: string) {
      asked.push(name);
      const answer = answers[asked.length - 1];
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const pages = cachedPages(upstream, 1_000, () => now);
  return { asked, pages: (name: string) => pages(name, never), sleep: (ms: number) => (now += ms) };
}
const page = (name: string): UpstreamPage => ({ page: { name, files: [] }, validators: {} });

test('many requests for a project ask once, until the page is old', async () => {
  const { asked, pages, sleep } = counted([page('spam'), page('spam')]);
  await Promise.all([pages('spam'), pages('spam')]);
  sleep(999);
  expect(await pages('spam')).toEqual({ name: 'spam', files: [] });
  expect(asked).toHaveLength(1);
  sleep(1);
  await pages('spam');
  expect(asked).toHaveLength(2);
});

test('neither a failure nor a missing project is remembered', async () => {
  const { asked, pages } = counted([new Error('away'), undefined, page('spam')]);
  await expect(pages('spam')).rejects.toThrow('away');
  expect(await pages('spam')).toBeUndefined();
  expect(await pages('spam')).toBeDefined();
  expect(asked).toHaveLength(3);
});
