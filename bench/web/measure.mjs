// The web UI in a real Chromium against a real API: first load, a log of a million lines, and a live log of 2,000 lines a second.
//   node bench/web/measure.mjs [--minutes 10] [--rate 2000] [--lines 1000000] [--only live] [--out file.md]
// Needs dist/ (npm run build) and Chromium (apt-get install chromium).
// Fast 3G is 1.6 Mbit/s and 150 ms of round trip. A live line's delay is from just before it is sent to the API until it is drawn. A task of the main thread
// is told twice: by the clock, as browsers report long ones, and by the CPU time that it took itself, which what else the machine does leaves alone.
// Memory is what JavaScript holds after a forced collection; the log itself stays in the page and is told apart.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { chromium } from 'playwright-core';
import { WORKER } from '../worker.mjs';
import { traceMainThread, watchInteractions } from './main-thread.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { startApi } = await import(join(ROOT, 'dist/api/start.js'));
const { parseSettings } = await import(join(ROOT, 'dist/core/settings.js'));
const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    rate: { type: 'string', default: '2000' },
    lines: { type: 'string', default: '1000000' },
    /** One of first, million, builds, live. */
    only: { type: 'string' },
    out: { type: 'string' },
  },
});
const LINES = Number(options.lines);
const SECONDS = Number(options.minutes) * 60;
const RATE = Number(options.rate);
const CHUNK_LINES = 10_000;
const report = [];
const say = (what, value) => {
  report.push(`| ${what} | ${value} |`);
  console.log(`${what}: ${value}`);
};

const upstream = createServer((request, response) => {
  const name = request.url.split('/')[2];
  const file = {
    filename: `${name}-1.0.tar.gz`,
    url: 'file.tar.gz',
    hashes: {
      sha256: name
        .repeat(64)
        .slice(0, 64)
        .replaceAll(/[^a-f]/g, 'a'),
    },
  };
  response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
  response.end(JSON.stringify({ meta: { 'api-version': '1.1' }, name, files: [file] }));
});
await new Promise((resolve) => upstream.listen(0, '127.0.0.1', resolve));
const data = mkdtempSync(join(tmpdir(), 'wheelwright-bench-web-'));
const settings = parseSettings({
  WHEELWRIGHT_DATA: data,
  WHEELWRIGHT_API_PORT: '0',
  WHEELWRIGHT_LEASE_MS: '86400000',
  WHEELWRIGHT_UPSTREAM: `http://127.0.0.1:${upstream.address().port}/simple/`,
});
const api = await startApi(settings, { log: pino({ level: 'silent' }), root: ROOT });
const { secret } = await api.context.tokens.create('bench', ['admin'], Date.now());
await api.context.workers.register(WORKER, Date.now());
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--enable-precise-memory-info',
  ],
});

async function call(method, path, { json, body, lease } = {}) {
  const response = await fetch(`${api.url}/api/v1/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${secret}`,
      ...(json && { 'content-type': 'application/json' }),
      ...(lease && { 'wheelwright-lease': lease.token }),
    },
    body: json ? JSON.stringify(json) : body,
  });
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return response.status === 204 ? undefined : response.json();
}

async function startBuild(project) {
  const { builds } = await call('POST', 'builds', { json: { requirement: `${project}==1.0` } });
  const lease = await call('POST', 'worker/claims', {
    json: { worker: WORKER.name, session: WORKER.session, waitMs: 1000 },
  });
  await call('POST', `attempts/${lease.attemptId}/phase`, { json: { phase: 'build' }, lease });
  return { id: builds[0].id, lease };
}

async function openPage() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(() => {
    globalThis.longTasks = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) globalThis.longTasks.push(entry.duration);
    }).observe({ type: 'longtask', buffered: true });
  });
  return page;
}

const quantile = (values, q) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? Number.NaN;
const ms = (value) => `${Math.round(value)} ms`;
const longTasks = async (page) => {
  const tasks = await page.evaluate('globalThis.longTasks.splice(0)');
  return tasks.length === 0 ? 'none' : `${tasks.length}, the longest ${ms(Math.max(...tasks))}`;
};
async function heapMb(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  return (await page.evaluate('performance.memory.usedJSHeapSize')) / 1e6;
}

