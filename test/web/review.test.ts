import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { Submission } from '../../client/contract.js';
import { openPage } from './browser.js';
import { failedBuild, failFirstTry, ScriptedWorker } from './scenario.js';
import { browser, openSite, page, service } from './site.js';

const WAIT_MS = 20_000;

openSite();

const openSignIn = (on: Page) => on.getByRole('button', { name: 'Sign in' }).click();

/** Signs in where the dialog is open, or is about to be. */
async function signIn(on: Page, ...scopes: ('build' | 'submit' | 'approve')[]): Promise<void> {
  const { secret } = await service.api.context.tokens.create(scopes.join(' and '), scopes, Date.now());
  const dialog = on.getByRole('dialog', { name: 'Sign in' });
  await dialog.getByLabel('Token').fill(secret);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await on.getByRole('button', { name: 'Sign out' }).waitFor();
}

async function submitted(project: string): Promise<Submission> {
  service.upstream.add(project, `${project}-1.0.tar.gz`);
  const recipe = `project: ${project}\nsystem: { apt: [libham-dev] }\n`;
  const { body } = await service.call<Submission>('POST', '/api/v1/submissions', {
    json: { recipe, reason: 'we need it' },
  });
  return body;
}

async function deliverTrial(project: string): Promise<void> {
  const worker = new ScriptedWorker(service, await service.claim(WAIT_MS));
  expect(worker.lease.order.project).toBe(project);
  await worker.succeed(`${project}-1.0-cp313-cp313-manylinux_2_31_x86_64.whl`);
}

const state = (on: Page, text: string) => on.locator('.facts').getByText(text, { exact: true });

test('a recipe is submitted, tried live, approved by somebody else, and then used', async () => {
  service.upstream.add('spam', 'spam-1.0.tar.gz');
  await page.goto('/recipes?edit=');
  const text = page.getByLabel('Recipe in YAML');
  await text.press('Control+a');
  await text.press('Delete');
  await text.pressSequentially('project: spam\nsystem: { apt: [libham-dev] }');
  await page.getByText('The recipe is sound').waitFor();
  await page.getByLabel(/why it is needed/).fill('ham.h is missing');
  await page.getByRole('button', { name: 'Submit for review' }).click();
  await signIn(page, 'submit');
  await page.waitForURL('**/submissions/*');
  await page.getByText('ham.h is missing').waitFor();
  await page.getByText('+ system: { apt: [libham-dev] }').waitFor();
  expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0);

  const reviewer = await openPage(browser, service.api.url);
  await reviewer.page.goto('/submissions');
  await openSignIn(reviewer.page);
  await signIn(reviewer.page, 'approve');
  await reviewer.page.getByRole('link', { name: /spam/ }).click();
  const approve = reviewer.page.getByRole('button', { name: 'Approve' });
  await approve.waitFor();
  expect(await approve.isDisabled()).toBe(true);
  await deliverTrial('spam');
  await reviewer.page.locator('.card').getByText('succeeded', { exact: true }).waitFor();
  await reviewer.page.getByLabel('Comment', { exact: true }).fill('looks right');
  await approve.click();
  await state(reviewer.page, 'approved').waitFor();
  await reviewer.page.getByText('looks right').waitFor();
  await reviewer.close();
  await state(page, 'approved').waitFor();

  const file = (await service.call<{ releases: { files: { channel: string }[] }[] }>('GET', '/api/v1/projects/spam'))
    .body;
  expect(file.releases[0]?.files.map(({ channel }) => channel)).toEqual(['stable']);
});

test('of two reviewers at once the first decides, and the second is told', async () => {
  const { id } = await submitted('bacon');
  await deliverTrial('bacon');
  const second = await openPage(browser, service.api.url);
  for (const on of [page, second.page]) {
    await on.goto(`/submissions/${id}`);
    await openSignIn(on);
    await signIn(on, 'approve');
    await on.getByLabel('Comment', { exact: true }).fill('decided');
  }
  await Promise.all([
    page.getByRole('button', { name: 'Approve' }).click(),
    second.page.getByRole('button', { name: 'Reject' }).click(),
  ]);
  const decided = (on: Page) => on.locator('.facts').getByText(/^(approved|rejected)$/);
  await Promise.all([decided(page).waitFor(), decided(second.page).waitFor()]);
  const { body } = await service.call<Submission>('GET', `/api/v1/submissions/${id}`);
  expect(body.history).toHaveLength(2);
  expect(await decided(page).textContent()).toBe(body.status);
  expect(await decided(second.page).textContent()).toBe(body.status);
  await second.close();
});

test('two reviewers talk about a line at once, and each sees what the other said', async () => {
  const { id } = await submitted('beans');
  await deliverTrial('beans');
  const second = await openPage(browser, service.api.url);
  await page.goto(`/submissions/${id}`);
  await openSignIn(page);
  await signIn(page, 'submit');
  await second.page.goto(`/submissions/${id}`);
  await openSignIn(second.page);
  await signIn(second.page, 'approve');
  const say = async (on: Page, text: string) => {
    await on.getByRole('button', { name: 'Comment on line 2' }).click();
    await on.getByRole('textbox', { name: 'Comment on line 2' }).fill(text);
    await on.getByRole('button', { name: 'Comment', exact: true }).click();
  };
  await Promise.all([say(page, 'what is ham?'), say(second.page, 'is that all?')]);
  for (const on of [page, second.page]) {
    const below = on.locator('.commented li', { hasText: 'libham-dev' });
    await below.getByText('what is ham?').waitFor();
    await below.getByText('is that all?').waitFor();
  }
  // Who may not decide is not offered to, and a comment decides nothing.
  expect(await page.getByRole('button', { name: 'Approve' }).count()).toBe(0);
  await page.getByLabel('Comment', { exact: true }).fill('it is all');
  await page.getByRole('button', { name: 'Only comment' }).click();
  await second.page.locator('.history').getByText('it is all').waitFor();
  await state(page, 'open').waitFor();
  expect(second.complaints).toEqual([]);
  await second.close();
});

test('rejecting takes a comment, which stays', async () => {
  const { id } = await submitted('sausage');
  await deliverTrial('sausage');
  await page.goto(`/submissions/${id}`);
  await openSignIn(page);
  await signIn(page, 'approve');
  const reject = page.getByRole('button', { name: 'Reject' });
  expect(await reject.isDisabled()).toBe(true);
  await page.getByLabel('Comment', { exact: true }).fill('too broad');
  await reject.click();
  await state(page, 'rejected').waitFor();
  await page.getByText('too broad').waitFor();
  await page.goto('/submissions?status=rejected');
  await page.getByRole('link', { name: /sausage/ }).waitFor();
});

test('a failed build is solved: each try is shown, and the recipe that works waits for a review', async () => {
  const build = await failedBuild(service, 'puzzle');
  await page.goto(`/builds/${build.id}`);
  await page.getByRole('button', { name: 'Solve' }).click();
  await signIn(page, 'build');
  await page.waitForURL('**/solves/*');
  await failFirstTry(service);
  await page.getByRole('heading', { name: '2. With one more change' }).waitFor();
  await page.getByText('libspam-dev is the only package').waitFor();
  await deliverTrial('puzzle');
  await state(page, 'solved').waitFor();
  await page.getByText('The recipe that works').waitFor();
  await page.getByRole('link', { name: 'Review it' }).click();
  await page.getByRole('heading', { name: 'Recipe of puzzle' }).waitFor();
  await page.getByRole('link', { name: 'found by solving' }).waitFor();
});
