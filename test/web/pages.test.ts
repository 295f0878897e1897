import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addDownloads } from '../../adapters/sqlite/downloads.js';
import { sendUpload } from '../support/upload-service.js';
import { makeWheel } from '../support/wheel.js';
import { openPage } from './browser.js';
import { startProxy } from './proxy.js';
import { failedBuild, startBuild, succeededBuild } from './scenario.js';
import { browser, openSite, page, service } from './site.js';

openSite(async () => {
  await failedBuild(service, 'spam');
  await failedBuild(service, 'bacon', { class: 'timed-out', line: '', lineNumber: 0, cause: 'Too slow.' });
  await succeededBuild(service, 'eggs');
  const { worker } = await startBuild(service, 'sausage');
  await worker.inputs({ kind: 'build-requirement', name: 'eggs', version: '1.0' });
});

const rows = () => page.locator('a.build-row');

test('home says how to install from here, what is being built and what failed', async () => {
  await page.goto('/');
  await page.getByText('pip install --index-url http://index.example/simple/').waitFor();
  await page.getByText('ENV PIP_INDEX_URL=http://index.example/simple/').waitFor();
  await page.locator('.home-section', { hasText: 'Building now' }).getByText('sausage').waitFor();
  await page.locator('.home-section', { hasText: 'Failed' }).getByText('spam').first().waitFor();
  await page.getByRole('button', { name: 'Copy' }).first().click();
  await page.getByText('1 wheel is here. Compiling it took').waitFor();
});

test('home says how much compiling the downloads have saved so far', async () => {
  addDownloads(join(service.data, 'downloads.db'), { downloads: 1_200, savedMs: 180 * 60_000 });
  await page.goto('/');
  await page.getByText('3 hours of compiling saved so far: 1,200 downloads').waitFor();
});

test('the filters of the builds are the address, and the list is live', async () => {
  await page.goto('/builds');
  await rows().nth(3).waitFor();
  await page.getByRole('radio', { name: 'failed' }).check();
  await page.waitForURL('**/builds?status=failed');
  await expect.poll(() => rows().count()).toBe(2);
  await page.getByLabel('Project').fill('Spam');
  await page.waitForURL('**/builds?status=failed&project=Spam');
  await expect.poll(() => rows().count()).toBe(1);

  await page.goto('/builds?project=late');
  await page.getByText('No build matches').waitFor();
  service.upstream.add('late', 'late-1.0.tar.gz');
  await service.ask('late');
  await rows().filter({ hasText: 'late' }).waitFor();
});

test('failures are grouped by cause', async () => {
  await page.goto('/builds');
  await page.getByLabel('Group failures by cause').check();
  await page.getByRole('heading', { name: /^missing-header/ }).waitFor();
  await page.getByRole('heading', { name: /^timed-out/ }).waitFor();
});

test('the keyboard is enough: j, k and Enter', async () => {
  await page.goto('/builds?status=failed');
  await rows().first().waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  const focused = await page.evaluate('document.activeElement?.textContent');
  expect(focused).toContain('bacon');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Too slow.' }).waitFor();
  await page.goBack();
  await page.waitForURL('**/builds?status=failed');
});

test('packages can be searched; a project shows what is there for which target', async () => {
  await page.goto('/packages');
  await page.getByLabel('Search packages').fill('egg');
  await page.getByRole('link', { name: /eggs/ }).click();
  await page.getByRole('columnheader', { name: 'cp313 manylinux_2_31_x86_64' }).waitFor();
  await page
    .getByText("pip install --index-url http://index.example/simple/ --trusted-host index.example 'eggs==1.0'")
    .waitFor();
  await page.getByRole('link', { name: 'succeeded' }).click();
  await page.getByText('eggs-1.0-cp313-cp313-manylinux_2_31_x86_64.whl').waitFor();
});

test('a project says which others take it', async () => {
  await page.goto('/packages/eggs');
  await page.locator('.home-section', { hasText: 'Taken by builds of' }).getByRole('link', { name: 'sausage' }).click();
  await page.getByRole('heading', { name: 'sausage' }).waitFor();
});

