import { expect, test } from 'vitest';
import { startTestApi } from '../support/api.js';
import { openPage } from './browser.js';
import { failedBuild, ScriptedWorker, startBuild, succeededBuild } from './scenario.js';
import { browser, openSite, page, service } from './site.js';

openSite();

async function signIn(token = service.token): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'Sign in' });
  await dialog.getByLabel('Token').fill(token);
  await dialog.getByRole('button', { name: 'Sign in' }).click();
}

const status = (text: string) => page.locator('.facts').getByText(text, { exact: true });

test('a failure comes first: class, cause, decisive line with a jump, and the change that would mend it', async () => {
  const build = await failedBuild(service, 'broken');
  await page.goto(`/builds/${build.id}`);
  const panel = page.locator('section.failure');
  await panel.getByText('missing-header').waitFor();
  expect(await panel.getByRole('heading', { level: 2 }).textContent()).toContain('libspam-dev');
  const first = page.locator('.page > section, .page > .note').first();
  expect(await first.getAttribute('class')).toContain('failure');

  await panel.getByText('+ system:').waitFor();
  expect(await panel.locator('.diff .added').allTextContents()).toContain('+     - libspam-dev\n');

  const decisive = page.locator('.line.decisive');
  await decisive.waitFor();
  await page.locator('.lines').evaluate((element) => {
    element.scrollTop = 0;
  });
  await panel.getByRole('button', { name: 'Go to line 41' }).click();
  await decisive.waitFor();
  expect(await decisive.getAttribute('data-line')).toBe('41');
});

test('"Try this" asks for a token, then builds with the changed recipe', async () => {
  const build = await failedBuild(service, 'mended');
  await page.goto(`/builds/${build.id}`);
  await page.getByRole('button', { name: 'Try this' }).click();
  await signIn();
  await page.waitForURL((url) => url.pathname.startsWith('/builds/') && !url.pathname.endsWith(build.id));
  await page.getByText('trial', { exact: true }).waitFor();
  const tried = await service.build(page.url().split('/').at(-1) ?? '');
  expect(tried).toMatchObject({ project: 'mended', channel: 'trial', status: 'queued' });
  const lease = await service.claim();
  expect(lease.order.recipe).toMatchObject({ system: { apt: ['libspam-dev'] } });
  await new ScriptedWorker(service, lease).succeed('mended-1.0-cp313-cp313-manylinux_2_31_x86_64.whl');
  await page.getByText('/trial/simple/').waitFor();
});

test('every attempt is kept and can be looked at; retry makes another', async () => {
  const build = await failedBuild(service, 'retried');
  await page.goto(`/builds/${build.id}`);
  await page.getByRole('button', { name: 'Retry' }).click();
  await signIn();
  await status('queued').waitFor();
  const worker = new ScriptedWorker(service, await service.claim());
  await worker.phase('fetch');
  await worker.log('the second time');
  await page.getByText('the second time').waitFor();
  await page.getByRole('radio', { name: /Attempt 1/ }).check();
  await page.locator('.line.decisive').waitFor();
  expect(new URL(page.url()).searchParams.get('attempt')).toBe('1');
  await page.getByRole('radio', { name: /Attempt 2/ }).check();
  await page.getByText('the second time').waitFor();
  await worker.fail({ class: 'unknown', line: '', lineNumber: 0, cause: 'Nobody knows.' });
  await page.getByRole('heading', { name: 'Nobody knows.' }).waitFor();
});

test('a queued build that no worker can make says why', async () => {
  service.upstream.add('lonely', 'lonely-1.0.tar.gz');
  const recipe = 'project: lonely\nresources: { labels: [gpu] }\n';
  const [build] = await service.ask('lonely', { recipe });
  await page.goto(`/builds/${build?.id}`);
  await page.getByText(/^(No worker is there|No worker has all the labels that the recipe asks for: gpu)/).waitFor();
  await page.getByText('Queued: it starts as soon as a worker is there that can make it.').waitFor();
});

test('a build can be cancelled', async () => {
  const { build } = await startBuild(service, 'cancelled');
  await page.goto(`/builds/${build.id}`);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await signIn();
  await status('cancelled').waitFor();
  expect((await service.build(build.id)).status).toBe('cancelled');
});

test('a success shows its file: what is grafted in, what the image must bring, the line to install it', async () => {
  const build = await succeededBuild(service, 'good');
  await page.goto(`/builds/${build.id}`);
  await page.getByText('libldap-9f1e.so.2').waitFor();
  await page.getByText('libGL.so.1').waitFor();
  await page
    .getByText("pip install --index-url http://index.example/simple/ --trusted-host index.example 'good==1.0'")
    .waitFor();
  await page.getByText(build.files[0]?.sha256 ?? (await service.build(build.id)).files[0]?.sha256 ?? '?').waitFor();
  expect(await page.locator('.timeline .name').allTextContents()).toEqual([
    'fetch',
    'build',
    'repair',
    'test',
    'publish',
  ]);
});

