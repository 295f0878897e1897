// An api in this process and a worker beside it, in a folder of their own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';

const root = new URL('../', import.meta.url).pathname;
const { startApi } = await import(join(root, 'dist/api/start.js'));
const { openClient } = await import(join(root, 'dist/client/client.js'));
const { parseSettings } = await import(join(root, 'dist/core/settings.js'));

/**
 * @param index of sdists.mjs: the upstream, and where builds take their requirements from
 * @param environment further settings of both programs
 * @param nodeArguments of the worker
 */
export async function startService(index, environment = {}, nodeArguments = []) {
  const data = await mkdtemp(join(tmpdir(), 'wheelwright-bench-'));
  const settings = {
    WHEELWRIGHT_DATA: data,
    WHEELWRIGHT_API_PORT: '0',
    WHEELWRIGHT_UPSTREAM: index.url,
    WHEELWRIGHT_INDEX_URL: index.origin,
    ...environment,
  };
  const api = await startApi(parseSettings(settings), { log: pino({ level: 'silent' }), root });
  const client = openClient({ url: api.url, token: (await readFile(join(data, 'admin-token'), 'utf8')).trim() });
  const worker = spawn(process.execPath, [...nodeArguments, join(root, 'dist/worker/main.js')], {
    env: { ...process.env, ...settings, WHEELWRIGHT_API_URL: api.url },
    stdio: 'ignore',
  });
  return {
    worker,
    /** Asks for one build and resolves with it once it has ended. */
    async build(request) {
      let [build] = (await client.requestBuilds(request)).builds;
      while (build.finishedAt === undefined) {
        await sleep(200);
        build = await client.build(build.id);
      }
      return build;
    },
    async close() {
      worker.kill('SIGTERM');
      await once(worker, 'exit');
      await client.close();
      await api.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}
