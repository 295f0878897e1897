import { pino } from 'pino';
import { inheritedSocket } from '../adapters/http/listening.js';
import { parseSettings } from '../core/settings.js';
import { startIndexServer } from './server.js';

const settings = parseSettings(process.env);
const log = pino({ name: 'index-server', level: settings.WHEELWRIGHT_LOG_LEVEL }, pino.destination(2));
try {
  const server = await startIndexServer(settings, log, inheritedSocket(process.env));
  log.info({ url: `${server.url}/simple/` }, 'the index listens');
  const stop = (signal: NodeJS.Signals) => {
    log.info({ signal }, 'stopping');
    server.close().then(
      () => process.exit(0),
      (error) => {
        log.error({ err: error }, 'did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
} catch (error) {
  log.fatal({ err: error }, 'the index did not start');
  process.exitCode = 1;
}
