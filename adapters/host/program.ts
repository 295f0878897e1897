import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import { type Logger, pino } from 'pino';
import { WheelwrightError } from '../../core/errors.js';
import { parseSettings, type Settings } from '../../core/settings.js';

/** How long one of several addresses of a host may take to be connected to, before the next is tried. */
const ADDRESS_MS = 2_000;

export interface Running {
  /** Where it listens. */
  url?: string;
  close(): Promise<void>;
}

/**
 * Starts a program of the service by the settings of its environment, and stops it at SIGTERM or SIGINT. Its log says what happens; the exit status is 1 where it did
 * not start, or did not stop cleanly.
 */
export async function runProgram(
  name: string,
  start: (settings: Settings, log: Logger) => Promise<Running>,
): Promise<void> {
  const log = pino({ name });
  // Node gives each address of a host 250 ms, and a machine under load takes longer to come round to an answer: no address was reached then, though all answer.
  setDefaultAutoSelectFamilyAttemptTimeout(ADDRESS_MS);
  try {
    const settings = parseSettings(process.env);
    log.level = settings.WHEELWRIGHT_LOG_LEVEL;
    const running = await start(settings, log);
    if (running.url !== undefined) log.info({ url: running.url }, 'listening');
    const stop = (signal: string) => {
      log.info({ signal }, 'stopping');
      running.close().then(
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
    log.fatal({ err: error, hint }, `the ${name} did not start`);
    process.exitCode = 1;
  }
}