test('a wheel tells its SBOM, its files, and its provenance once that is checked', async () => {
  const build = await succeededBuild(service, 'inside');
  await page.goto(`/builds/${build.id}`);
  await page.getByText('SBOM, files and provenance').click();
  await page.getByRole('cell', { name: 'pkg:deb/debian/libpq5@13.22-0+deb11u1' }).waitFor();
  await page.getByText('signature holds').waitFor();
  const made = page.getByRole('region', { name: 'What it was made from' });
  await made.getByRole('rowheader', { name: 'setuptools' }).waitFor();
  await made.getByRole('rowheader', { name: 'inside-1.0.tar.gz' }).waitFor();
  await page.getByRole('region', { name: 'Files in the wheel' }).getByText('inside.py').waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: /auditwheel\.cdx\.json/ }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('auditwheel.cdx.json');
});

test('what differs from the last success is said: what went in, and what the log says now', async () => {
  service.upstream.add('changed', 'changed-2.0.tar.gz');
  const begin = async (version: string, cython: string) => {
    const { build, worker } = await startBuild(service, 'changed', version);
    await worker.phase('fetch');
    const inputs = [
      { kind: 'build-requirement', name: 'cython', version: cython },
      { kind: 'image', name: 'builder', version: 'same' },
    ];
    const path = `/api/v1/attempts/${worker.lease.attemptId}/inputs`;
    await service.call('POST', path, { json: { inputs }, lease: worker.lease });
    await worker.log(`compiling changed ${version} in /tmp/x${version}`);
    return { build, worker };
  };
  const good = await begin('1.0', '0.29.37');
  await good.worker.succeed('changed-1.0-cp313-cp313-manylinux_2_31_x86_64.whl');
  const bad = await begin('2.0', '3.0.1');
  await bad.worker.log('changed.pyx:3:0: undeclared name');
  await bad.worker.fail({ class: 'compile-error', line: '', lineNumber: 0, cause: 'Cython changed.' });

  await page.goto(`/builds/${bad.build.id}`);
  await page.getByText('1 input differs from the last success').click();
  expect(await page.locator('.comparison tbody tr').allTextContents()).toEqual([
    'cython build requirement0.29.373.0.1',
  ]);
  await page.getByRole('button', { name: 'Compare the logs' }).click();
  await page.getByText('1 line is in this log only').waitFor();
  expect(await page.locator('.new-lines li').allTextContents()).toEqual(['2changed.pyx:3:0: undeclared name']);
});

test('the token is out of reach of scripts; a revoked one is asked for again, and the action goes on', async () => {
  const { id, secret } = await service.api.context.tokens.create('mine', ['build'], Date.now());
  const build = await failedBuild(service, 'expired');
  await page.goto(`/builds/${build.id}`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await signIn('wrong');
  await page.getByRole('alert').getByText('not known').waitFor();
  await signIn(secret);
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  expect(await page.evaluate('document.cookie')).toBe('');
  expect((await page.context().cookies()).map(({ httpOnly, sameSite }) => ({ httpOnly, sameSite }))).toEqual([
    { httpOnly: true, sameSite: 'Strict' },
  ]);

  await service.api.context.tokens.revoke(id, Date.now());
  await page.getByRole('button', { name: 'Retry' }).click();
  await page.getByText('no longer valid').waitFor();
  await signIn();
  await status('queued').waitFor();

  await page.getByRole('button', { name: 'Cancel' }).click();
  await status('cancelled').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
});

test('a token without the scope is not offered what it may not do', async () => {
  const { secret } = await service.api.context.tokens.create('reader', ['upload'], Date.now());
  const build = await failedBuild(service, 'scoped');
  await page.goto(`/builds/${build.id}`);
  await page.getByRole('button', { name: 'Retry' }).waitFor();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await signIn(secret);
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  expect(await page.getByRole('button', { name: 'Retry' }).count()).toBe(0);
  await page.getByRole('link', { name: 'Edit first' }).waitFor();
  expect(await page.getByRole('button', { name: 'Try this' }).count()).toBe(0);
  await page.getByRole('link', { name: 'Edit first' }).click();
  await page.getByText('The recipe is sound').waitFor();
  expect(await page.getByRole('button', { name: /^(Build with this|Submit)/ }).count()).toBe(0);
});

test('where reading takes a token, the page asks for it and then shows all, the live log included', async () => {
  const closed = await startTestApi({ WHEELWRIGHT_READ_TOKEN_REQUIRED: '1', WHEELWRIGHT_LEASE_MS: '600000' });
  const { build, worker } = await startBuild(closed, 'secret');
  await worker.phase('build');
  await worker.log('the first line');
  const reader = await openPage(browser, closed.api.url);
  await reader.page.goto(`/builds/${build.id}`);
  await reader.page.getByText('this call takes a token').waitFor();
  await reader.page.getByRole('alert').getByRole('button', { name: 'Sign in' }).click();
  await reader.page.getByLabel('Token').fill(closed.token);
  await reader.page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
  await reader.page.getByText('the first line').waitFor();
  await worker.log('the second line');
  await reader.page.getByText('the second line').waitFor();
  expect(reader.complaints).toEqual([]);
  await reader.close();
  await closed.close();
});
