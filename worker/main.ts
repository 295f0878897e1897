import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { WheelwrightError } from '../core/errors.js';
import { parseSettings } from '../core/settings.js';
import { startWorker } from './start.js';

const programs = dirname(dirname(fileURLToPath(import.meta.url)));

const log = pino({ name: 'worker', level: process.env.WHEELWRIGHT_LOG_LEVEL ?? 'info' });
try {
  // Compiled programs are in dist/, beside which the folders that are read stand.
  const worker = await startWorker(parseSettings(process.env), {
    log,
    root: resolve(programs, '..'),
    environment: process.env,
  });
  const stop = (signal: string) => {
    log.info({ signal }, 'stopping');
    worker.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'did not stop cleanly');
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
} catch (error) {
  const hint = error instanceof WheelwrightError ? error.hint : undefined;
  log.fatal({ err: error, hint }, 'the worker did not start');
  process.exitCode = 1;
}
