// Prints lines into the logs of attempts as a worker does, each line with the time at which it was printed, and ends the attempts.
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = new URL('../../', import.meta.url).pathname;
const { openWorkerApi } = await import(join(root, 'dist/client/worker-api.js'));
const { AttemptLog } = await import(join(root, 'dist/worker/attempt-log.js'));
const EVERY_MS = 50;
const HEARTBEAT_MS = 1_000;
const PATIENCE_MS = 600_000;

const [{ url, token, leases, seconds, rate }] = await once(process, 'message');
const signal = AbortSignal.timeout(PATIENCE_MS);
const writing = leases.map(async (lease, index) => {
  const api = openWorkerApi({ url, token });
  await api.startPhase(lease, 'build', signal);
  const log = new AttemptLog({
    append: (firstLine, text) => api.appendLog(lease, firstLine, text, signal),
    onLine: () => undefined,
    limitBytes: Number.MAX_SAFE_INTEGER,
  });
  const heart = setInterval(() => api.heartbeat(lease, signal).catch(() => undefined), HEARTBEAT_MS);
  // Spread out, as attempts are that nobody starts at the same moment.
  await sleep((index * EVERY_MS) / leases.length);
  const begin = performance.now();
  let written = 0;
  while (performance.now() - begin < seconds * 1000) {
    const due = Math.floor(((performance.now() - begin) * rate) / 1000);
    let text = '';
    for (; written < due; written++)
      text += `${Date.now()} cc -O2 -fPIC -Iinclude -c src/file_${written % 977}.c -o build/file.o\n`;
    await log.write(Buffer.from(text));
    await sleep(EVERY_MS);
  }
  await log.flush();
  clearInterval(heart);
  await api.finish(
    lease,
    { kind: 'failed', failure: { class: 'unknown', line: '', lineNumber: 0, cause: 'For the benchmark.' } },
    signal,
  );
  await api.close();
  return written;
});
const lines = (await Promise.all(writing)).reduce((sum, each) => sum + each, 0);
process.send({ lines });
