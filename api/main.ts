import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { inheritedSocket } from '../adapters/http/listening.js';
import { WheelwrightError } from '../core/errors.js';
import { parseSettings } from '../core/settings.js';
import { startApi } from './start.js';

const programs = dirname(dirname(fileURLToPath(import.meta.url)));

const log = pino({ name: 'api', level: process.env.WHEELWRIGHT_LOG_LEVEL ?? 'info' });
try {
  const settings = parseSettings(process.env);
  // Compiled programs are in dist/, beside which the folders that are read stand.
  const api = await startApi(settings, { log, root: resolve(programs, '..'), socket: inheritedSocket(process.env) });
  log.info({ url: api.url }, 'listening');
  const stop = (signal: string) => {
    log.info({ signal }, 'stopping');
    api.close().then(
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
  log.fatal({ err: error, hint }, 'the api did not start');
  process.exitCode = 1;
}
