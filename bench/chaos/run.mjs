// Chaos: the whole service under a steady load of real builds and installs, and in each round a random one of its processes dies (SIGKILL) or freezes for longer than
// its leases last (SIGSTOP, then SIGCONT) at a random moment: a worker, the api, the index-server, Redis, a build's container. In the end every build must have
// succeeded, every published file be whole, every acknowledged line be in its log once, nothing be published twice, the engine hold nothing, and fsck find nothing.
//   node bench/chaos/run.mjs [--rounds 200] [--seed N] [--engine own] [--keep]
// Needs dist/, redis-server, pip and a container engine. `--engine own` starts an engine for the time of the run and kills that one too; the machine's is never touched.
// The seed decides who dies, how and when. Exit code 1: something was found; the data folder and the programs' logs are kept then.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startLedger } from './ledger.mjs';
import { isOver, startLoad } from './load.mjs';
import { acceptsTcp, answersHttp, docker, freePort, openOwnEngine, openProgram } from './programs.mjs';
import { startUpstream } from './sdists.mjs';
import { verifyData, verifyService } from './verify.mjs';

const LEASE_MS = 3_000;
const SWEPT_MS = 60_000;
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    engine: { type: 'string', default: 'shared' },
    keep: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);
const random = mulberry32(Number(options.seed));
const root = new URL('../../', import.meta.url).pathname;
const { openClient } = await import(join(root, 'dist/client/client.js'));

const startedAt = Date.now();
const say = (text) => console.log(`${((Date.now() - startedAt) / 1000).toFixed(1).padStart(7)} s  ${text}`);
const folder = await mkdtemp(join(tmpdir(), 'wheelwright-chaos-'));
const data = join(folder, 'data');
say(`${rounds} rounds, seed ${options.seed}, in ${folder}`);

const [apiPort, indexPort, redisPort] = [await freePort(), await freePort(), await freePort()];
const apiUrl = `http://127.0.0.1:${apiPort}`;
const indexUrl = `http://127.0.0.1:${indexPort}`;
const instance = `chaos-${process.pid}`;
const everything = [];
const own = options.engine === 'own' ? openOwnEngine(folder) : undefined;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const program of everything) program.signal('SIGKILL');
    Promise.resolve(own?.close()).finally(() => process.exit(130));
  });
}
await own?.start(await imagesOfLoad());
const engineEnvironment = own?.environment ?? {};
const upstream = await startUpstream();
const ledger = await startLedger(apiPort);
const environment = {
  ...engineEnvironment,
  WHEELWRIGHT_DATA: data,
  WHEELWRIGHT_API_PORT: String(apiPort),
  WHEELWRIGHT_INDEX_PORT: String(indexPort),
  WHEELWRIGHT_INDEX_URL: indexUrl,
  WHEELWRIGHT_UPSTREAM: upstream.url,
  WHEELWRIGHT_INSTANCE: instance,
  WHEELWRIGHT_COMPILER_CACHE_BYTES: '0',
  WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES: '0',
  WHEELWRIGHT_LEASE_MS: String(LEASE_MS),
  REDIS_URL: `redis://127.0.0.1:${redisPort}`,
};
const node = (name) => [process.execPath, '--enable-source-maps', join(root, 'dist', name, 'main.js')];
const redisFlags = ['--save', '', '--appendonly', 'no', '--dir', folder, '--maxmemory-policy', 'noeviction'];
const programs = {
  redis: openProgram({
    name: 'redis',
    folder,
    environment: {},
    command: ['redis-server', '--bind', '127.0.0.1', '--port', String(redisPort), ...redisFlags],
    ready: acceptsTcp(redisPort),
  }),
  api: openProgram({ name: 'api', folder, environment, command: node('api'), ready: answersHttp(`${apiUrl}/healthz`) }),
  index: openProgram({
    name: 'index-server',
    folder,
    environment,
    command: node('index-server'),
    ready: answersHttp(`${indexUrl}/healthz`),
  }),
  workers: [1, 2].map((number) =>
    openProgram({
      name: `worker-${number}`,
      folder,
      environment: { ...environment, WHEELWRIGHT_API_URL: ledger.url, WHEELWRIGHT_WORKER_NAME: `chaos-${number}` },
      command: node('worker'),
      ready: async () => true,
    }),
  ),
};
everything.push(programs.redis, programs.api, programs.index, ...programs.workers);
const findings = [];
let client;
let load;
try {
  for (const program of everything) await program.start();
  client = openClient({ url: apiUrl, token: (await readFile(join(data, 'admin-token'), 'utf8')).trim() });
  load = startLoad({ client, upstream, index: programs.index, indexUrl, underWay: 3, findings });
  await Promise.race([rampage(), load.failed]);
  say('the load ends; what is under way goes on');
  await load.drain();
  findings.push(...(await verifyService({ client, indexUrl, load, ledger })));
  for (const worker of programs.workers) await worker.end('SIGTERM');
  findings.push(...(await verifySwept()));
} catch (error) {
  findings.push(`the run broke off: ${error.stack}`);
} finally {
  load?.abort();
  await client?.close();
  for (const program of [...everything].reverse()) await program.end('SIGTERM');
}
findings.push(...(await verifyData(root, environment)));
upstream.close();
ledger.close();
await own?.close();

