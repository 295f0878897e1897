import { expect, test } from 'vitest';
import { openPage } from './browser.js';
import { startProxy } from './proxy.js';
import { MISSING_HEADER, startBuild } from './scenario.js';
import { browser, openSite, page, service } from './site.js';

openSite();

const line = (number: number) => page.locator(`[data-line="${number}"] .text`);
const lines = () => page.getByRole('group', { name: 'Log lines' });
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => `line number ${from + n}`);

test('a live log grows on screen, follows its end, and stops following when the reader scrolls up', async () => {
  const { build, worker } = await startBuild(service, 'live');
  await worker.phase('build');
  await worker.log(...numbered(1, 200));
  await page.goto(`/builds/${build.id}`);
  await line(200).waitFor();

  await worker.log(...numbered(201, 400));
  await line(400).waitFor();
  const follow = page.getByRole('button', { name: 'Follow' });
  expect(await follow.getAttribute('aria-pressed')).toBe('true');

  await lines().hover();
  await page.mouse.wheel(0, -2000);
  await page.locator('[aria-pressed="false"][title*="newest"]').waitFor();
  const before = await lines().evaluate((element) => element.scrollTop);
  await worker.log(...numbered(401, 600));
  await page.getByText('600 lines').first().waitFor();
  expect(await lines().evaluate((element) => element.scrollTop)).toBe(before);

  await follow.click();
  await line(600).waitFor();
});

test('after a lost connection the log goes on without a gap or a double', async () => {
  const proxy = await startProxy(service.api.url);
  const { build, worker } = await startBuild(service, 'cut');
  await worker.phase('build');
  await worker.log(...numbered(1, 50));
  const cut = await openPage(browser, proxy.url);
  await cut.page.goto(`${proxy.url}builds/${build.id}`);
  await cut.page.locator('[data-line="50"]').waitFor();

  proxy.down = true;
  proxy.cut();
  await cut.page.getByText('connecting again').waitFor();
  await worker.log(...numbered(51, 90));
  proxy.down = false;
  await cut.page.locator('[data-line="90"]').waitFor();
  await worker.log(...numbered(91, 100));
  await cut.page.locator('[data-line="100"]').waitFor();

  const shown = await cut.page
    .locator('[data-line]')
    .evaluateAll((rows) =>
      rows.map((row) => [Number(row.getAttribute('data-line')), row.querySelector('.text')?.textContent]),
    );
  expect(shown.length).toBeGreaterThan(20);
  for (const [index, [number, text]] of shown.entries()) {
    expect(number).toBe((shown[0]?.[0] as number) + index);
    expect(text).toBe(`line number ${number}`);
  }
  expect(proxy.requests.filter((path) => path.endsWith('/log?from=51'))).not.toEqual([]);
  await cut.close();
  await proxy.close();
});

test('a connection that breaks again and again while lines come loses none and shows none twice', async () => {
  const proxy = await startProxy(service.api.url);
  const { build, worker } = await startBuild(service, 'torn');
  await worker.phase('build');
  const torn = await openPage(browser, proxy.url);
  await torn.page.goto(`${proxy.url}builds/${build.id}`);
  const connections = () => proxy.requests.filter((path) => path.endsWith('/events')).length;
  let cuts = 0;
  for (let batch = 0; batch < 60; batch += 1) {
    await worker.log(...numbered(batch * 20 + 1, batch * 20 + 20));
    await torn.page.waitForTimeout(25);
    if (batch % 12 !== 5) continue;
    await expect.poll(connections).toBeGreaterThan(cuts);
    proxy.cut();
    cuts += 1;
  }
  await torn.page.locator('[data-line="1200"]').waitFor();
  expect(connections()).toBeGreaterThan(cuts);

  // Only what is in view is drawn: the whole log is looked at screen by screen.
  const shown = new Map<number, string>();
  await torn.page.getByRole('button', { name: 'Follow' }).click();
  for (let top = 0; shown.size < 1200 && top < 1200 * 20; top += 300) {
    const rows = torn.page.getByRole('group', { name: 'Log lines' });
    await rows.evaluate((element, to) => {
      element.scrollTop = to;
    }, top);
    await torn.page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
    const drawn = await rows
      .locator('[data-line]')
      .evaluateAll((each) =>
        each.map((row) => [Number(row.getAttribute('data-line')), row.querySelector('.text')?.textContent ?? '']),
      );
    for (const [number, text] of drawn as [number, string][]) shown.set(number, text);
  }
  expect([...shown].sort(([a], [b]) => a - b)).toEqual(numbered(1, 1200).map((text, n) => [n + 1, text]));
  await torn.page.getByText('1,200 lines').first().waitFor();
  await torn.close();
  await proxy.close();
});

