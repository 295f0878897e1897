import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Second answers, such as a diff within a failure, have no sign of their own that they are still to come. */
const SETTLE_MS = 300;

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Debian's Chromium without a network of its own; a fresh profile each time. */
export async function launchBrowser(): Promise<Browser> {
  if (!existsSync(EXECUTABLE)) {
    throw new Error(`no Chromium at ${EXECUTABLE}: apt-get install chromium, or say where it is in CHROMIUM`);
  }
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export interface OpenPage {
  page: Page;
  /** What the page reported: errors of scripts, refusals of the content policy, requests to other hosts. */
  complaints: string[];
  close(): Promise<void>;
}

/** A page in a context of its own that keeps what goes wrong in it. */
export async function openPage(
  browser: Browser,
  baseURL: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({ baseURL, locale: 'en-GB', timezoneId: 'Europe/Zurich', ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // A refused request is part of some tests, and shows in the console by itself.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(baseURL).origin)) complaints.push(`request to ${request.url()}`);
  });
  return { page, complaints, close: () => context.close() };
}

/** Goes to a path and waits until what the page reads first is there; what it goes on reading for ever does not count. */
export async function goSettled(page: Page, path: string): Promise<void> {
  await page.goto(`/${path}`);
  await page.locator('h1').waitFor();
  await page.getByText('Loading…').first().waitFor({ state: 'detached' });
  await page.waitForTimeout(SETTLE_MS);
}

/** Opens whatever the page keeps closed until someone asks, and waits until it is there. */
export async function openDetails(page: Page): Promise<void> {
  await page.evaluate('for (const each of document.querySelectorAll("details")) each.open = true');
  await page.waitForTimeout(SETTLE_MS);
}
