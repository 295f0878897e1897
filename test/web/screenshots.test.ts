import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.js';
import { goSettled, launchBrowser, openDetails, openPage } from './browser.js';
import { failedBuild, startBuild, startSolve, succeededBuild } from './scenario.js';

const FOLDER = 'dist/screenshots';

let service: TestApi;
let browser: Browser;
const paths: Record<string, string> = {};

beforeAll(async () => {
  await mkdir(FOLDER, { recursive: true });
  service = await startTestApi({ WHEELWRIGHT_LEASE_MS: '600000' });
  browser = await launchBrowser();
  const failed = await failedBuild(service, 'spam');
  const solve = await startSolve(service, 'spam');
  // Its next try stays with a worker, so that the builds below are the next to be claimed.
  await service.claim(20_000);
  await failedBuild(service, 'bacon', {
    class: 'timed-out',
    phase: 'build',
    line: '',
    lineNumber: 0,
    cause: 'The build took longer than its limit of 2 hours.',
  });
  const succeeded = await succeededBuild(service, 'eggs');
  const { build, worker } = await startBuild(service, 'sausage');
  await worker.phase('fetch');
  await worker.log('Fetching setuptools 75.1', 'Fetching wheel 0.44');
  await worker.phase('build');
  await worker.log(
    ...Array.from({ length: 60 }, (_, n) => `[${n + 1}/120] Building C object CMakeFiles/sausage.dir/part_${n}.c.o`),
  );
  service.upstream.add('mixed', 'mixed-2.0.tar.gz');
  service.upstream.add('mixed', 'mixed-1.0-cp311-abi3-manylinux_2_17_x86_64.whl');
  service.upstream.add('mixed', 'mixed-0.5-cp39-cp39-win_amd64.whl');
  service.upstream.add('beans', 'beans-3.1.tar.gz');
  await service.ask('beans');
  const recipe = 'project: reviewed\nsystem: { apt: [libham-dev] }\n';
  service.upstream.add('reviewed', 'reviewed-1.0.tar.gz');
  const sent = { json: { recipe, reason: 'ham.h is needed' } };
  const submission = (await service.call<{ id: string }>('POST', '/api/v1/submissions', sent)).body;
  Object.assign(paths, {
    home: '',
    builds: 'builds',
    'builds-grouped': 'builds?status=failed&group=class',
    failed: `builds/${failed.id}`,
    succeeded: `builds/${succeeded.id}`,
    running: `builds/${build.id}`,
    packages: 'packages',
    project: 'packages/eggs',
    mixed: 'packages/mixed',
    check: 'check',
    infrastructure: 'infrastructure',
    recipes: 'recipes',
    submissions: 'submissions',
    submission: `submissions/${submission.id}`,
    solve: `solves/${solve}`,
    'recipe-editor': 'recipes?edit=lxml',
  });
});
afterAll(async () => {
  await browser?.close();
  await service?.close();
});

const LOOKS = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, hasTouch: true, deviceScaleFactor: 2 },
} as const;

test.each(Object.entries(LOOKS))('every page is drawn without a complaint: %s', async (look, options) => {
  const { page, complaints, close } = await openPage(browser, service.api.url, options);
  for (const [name, path] of Object.entries(paths)) {
    await goSettled(page, path);
    await page.screenshot({ path: join(FOLDER, `${name}-${look}.png`), fullPage: true });
    if ((await page.locator('details').count()) > 0) {
      await openDetails(page);
      await page.screenshot({ path: join(FOLDER, `${name}-open-${look}.png`), fullPage: true });
    }
    expect(complaints, name).toEqual([]);
  }
  await close();
});

test.each(['light', 'dark'] as const)('the answer of a check is drawn: %s', async (look) => {
  const { page, complaints, close } = await openPage(browser, service.api.url, LOOKS[look]);
  await page.goto('/check');
  await page.getByLabel(/requirements.txt, pylock.toml/).fill('eggs\nbeans\nmixed<2\nmixed-up\n-e ./local\n');
  await page.getByRole('button', { name: 'Check' }).click();
  await page.locator('.check-table').waitFor();
  await page.screenshot({ path: join(FOLDER, `check-answer-${look}.png`), fullPage: true });
  expect(complaints).toEqual([]);
  await close();
});