test('search counts over the whole log and steps through it, also into a folded phase', async () => {
  const { build, worker } = await startBuild(service, 'searched');
  await worker.phase('fetch');
  await worker.log(...numbered(1, 1000).map((text, n) => (n === 9 ? 'a NEEDLE early' : text)));
  await worker.phase('build');
  await worker.log(...numbered(1001, 5000).map((text, n) => (n === 3500 ? 'a needle late' : text)));
  await worker.fail({ ...MISSING_HEADER, lineNumber: 0 });
  await page.goto(`/builds/${build.id}`);
  await page.getByText('5,000 lines').first().waitFor();
  await lines().evaluate((element) => {
    element.scrollTop = 0;
  });

  const heading = page.getByRole('button', { name: /^fetch .*lines$/ });
  await heading.click();
  expect(await heading.getAttribute('aria-expanded')).toBe('false');
  expect(await line(1).count()).toBe(0);

  await page.getByLabel('Search the log').fill('needle');
  await page.getByText('1 of 2').waitFor();
  expect(await line(10).locator('mark').textContent()).toBe('NEEDLE');
  await page.getByLabel('Search the log').press('Enter');
  await page.getByText('2 of 2').waitFor();
  expect(await line(4501).locator('mark').textContent()).toBe('needle');
  await page.getByRole('button', { name: 'Previous match' }).click();
  await page.getByText('1 of 2').waitFor();
  await line(10).waitFor();

  await page.getByLabel('Search the log').fill('haystack');
  await page.getByText('no match').waitFor();
});

test('a line or range has an address, which opens at it', async () => {
  const { build, worker } = await startBuild(service, 'linked');
  await worker.phase('build');
  await worker.log(...numbered(1, 3000));
  await worker.fail({ ...MISSING_HEADER, lineNumber: 0 });
  await page.goto(`/builds/${build.id}#L1500-L1502`);
  await line(1501).waitFor();
  const selected = page.locator('.line.selected');
  expect(await selected.count()).toBe(3);

  await page.getByRole('link', { name: 'Line 1504', exact: true }).click();
  expect(new URL(page.url()).hash).toBe('#L1504');
  await page.getByRole('link', { name: 'Line 1506', exact: true }).click({ modifiers: ['Shift'] });
  expect(new URL(page.url()).hash).toBe('#L1504-L1506');
  expect(await selected.count()).toBe(3);
});

test('when lines came is shown on demand, in the zone of the reader', async () => {
  const { build, worker } = await startBuild(service, 'timed');
  await worker.phase('build');
  await worker.log('only line');
  await worker.fail({ ...MISSING_HEADER, lineNumber: 0 });
  await page.goto(`/builds/${build.id}`);
  await line(1).waitFor();
  expect(await page.locator('.line .time').count()).toBe(0);
  await page.getByRole('button', { name: 'Times' }).click();
  const attempt = (await service.build(build.id)).attempts[0];
  const inZurich = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: 'Europe/Zurich' });
  await page.locator('.line .time', { hasText: ':' }).waitFor();
  const shown = await page.locator('.line .time').first().textContent();
  const hours = (text: string) => text.slice(0, 2);
  expect(hours(shown ?? '')).toBe(hours(inZurich.format(new Date(attempt?.startedAt ?? ''))));
});

test('hostile lines are text: no markup, no reordering, no terminal commands, and not too long', async () => {
  const { build, worker } = await startBuild(service, 'hostile');
  await worker.phase('build');
  await worker.log(
    '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>',
    '\u001b]0;owned\u0007\u001b]8;;javascript:alert(1)\u001b\\link\u001b]8;;\u001b\\ \u001b[2J\u001b[31mred\u001b[0m',
    'access = "user\u202e \u2066// admin\u2069 \u2066"',
    'progress 10%\rprogress 100%',
    `start ${'x'.repeat(1_000_000)} end`,
    'nul \u0000 and bell \u0007',
  );
  await worker.fail({ ...MISSING_HEADER, line: '<b>bold</b>\u202etxt', lineNumber: 0 });
  await page.goto(`/builds/${build.id}`);
  await line(6).waitFor();

  expect(await line(1).textContent()).toContain('<script>');
  expect(await page.locator('.lines img, .lines script, .failure b').count()).toBe(0);
  expect(await page.title()).not.toContain('owned');
  expect(await line(2).textContent()).toBe('link red');
  expect(await line(2).locator('.ansi-fg-red').textContent()).toBe('red');
  expect(await line(3).locator('.control').allTextContents()).toEqual(['U+202E', 'U+2066', 'U+2069', 'U+2066']);
  expect(await page.locator('.decisive-line .control').textContent()).toBe('U+202E');
  expect(await line(4).textContent()).toBe('progress 100%');
  expect(await line(6).locator('.control').allTextContents()).toEqual(['U+0000', 'U+0007']);

  expect((await line(5).textContent())?.length).toBeLessThan(3000);
  await line(5)
    .getByRole('button', { name: /more bytes/ })
    .click();
  const dialog = page.getByRole('dialog', { name: 'Line 5' });
  await dialog.waitFor();
  expect((await dialog.locator('pre').textContent())?.endsWith('x end')).toBe(true);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
});

test('the raw log can be saved', async () => {
  const { build, worker } = await startBuild(service, 'saved');
  await worker.phase('build');
  await worker.log('one', 'two');
  await worker.fail({ ...MISSING_HEADER, lineNumber: 0 });
  await page.goto(`/builds/${build.id}`);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Raw', exact: true }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/\.log$/);
});