/** Seconds of CPU that the main thread has used: what others on the machine take does not count, unlike in long tasks. */
async function mainThreadMeter(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () =>
    (await session.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration').value;
}

async function firstLoad() {
  const page = await openPage();
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  let scriptBytes = 0;
  let bytes = 0;
  const types = new Map();
  session.on('Network.responseReceived', ({ requestId, type }) => types.set(requestId, type));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    bytes += encodedDataLength;
    if (types.get(requestId) === 'Script') scriptBytes += encodedDataLength;
  });
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 150,
    downloadThroughput: 200_000,
    uploadThroughput: 93_750,
  });
  const start = performance.now();
  await page.goto(`${api.url}/`);
  await page.locator('h1').waitFor();
  // By the browser's own clock, from the start of navigation: there is nothing to paint before the whole page is rendered, and waiting for an element here takes a while itself.
  const [paint] = await page.evaluate(() =>
    performance.getEntriesByName('first-contentful-paint').map(({ startTime }) => startTime),
  );
  say('first load, fast 3G, until the page is drawn (goal 1 s)', ms(paint));
  await page.locator('.home-section .empty, .build-rows').first().waitFor();
  say('… until its data is there', ms(performance.now() - start));
  say(
    'compressed script (goal 150 kB)',
    `${(scriptBytes / 1000).toFixed(1)} kB of ${(bytes / 1000).toFixed(1)} kB in all`,
  );
  await page.context().close();
}

async function millionLines() {
  const { id, lease } = await startBuild('million');
  for (let first = 1; first <= LINES; first += CHUNK_LINES) {
    const lines = Array.from(
      { length: Math.min(CHUNK_LINES, LINES - first + 1) },
      (_, n) => `[${first + n}] cc -O2 -fPIC -Iinclude -c src/file_${(first + n) % 977}.c -o build/file.o\n`,
    );
    await call('POST', `attempts/${lease.attemptId}/log?from=${first}`, { body: lines.join(''), lease });
  }
  const failure = { class: 'unknown', line: '', lineNumber: 0, cause: 'For the benchmark.' };
  await call('POST', `attempts/${lease.attemptId}/finish`, { json: { kind: 'failed', failure }, lease });
  const page = await openPage();
  const start = performance.now();
  await page.goto(`${api.url}/builds/${id}`);
  await page.locator('[data-line="1"]').waitFor();
  say(
    `log of ${LINES.toLocaleString('en')} lines, until its first lines are drawn (goal 1 s)`,
    ms(performance.now() - start),
  );
  await page
    .getByText(`${LINES.toLocaleString('en-US')} lines`)
    .first()
    .waitFor();
  say('… until all of it is there', ms(performance.now() - start));
  say('… long tasks meanwhile', await longTasks(page));
  const frames = await page.evaluate(async () => {
    const element = document.querySelector('.lines');
    const times = [];
    let last = performance.now();
    const end = last + 3000;
    while (last < end) {
      element.scrollTop += 4000;
      const now = await new Promise(requestAnimationFrame);
      times.push(now - last);
      last = now;
    }
    return times.slice(1);
  });
  say(
    'scrolling 4,000 px a frame: frame time, median and p95',
    `${ms(quantile(frames, 0.5))}, ${ms(quantile(frames, 0.95))}`,
  );
  say('… long tasks meanwhile', await longTasks(page));
  const search = performance.now();
  await page.getByLabel('Search the log').fill('FILE_976.C');
  await page.locator('.match-count', { hasText: /^1 of [\d,]+$/ }).waitFor();
  say('search over all of it', ms(performance.now() - search));
  say('… long tasks meanwhile', await longTasks(page));
  say('… memory of the page', `${Math.round(await heapMb(page))} MB`);
  const interactions = await watchInteractions(page);
  await page.getByLabel('Next match').click();
  await page.getByRole('button', { name: 'Times' }).click();
  await page.evaluate(() => {
    document.querySelector('.lines').scrollTop = 0;
  });
  await page
    .getByRole('button', { name: /^build .* lines$/ })
    .first()
    .click();
  await page
    .getByRole('button', { name: /^build .* lines$/ })
    .first()
    .click();
  await page.getByLabel('Search the log').fill('');
  await page.getByLabel('Search the log').pressSequentially('file_12', { delay: 150 });
  say('… interactions, the slowest (goal 100 ms)', await interactions());
  await page.context().close();
}