const asked = load?.asked ?? [];
const attempts = asked.flatMap(({ build }) => build.attempts);
const lost = attempts.filter(({ status }) => status === 'lost').length;
const lines = [...ledger.acknowledged.values()].reduce((sum, { size }) => sum + size, 0);
say(
  `${asked.length} builds, ${attempts.length} attempts (${lost} lost), ${lines} acknowledged lines, ` +
    `${load?.installs.done} installs (${load?.installs.again} broken off by a kill)`,
);
for (const finding of findings) say(`FOUND: ${finding}`);
say(findings.length === 0 ? 'nothing found' : `${findings.length} found; seed ${options.seed}, kept in ${folder}`);
if (findings.length === 0 && !options.keep) await rm(folder, { recursive: true, force: true });
process.exit(findings.length === 0 ? 0 : 1);

async function rampage() {
  while (!load.asked.some(({ build }) => build.status === 'succeeded')) await sleep(100);
  for (let round = 1; round <= rounds; round += 1) {
    const waitMs = Math.round(300 + random() * 3_000);
    const victim = pick(['worker', 'worker', 'api', 'index-server', 'redis', 'container', ...(own ? ['dockerd'] : [])]);
    const frozen = victim !== 'container' && victim !== 'dockerd' && random() < 0.2;
    const downMs = frozen ? LEASE_MS + Math.round(random() * 2_000) : Math.round(random() * 1_000);
    await sleep(waitMs);
    const done = load.asked.filter(({ build }) => isOver(build)).length;
    say(
      `round ${round}: ${victim} ${frozen ? `frozen for ${downMs} ms` : 'killed'} (${done} of ${load.asked.length} builds done)`,
    );
    if (victim === 'container') await killContainer();
    else await strike(programOf(victim), frozen, downMs);
  }
}

function programOf(victim) {
  const byName = { api: programs.api, 'index-server': programs.index, redis: programs.redis, dockerd: own?.engine };
  return byName[victim] ?? pick(programs.workers);
}

async function strike(program, frozen, downMs) {
  if (frozen) {
    program.signal('SIGSTOP');
    await sleep(downMs);
    program.signal('SIGCONT');
    return;
  }
  await program.end('SIGKILL');
  await sleep(downMs);
  await program.start();
}

/** Waits for a container that runs, since between two of them there is none. */
async function killContainer() {
  const at = random();
  for (let tries = 0; tries < 100; tries += 1) {
    const running = (await docker(engineEnvironment, 'ps', '-q', '--filter', `label=wheelwright.instance=${instance}`))
      .split('\n')
      .filter(Boolean);
    const victim = running[Math.floor(at * running.length)];
    if (victim !== undefined) {
      const killed = await docker(engineEnvironment, 'kill', victim).then(
        () => true,
        () => false,
      );
      if (killed) return;
    }
    await sleep(50);
  }
  say('  no container ran');
}

/** A worker that starts clears away what killed ones left behind; after it, the engine holds nothing of this run. */
async function verifySwept() {
  const [worker] = programs.workers;
  await worker.start();
  const filter = ['--filter', `label=wheelwright.instance=${instance}`];
  const deadline = Date.now() + SWEPT_MS;
  let left = '';
  do {
    await sleep(500);
    left = [
      await docker(engineEnvironment, 'ps', '-aq', ...filter),
      await docker(engineEnvironment, 'volume', 'ls', '-q', ...filter),
    ].join('');
  } while (left !== '' && Date.now() < deadline);
  await worker.end('SIGTERM');
  return left === '' ? [] : [`left on the engine: ${left.split('\n').join(' ')}`];
}

async function imagesOfLoad() {
  const listed = await docker(
    {},
    'images',
    '--format',
    '{{.Repository}}:{{.Tag}}',
    '--filter',
    'label=wheelwright.kind',
  );
  return listed
    .split('\n')
    .filter((name) => /^wheelwright-((builder|clean):debian-11-cp313|base:debian-11)-/.test(name));
}

function pick(list) {
  return list[Math.floor(random() * list.length)];
}

/** A small generator of numbers from 0 to 1 that a seed decides (mulberry32). */
function mulberry32(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
