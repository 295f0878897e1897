// What Wheelwright adds to a build: `./wheelwright build` on a warm service against the same phases by hand (by-hand), alternating.
//   node bench/build-overhead/measure.mjs [rounds] [project==version ...]        needs dist/; default: 3 rounds of markupsafe and psycopg2
// Starts a service of its own in a temporary folder. Each round asks for a build that has never been made (its recipe names the round), so nothing is
// answered from an earlier one. Goal: at most 3 s and 1.10 times more.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = new URL('../../', import.meta.url).pathname;
const [rounds = '3', ...given] = process.argv.slice(2);
const requirements = given.length > 0 ? given : ['markupsafe==3.0.2', 'psycopg2==2.9.10'];
/** What each needs beyond a bare build: the recipe of the catalogue, in a few words. */
const SYSTEM = { psycopg2: ['libpq-dev'] };

const { resolveUpstreamUrl } = await import(join(root, 'dist/adapters/upstream/upstream-url.js'));
const sdistIndex = await resolveUpstreamUrl(process.env);
const data = await mkdtemp(join(tmpdir(), 'wheelwright-bench-'));
const environment = {
  ...process.env,
  WHEELWRIGHT_DATA: data,
  WHEELWRIGHT_INSTANCE: 'bench',
  WHEELWRIGHT_API_PORT: '0',
  WHEELWRIGHT_INDEX_PORT: '0',
};
const service = spawn(join(root, 'wheelwright'), ['up'], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
const urls = await new Promise((resolve, reject) => {
  const found = {};
  const lines = createInterface({ input: service.stdout });
  lines.on('line', (line) => {
    const [, name, url] = /^(api|index)\s+(https?:\/\/\S+)/.exec(line) ?? [];
    if (name !== undefined) found[name] = url;
    if (found.api !== undefined && found.index !== undefined) resolve(found);
  });
  lines.on('close', () => reject(new Error('the service did not start')));
});

async function timed(work) {
  const start = performance.now();
  const result = await work();
  return { seconds: (performance.now() - start) / 1000, result };
}

async function ours(requirement, round) {
  const [project] = requirement.split('==');
  const recipe = join(data, 'recipe.yaml');
  const system = SYSTEM[project] === undefined ? '' : `system: { apt: [${SYSTEM[project].join(', ')}] }\n`;
  await writeFile(recipe, `project: ${project}\n${system}environment: { BENCH_ROUND: "${process.pid}-${round}" }\n`);
  const { stdout } = await run(join(root, 'wheelwright'), ['build', requirement, '--recipe', recipe, '--json'], {
    env: environment,
  });
  const [build] = JSON.parse(stdout).builds;
  if (build.status !== 'succeeded')
    throw new Error(`${requirement}: ${JSON.stringify(build.attempts.at(-1)?.failure)}`);
  return build;
}

/** The images that a build was made and tried in. */
async function imagesOf(build) {
  const token = (await readFile(join(data, 'admin-token'), 'utf8')).trim();
  const url = `${urls.api}/api/v1/attempts/${build.attempts.at(-1).id}/inputs`;
  const { inputs } = await (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).json();
  const image = (role) => inputs.findLast(({ kind, name }) => kind === 'image' && name.startsWith(`${role} `)).version;
  return { builder: image('builder'), clean: image('clean') };
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
try {
  for (const requirement of requirements) {
    const [project, version] = requirement.split('==');
    const { builder, clean } = await imagesOf(await ours(requirement, 'warm-up'));
    const args = [builder, clean, urls.index, sdistIndex, project, version, 'cp313', 'manylinux_2_31_x86_64'];
    const byHand = () => run(join(root, 'bench/build-overhead/by-hand'), args);
    const times = { ours: [], byHand: [] };
    for (let round = 1; round <= Number(rounds); round += 1) {
      times.ours.push((await timed(() => ours(requirement, round))).seconds);
      times.byHand.push((await timed(byHand)).seconds);
      console.error(
        `${requirement} round ${round}: wheelwright ${times.ours.at(-1).toFixed(1)} s, by hand ${times.byHand.at(-1).toFixed(1)} s`,
      );
    }
    const [mine, hand] = [median(times.ours), median(times.byHand)];
    console.log(
      `${requirement}: wheelwright ${mine.toFixed(1)} s, by hand ${hand.toFixed(1)} s, ${(mine / hand).toFixed(2)} times, ${(mine - hand).toFixed(1)} s more (medians of ${rounds})`,
    );
  }
} finally {
  service.kill('SIGINT');
  await once(service, 'exit');
  await rm(data, { recursive: true, force: true });
}