async function liveLines() {
  const { id, lease } = await startBuild('live');
  const page = await openPage();
  await page.goto(`${api.url}/builds/${id}`);
  await page.getByRole('button', { name: 'Follow' }).waitFor();
  await page.waitForTimeout(500);
  await page.evaluate(() => {
    globalThis.delays = [];
    let seen = '';
    const sample = () => {
      const text = [...document.querySelectorAll('.line .text')].at(-1)?.textContent ?? '';
      if (text !== seen) globalThis.delays.push(Date.now() - Number(/^(\d+) /.exec(text)?.[1]));
      seen = text;
      requestAnimationFrame(sample);
    };
    requestAnimationFrame(sample);
  });
  await longTasks(page);
  const before = await heapMb(page);
  const heaps = [];
  const mainThread = await mainThreadMeter(page);
  const trace = await traceMainThread(page);
  const usedBefore = await mainThread();
  let line = 1;
  let bytes = 0;
  const begin = performance.now();
  const every = 100;
  for (let round = 1; performance.now() - begin < SECONDS * 1000; round++) {
    const count = (RATE * every) / 1000;
    const body = Array.from(
      { length: count },
      (_, n) => `${Date.now()} compiling object ${line + n} of a large project\n`,
    ).join('');
    bytes += body.length;
    await call('POST', `attempts/${lease.attemptId}/log?from=${line}`, { body, lease });
    line += count;
    if (round % ((60 * 1000) / every) === 0) {
      trace.cut();
      heaps.push(`${((await heapMb(page)) - before - bytes / 1e6).toFixed(1)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, begin + round * every - performance.now())));
  }
  const busy = ((await mainThread()) - usedBefore) / ((performance.now() - begin) / 1000);
  const sent = (line - 1) / ((performance.now() - begin) / 1000);
  await page.waitForTimeout(1000);
  const delays = (await page.evaluate('globalThis.delays')).filter((each) => !Number.isNaN(each));
  say(
    `live log, ${Math.round(sent)} lines a second for ${SECONDS} s: delay p50, p95, p99 (goal p95 300 ms)`,
    [0.5, 0.95, 0.99].map((q) => ms(quantile(delays, q))).join(', '),
  );
  say('… tasks past 50 ms by the clock (on a busy machine most are waits for a CPU)', await longTasks(page));
  say('… tasks past 50 ms of CPU time (goal none), and the longest', await trace.end());
  say('… CPU time of the main thread', `${(busy * 100).toFixed(1)} %`);

  const grown = (await heapMb(page)) - before;
  say(
    '… memory grown, beside the log itself',
    `${(grown - bytes / 1e6).toFixed(1)} MB, ${(bytes / 1e6).toFixed(1)} MB`,
  );
  if (heaps.length > 1) say('… after each minute', `${heaps.join(', ')} MB`);
  await page.context().close();
}

/** The list of builds, with a hundred of them on the page. */
async function manyBuilds() {
  for (let n = 0; n < 100; n += 1) await call('POST', 'builds', { json: { requirement: `project-${n}==1.0` } });
  const page = await openPage();
  await page.goto(`${api.url}/builds`);
  await page.locator('a.build-row').nth(40).waitFor();
  const interactions = await watchInteractions(page);
  for (const status of ['queued', 'failed', 'all']) {
    await page.getByRole('radio', { name: status }).check({ force: true });
    await page.waitForTimeout(300);
  }
  await page.getByLabel('Project').pressSequentially('project-9', { delay: 100 });
  await page.getByLabel('Project').fill('');
  await page.locator('a.build-row').nth(40).waitFor();
  // In the field, letters are for typing.
  await page.getByRole('heading', { name: 'Builds' }).click();
  for (let n = 0; n < 10; n += 1) await page.keyboard.press('j');
  await page.locator('a.build-row').nth(5).click();
  await page.waitForTimeout(500);
  await page.getByRole('link', { name: 'Packages' }).click();
  await page.waitForTimeout(500);
  say('interactions with a list of 100 builds, the slowest (goal 100 ms)', await interactions());
  await page.context().close();
}

const PARTS = { first: firstLoad, million: millionLines, live: liveLines, builds: manyBuilds };
try {
  say('machine', `${cpus().length} cores, load ${loadavg()[0].toFixed(1)}, Chromium ${browser.version()}`);
  for (const [name, measure] of Object.entries(PARTS)) {
    if (options.only === undefined || options.only === name) await measure();
  }
} finally {
  await browser.close();
  await api.close();
  upstream.close();
  upstream.closeAllConnections();
  rmSync(data, { recursive: true });
}
if (options.out) writeFileSync(options.out, `| what | measured |\n|---|---|\n${report.join('\n')}\n`);
