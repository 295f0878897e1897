// How many popular packages `./wheelwright build REQ --solve` solves from nothing, in how many attempts, and what the solver itself takes.
//   node bench/solve/measure.mjs FOLDER [--minutes N] [--python cp311] [--again] [project[==version] ...]        needs dist/ and an engine; default: packages.txt
// FOLDER (outside the repository) keeps the service's data, results.json and the log of every failed attempt: a second run goes on where the first
// stopped, `--again` asks anew for the projects that it names, and `--minutes` begins no other package after that time. Each solve starts from a recipe that says nothing,
// so the catalogue does not help. Goals: 95% solved, median of at most 3 attempts, under 2 s an attempt beyond the builds.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const root = new URL('../../', import.meta.url).pathname;
const { values: options, positionals } = parseArgs({
  options: {
    minutes: { type: 'string', default: '600' },
    python: { type: 'string', default: 'cp313' },
    again: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
const [given = '', ...named] = positionals;
if (given === '')
  throw new Error(
    'usage: node bench/solve/measure.mjs FOLDER [--minutes N] [--python cp311] [--again] [project[==version] ...]',
  );
const folder = resolve(given);
const listed = (await readFile(join(root, 'bench/solve/packages.txt'), 'utf8'))
  .split('\n')
  .flatMap((line) => (line.startsWith('#') ? [] : line.split(' ')))
  .filter((name) => name !== '');
const until = Date.now() + Number(options.minutes) * 60_000;

const environment = {
  ...process.env,
  WHEELWRIGHT_DATA: join(folder, 'data'),
  WHEELWRIGHT_API_PORT: '0',
  WHEELWRIGHT_INDEX_PORT: '0',
  WHEELWRIGHT_LOG_LEVEL: 'warn',
};
await mkdir(join(folder, 'logs'), { recursive: true });
const resultsFile = join(folder, 'results.json');
const results = JSON.parse(await readFile(resultsFile, 'utf8').catch(() => '{}'));

const names = named.length > 0 ? named : listed;
const open = names.filter((name) => results[name] === undefined || (options.again && named.includes(name)));
if (open.length > 0) {
  const service = spawn(join(root, 'wheelwright'), ['up'], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  const stopped = once(service, 'exit');
  try {
    const apiUrl = await new Promise((ready, fail) => {
      const lines = createInterface({ input: service.stdout });
      lines.on('line', (line) => /^api /.test(line) && ready(/https?:\/\/\S+/.exec(line)?.[0]));
      lines.on('close', () => fail(new Error('the service did not start')));
    });
    for (const name of open) {
      if (Date.now() >= until) break;
      results[name] = await solve(name, apiUrl);
      await writeFile(resultsFile, JSON.stringify(results, null, 1));
      console.log(`${render(name)}\n`);
    }
  } finally {
    service.kill('SIGINT');
    await stopped;
  }
}
summarise();

async function solve(name, apiUrl) {
  const nothing = join(folder, 'nothing.yaml');
  await writeFile(nothing, `project: ${/^[\w.-]+/.exec(name)[0]}\n`);
  const started = performance.now();
  const arguments_ = ['build', name, '--python', options.python, '--recipe', nothing, '--solve', '--json'];
  const { stdout, stderr } = await new Promise((done) => {
    execFile(join(root, 'wheelwright'), arguments_, { env: environment, maxBuffer: 2 ** 28 }, (_, stdout, stderr) =>
      done({ stdout, stderr }),
    );
  });
  const seconds = (performance.now() - started) / 1000;
  const [solved] = (stdout.trim() === '' ? {} : JSON.parse(stdout)).solves ?? [];
  if (solved === undefined) return { status: 'refused', seconds, steps: [], reason: stderr.trim().split('\n').at(-1) };
  const steps = [];
  for (const { number, purpose, version, buildId, edits } of solved.steps) {
    const build = await (await fetch(`${apiUrl}/api/v1/builds/${buildId}`)).json();
    const attempt = build.attempts.at(-1);
    const took = Date.parse(attempt?.finishedAt) - Date.parse(build.attempts[0]?.startedAt);
    const failure = build.status === 'succeeded' ? undefined : attempt?.failure;
    if (build.status !== 'succeeded' && attempt !== undefined) {
      const log = await (await fetch(`${apiUrl}/api/v1/attempts/${attempt.id}/log`)).text();
      await writeFile(join(folder, 'logs', `${name}-${number}.log`), log);
    }
    steps.push({ purpose, version, edit: edits.at(-1)?.edit, status: build.status, seconds: took / 1000, failure });
  }
  const { status, reason, recipe } = solved;
  const whole = Date.parse(solved.finishedAt) - Date.parse(solved.createdAt);
  const built = steps.reduce((sum, step) => sum + step.seconds, 0);
  return { status, reason, recipe, seconds, overhead: (whole / 1000 - built) / steps.length, steps };
}

function render(name) {
  const { status, reason, recipe, seconds, steps } = results[name];
  return [
    `${name}: ${status} in ${steps.length} attempts, ${seconds.toFixed(0)} s`,
    ...steps.map(({ purpose, version, edit, failure, ...step }, at) => {
      const change = purpose === 'edit' ? JSON.stringify(edit) : `${purpose} ${version}`;
      const end =
        failure === undefined
          ? step.status
          : `${failure.class}: ${(failure.line.trim() || failure.cause).slice(0, 160)}`;
      return `  ${at + 1}. ${change} -> ${end}`;
    }),
    ...(reason === undefined || status === 'solved' ? [] : [`  ${reason}`]),
    ...(recipe ?? '')
      .trimEnd()
      .split('\n')
      .map((line) => `  | ${line}`),
  ].join('\n');
}

function summarise() {
  const done = names.filter((name) => results[name] !== undefined);
  if (open.length === 0) for (const name of done) console.log(`${render(name)}\n`);
  const needy = done.filter((name) => results[name].steps.length !== 1 || results[name].status !== 'solved');
  const solved = needy.filter((name) => results[name].status === 'solved');
  const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  const overheads = done.map((name) => results[name].overhead).filter((value) => Number.isFinite(value));
  console.log(`${done.length} of ${names.length} asked for, ${needy.length} of them need more than a bare build`);
  console.log(`solved: ${solved.length} (${((100 * solved.length) / needy.length).toFixed(0)}%)`);
  console.log(`attempts of the solved: median ${median(solved.map((name) => results[name].steps.length))}`);
  console.log(`beyond the builds: median ${median(overheads)?.toFixed(1)} s an attempt`);
  console.log(`not solved: ${needy.filter((name) => !solved.includes(name)).join(' ') || 'none'}`);
}
