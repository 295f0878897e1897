import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.js';
import { goSettled, launchBrowser, openDetails, openPage } from './browser.js';
import { failedBuild, startBuild, startSolve, succeededBuild } from './scenario.js';

let service: TestApi;
let browser: Browser;
let axe: string;
const paths: Record<string, string> = {};
beforeAll(async () => {
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  service = await startTestApi({ WHEELWRIGHT_LEASE_MS: '600000' });
  browser = await launchBrowser();
  const failed = await failedBuild(service, 'spam');
  const solve = await startSolve(service, 'spam');
  // Its next try stays with a worker, so that the builds below are the next to be claimed.
  await service.claim(20_000);
  const succeeded = await succeededBuild(service, 'eggs');
  const long = await failedBuild(service, 'a'.repeat(120));
  const { build, worker } = await startBuild(service, 'sausage');
  await worker.phase('build');
  await worker.log(
    '\u001b[31mred\u001b[32m green\u001b[33m yellow\u001b[34m blue\u001b[35m magenta\u001b[36m cyan\u001b[37m white\u001b[90m grey',
  );
  service.upstream.add('reviewed', 'reviewed-1.0.tar.gz');
  const recipe = 'project: reviewed\nsystem: { apt: [libham-dev] }\n';
  const submission = (await service.call<{ id: string }>('POST', '/api/v1/submissions', { json: { recipe } })).body;
  Object.assign(paths, {
    home: '',
    builds: 'builds',
    'failed build': `builds/${failed.id}`,
    'build of a long name': `builds/${long.id}`,
    'succeeded build': `builds/${succeeded.id}`,
    'running build': `builds/${build.id}`,
    packages: 'packages',
    project: 'packages/eggs',
    'project of a long name': `packages/${long.project}`,
    check: 'check',
    recipes: 'recipes',
    submissions: 'submissions',
    submission: `submissions/${submission.id}`,
    solve: `solves/${solve}`,
    'recipe editor': 'recipes?edit=',
    infrastructure: 'infrastructure',
    'not found': 'no/such/page',
  });
});
afterAll(async () => {
  await browser?.close();
  await service?.close();
});

test.each(['light', 'dark'] as const)('axe finds nothing on any page: %s', async (colorScheme) => {
  const found: string[] = [];
  const { page, close } = await openPage(browser, service.api.url, { colorScheme, reducedMotion: 'reduce' });
  for (const [name, path] of Object.entries(paths)) {
    await goSettled(page, path);
    await openDetails(page);
    await page.evaluate(axe);
    const { violations } = (await page.evaluate('axe.run()')) as AxeResults;
    for (const { id, impact, nodes } of violations)
      found.push(`${name}: ${impact} ${id} ${nodes[0]?.html.slice(0, 120)}`);
  }
  await close();
  expect(found).toEqual([]);
});

test('the way around by keyboard: skip link, focus that moves with the page, a dialog that gives it back', async () => {
  const { page, close } = await openPage(browser, service.api.url);
  await page.goto('/builds');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  const focused = () => page.evaluate('document.activeElement?.id ?? document.activeElement?.tagName');
  expect(await focused()).toBe('main');
  await page.getByRole('link', { name: 'Packages' }).press('Enter');
  await page.getByRole('heading', { name: 'Packages' }).waitFor();
  expect(await focused()).toBe('main');
  await page.getByRole('button', { name: 'Sign in' }).press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  expect(await page.evaluate('document.activeElement?.textContent')).toBe('Sign in');
  await close();
});

test('no page is wider than a screen of 320, 390 or 768 pixels', async () => {
  const wide: string[] = [];
  const { page, close } = await openPage(browser, service.api.url);
  for (const [name, path] of Object.entries(paths)) {
    await goSettled(page, path);
    await openDetails(page);
    for (const width of [320, 390, 768]) {
      await page.setViewportSize({ width, height: 800 });
      const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
      if (overflow > 0) wide.push(`${name} at ${width} by ${overflow} px`);
    }
  }
  await close();
  expect(wide).toEqual([]);
});