test('a release is built from the matrix, beside what the upstream has', async () => {
  service.upstream.add('mixed', 'mixed-2.0.tar.gz');
  service.upstream.add('mixed', 'mixed-1.0-cp311-abi3-manylinux_2_17_x86_64.whl');
  service.upstream.add('mixed', 'mixed-0.5-cp39-cp39-win_amd64.whl');
  await page.goto('/packages/mixed');
  const row = (version: string) =>
    page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: version }) });
  await row('1.0').getByText('upstream wheel').first().waitFor();
  expect(await row('1.0').getByText('upstream wheel').count()).toBeGreaterThan(1);
  expect(await row('0.5').getByText('no sdist').count()).toBeGreaterThan(1);
  await page.getByRole('button', { name: 'Build 2.0 for cp313 manylinux_2_31_x86_64' }).click();
  await page.getByLabel('Token').fill(service.token);
  await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/builds/*');
  await page.getByRole('heading', { name: 'mixed 2.0' }).waitFor();
});

test('an uploaded release is here for every target that its wheel serves, and a yank is seen', async () => {
  const wheel = makeWheel('acme_tool-1.0-py3-none-any.whl');
  const upload = { filename: wheel.filename, bytes: wheel.bytes, secret: service.token };
  expect((await sendUpload(`${service.api.url}/legacy/`, upload)).status).toBe(200);
  const json = { files: ['1.0'], reason: 'loses data' };
  expect((await service.call('POST', '/api/v1/projects/acme-tool/yank', { json })).status).toBe(200);
  await page.goto('/packages/acme-tool');
  const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: '1.0' }) });
  await row.getByText('wheel here').first().waitFor();
  expect(await row.getByText('not tried').count()).toBe(0);
  await page.locator('article', { hasText: wheel.filename }).getByText('yanked').waitFor();
  await page.getByText('loses data').waitFor();
});

test('a requirements file is checked, and what would compile is built with one button', async () => {
  service.upstream.add('pure', 'pure-2.0-py3-none-any.whl');
  service.upstream.add('hard', 'hard-1.5.tar.gz');
  service.upstream.add('closed', 'closed-1.0-cp39-cp39-win_amd64.whl');
  await page.goto('/check');
  await page
    .getByLabel(/requirements.txt, pylock.toml/)
    .fill('# ours\npure\nhard >= 1\nclosed==1.0\neggs\nnowhere\n-e ./local\n');
  await page.getByRole('button', { name: 'Check' }).click();
  await page.getByText('6 projects, 2 ready, 1 would compile, 2 cannot be had').waitFor();
  const stateOf = (name: string) => page.getByRole('row').filter({ hasText: name }).locator('.badge').textContent();
  expect(await stateOf('eggs')).toBe('wheel here');
  expect(await stateOf('pure')).toBe('wheel upstream');
  expect(await stateOf('closed')).toBe('cannot be built');
  const lock =
    'version = 1\n[[package]]\nname = "app"\nversion = "1"\nsource = { virtual = "." }\ndependencies = [{ name = "pure" }]\n[[package]]\nname = "pure"\nversion = "2.0"\nsource = { registry = "https://upstream.example/simple" }\n';
  const chosen = { name: 'uv.lock', mimeType: 'text/plain', buffer: Buffer.from(lock) };
  const pasted = page.getByLabel(/requirements.txt, pylock.toml/);
  const text = await pasted.inputValue();
  await page.getByLabel('Choose a file').setInputFiles(chosen);
  await expect.poll(() => pasted.inputValue()).toBe(lock);
  await page.getByRole('button', { name: 'Check' }).click();
  await page.getByText('uv.lock: 1 project, 1 ready').waitFor();
  const dropped = `(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([${JSON.stringify(text)}], 'requirements.txt'));
    return transfer;
  })()`;
  await pasted.dispatchEvent('drop', { dataTransfer: await page.evaluateHandle(dropped) });
  await expect.poll(() => pasted.inputValue()).toBe(text);
  await page.getByRole('button', { name: 'Check' }).click();
  await page.getByRole('button', { name: 'Build the one that would compile' }).click();
  await page.getByLabel('Token').fill(service.token);
  await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
  await rows().filter({ hasText: 'hard' }).waitFor();
});

test('a recipe is completed and looked through as one types, and shows what finally applies', async () => {
  await page.goto('/recipes?edit=');
  const text = page.getByLabel('Recipe in YAML');
  await page.getByText('The recipe is sound').waitFor();
  const replace = async (by: string) => {
    await text.press('Control+a');
    await text.press('Delete');
    await text.pressSequentially(by);
  };
  await replace('project: spam\nsistem: { apt: [libspam-dev] }');
  await page.locator('.faults').getByText('did you mean "system"?').waitFor();
  await page.locator('.cm-lintRange-error').waitFor();
  expect(await page.getByRole('button', { name: 'Build with this recipe' }).isDisabled()).toBe(true);
  await page.getByRole('button', { name: 'Line 2' }).click();

  await replace('project: spam\nsyst');
  await page.getByRole('option', { name: 'system' }).waitFor();
  await page.waitForTimeout(200);
  await page.keyboard.press('Enter');
  await text.pressSequentially('{ apt: [libspam-dev] }');
  await page.getByText('The recipe is sound').waitFor();
  expect(await text.textContent()).toContain('system: { apt: [libspam-dev] }');

  await page.getByText('What applies to a version').click();
  await page.getByRole('textbox', { name: 'Version' }).fill('1.0');
  await page.locator('.applied').getByText('system.apt').waitFor();
});

test('images are listed with what was built in them, and so are workers', async () => {
  await page.goto('/infrastructure');
  await page.getByRole('row').filter({ hasText: 'never' }).first().waitFor();
  await page.getByRole('link', { name: /^\d+ builds$/ }).click();
  await page.waitForURL('**/builds?builder=*');
  await rows().filter({ hasText: 'eggs' }).waitFor();
  await page.goBack();
  await page.getByRole('link', { name: 'sausage 1.0' }).waitFor();
  await page.getByText(/^1 of 1000 slots, 1 of 10000 CPUs/).waitFor();
  await page.getByRole('rowheader', { name: 'cp313' }).first().waitFor();
});

