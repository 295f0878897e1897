// workers.mjs API TOKEN COUNT NUMBER   so many real workers in one process, on an engine that answers at once; they begin when they are told to.
import { once } from 'node:events';
import { join } from 'node:path';
import { pino } from 'pino';
import { instantSite } from '../../test/support/instant-engine.mjs';

const root = new URL('../../', import.meta.url).pathname;
const { openWorkerApi } = await import(join(root, 'dist/client/worker-api.js'));
const { openWorker } = await import(join(root, 'dist/worker/worker.js'));
const { parseSettings } = await import(join(root, 'dist/core/settings.js'));

const [, , url, token, count, number] = process.argv;
process.send('ready');
await once(process, 'message');
for (let index = 0; index < Number(count); index++) {
  openWorker({
    ...instantSite(),
    settings: parseSettings({}),
    api: openWorkerApi({ url, token }),
    name: `bench-${number}-${index}`,
    logger: pino({ level: 'silent' }),
  });
}
