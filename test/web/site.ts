// What the tests of this folder begin with: a service, a browser, and for each test a page of its own that must end without a complaint.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.js';
import { launchBrowser, type OpenPage, openPage } from './browser.js';

// Set before each test by the hooks of openSite; importers see the present value.
export let service: TestApi;
export let browser: Browser;
export let page: Page;

/** Registers the hooks that open and close them. `fill` puts into the service what all tests of the file look at. */
export function openSite(fill: () => Promise<void> = async () => {}): void {
  let open: OpenPage;
  beforeAll(async () => {
    service = await startTestApi({ WHEELWRIGHT_LEASE_MS: '600000' });
    browser = await launchBrowser();
    await fill();
  });
  afterAll(async () => {
    await browser?.close();
    await service?.close();
  });
  beforeEach(async () => {
    open = await openPage(browser, service.api.url);
    page = open.page;
  });
  afterEach(async () => {
    await open.close();
    expect(open.complaints).toEqual([]);
  });
}