test('an administrator drains a worker and resumes it', async () => {
  const admin = await openPage(browser, service.api.url);
  await admin.page.goto('/infrastructure');
  await admin.page.getByRole('button', { name: 'Drain test' }).click();
  await admin.page.getByLabel('Token').fill(service.token);
  await admin.page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
  await admin.page.getByText('draining', { exact: true }).waitFor();
  await admin.page.getByRole('button', { name: 'Resume test' }).click();
  await admin.page.getByText('active', { exact: true }).waitFor();
  expect(admin.complaints.filter((complaint) => !complaint.includes('401'))).toEqual([]);
  await admin.close();
});

test('an unknown build and an unknown page say so', async () => {
  await page.goto('/builds/nothing');
  await page.getByText('there is no build "nothing"').waitFor();
  await page.goto('/some/where/else');
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
});

test('everything works behind a path prefix that a proxy takes off', async () => {
  const proxy = await startProxy(service.api.url, '/tools/wheels');
  const behind = await openPage(browser, proxy.url);
  const build = (await service.call<{ builds: { id: string }[] }>('GET', '/api/v1/builds?project=spam')).body.builds[0];
  await behind.page.goto(`${proxy.url}builds/${build?.id}`);
  await behind.page.locator('.line.decisive').waitFor();
  await behind.page.getByRole('link', { name: 'Packages' }).click();
  await behind.page.waitForURL('**/tools/wheels/packages');
  await behind.page.getByRole('link', { name: /eggs/ }).click();
  await behind.page.getByRole('link', { name: 'succeeded' }).click();
  await behind.page.getByText('libGL.so.1').waitFor();
  await behind.page.getByRole('button', { name: 'Sign in' }).click();
  await behind.page.getByLabel('Token').fill(service.token);
  await behind.page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
  await behind.page.getByRole('button', { name: 'Sign out' }).waitFor();
  expect((await behind.page.context().cookies()).map(({ path }) => path)).toEqual(['/tools/wheels/api/v1']);
  expect(behind.complaints).toEqual([]);
  await behind.close();
  await proxy.close();
});
