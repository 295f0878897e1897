// What holds up a page's main thread, as Chromium itself tells it.

const LONG_MS = 50;

/**
 * Watches every task of the page's main thread by the CPU time that it takes. The trace is cut into pieces, since the browser keeps only so much of it:
 * `cut` begins the next piece, `end` says how many tasks were long and how long the longest was.
 */
export async function traceMainThread(page) {
  const session = await page.context().browser().newBrowserCDPSession();
  const start = () =>
    session.send('Tracing.start', {
      transferMode: 'ReportEvents',
      traceConfig: { includedCategories: ['disabled-by-default-devtools.timeline'], recordMode: 'recordUntilFull' },
    });
  const mains = new Set();
  let long = 0;
  let longestMs = 0;
  let tasks = 0;
  let pending = [];
  session.on('Tracing.dataCollected', ({ value }) => {
    for (const event of value) {
      if (event.name === 'thread_name' && event.args.name === 'CrRendererMain') mains.add(`${event.pid} ${event.tid}`);
      else if (event.name === 'RunTask' && event.tdur !== undefined) pending.push(event);
    }
  });
  const collect = async () => {
    const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
    await session.send('Tracing.end');
    await complete;
    for (const { pid, tid, tdur } of pending) {
      if (!mains.has(`${pid} ${tid}`)) continue;
      tasks += 1;
      longestMs = Math.max(longestMs, tdur / 1000);
      if (tdur / 1000 > LONG_MS) long += 1;
    }
    pending = [];
  };
  await start();
  let turning = Promise.resolve();
  return {
    cut() {
      turning = turning.then(collect).then(start);
    },
    async end() {
      await turning;
      await collect();
      await session.detach();
      return `${long === 0 ? 'none' : long} of ${tasks.toLocaleString('en')}, ${longestMs.toFixed(0)} ms`;
    },
  };
}

/** From an input until the page shows what became of it, by the browser's Event Timing; gives a function that says the slowest and how many there were. */
export async function watchInteractions(page) {
  await page.evaluate(() => {
    globalThis.interactions = [];
    new PerformanceObserver((list) => {
      for (const { name, duration, interactionId } of list.getEntries()) {
        if (interactionId !== 0) globalThis.interactions.push({ name, duration });
      }
    }).observe({ type: 'event', durationThreshold: 16 });
  });
  return async () => {
    await page.waitForTimeout(500);
    const all = await page.evaluate('globalThis.interactions');
    const slowest = all.toSorted((a, b) => b.duration - a.duration)[0];
    return slowest === undefined
      ? 'under 16 ms'
      : `${slowest.duration} ms (${slowest.name}), of ${all.length} past 16 ms`;
  };
}
