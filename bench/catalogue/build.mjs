// Builds the catalogue for real and records what came of it in docs/catalogue.md.
//   node bench/catalogue/build.mjs [PROJECT ...]        needs dist/, and a running service (./wheelwright up); default: every recipe
// A recipe goes into the catalogue when its wheels are built, repaired, imported and tested for all of PYTHONS that a release supports.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = new URL('../../', import.meta.url).pathname;
const page = join(root, 'docs/catalogue.md');
const PYTHONS = ['cp311', 'cp313'];
const all = (await readdir(join(root, 'recipes'))).map((name) => name.replace(/\.yaml$/, '')).sort();

/** The page: rows by project, and which recipes have none yet. */
function render(rows, recipes) {
  const lines = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  const unrecorded = recipes.filter((project) => rows.get(project)?.includes(' – ') ?? true);
  return `# The catalogue, built

What each recipe in recipes/ gave when it was last built for real: hermetic build, repaired by auditwheel, imported (and the recipe's own test run) in a clean image without compilers. Written by
bench/catalogue/build.mjs. "Needs" is what the image must bring besides glibc; where a slim image lacks it, the recipe names its package as \`runtime\`. An abi3 wheel serves both interpreters.

Without a record of both interpreters yet: ${unrecorded.join(', ') || 'none'}.

| project | version | ${PYTHONS.join(' | ')} | libraries grafted | needs | built |
|---|---|---|---|---|---|---|
${lines.join('\n')}
`;
}

/** Rows by project, as they stand in the page. */
function readRows() {
  const rows = new Map();
  for (const line of readFileSync(page, 'utf8').split('\n')) {
    const cells = line.split('|').map((cell) => cell.trim());
    if (cells.length === 9 && cells[1] !== 'project' && !cells[1].startsWith('-')) rows.set(cells[1], line);
  }
  return rows;
}

/** The builds of a project's newest release that its recipe is for, on each interpreter. */
async function buildOne(project) {
  const recipe = await readFile(join(root, 'recipes', `${project}.yaml`), 'utf8');
  const versions = /^versions: "?([^"\n]+)/m.exec(recipe)?.[1] ?? '';
  const python = /^python: "?([^"\n]+)/m.exec(recipe)?.[1] ?? '';
  const wanted = python === '<3.12' ? PYTHONS.slice(0, 1) : PYTHONS;
  const args = ['build', `${project}${versions}`, '--json', '--retry', ...wanted.flatMap((tag) => ['--python', tag])];
  const { stdout } = await promisify(execFile)(join(root, 'wheelwright'), args, { maxBuffer: 2 ** 28 }).catch(
    (error) => ({ stdout: error.stdout || '{"builds":[]}' }),
  );
  return JSON.parse(stdout).builds;
}

function rowOf(project, builds, day) {
  const [file] = builds[0].files;
  const prefix = new RegExp(`^[^-]+-${builds[0].version.replace(/[.+]/g, '\\$&')}-`);
  const tags = PYTHONS.map((tag) => {
    const found = builds.find(({ target }) => target.python === tag)?.files[0];
    return found === undefined ? '–' : `\`${found.filename.replace(prefix, '').replace(/\.whl$/, '')}\``;
  });
  const needs = file.needs.length === 0 ? 'nothing' : file.needs.join(', ');
  return `| ${[project, builds[0].version, ...tags, file.grafted.length, needs, day].join(' | ')} |`;
}

async function record(project) {
  const start = performance.now();
  const builds = await buildOne(project);
  const failures = builds.flatMap(({ attempts, target, status }) => {
    const { class: what = status, line, cause } = attempts.at(-1)?.failure ?? {};
    // An attempt that was lost has no line.
    return status === 'succeeded' ? [] : [`  ${target.python}: ${what}: ${line || cause || ''}`];
  });
  const good = builds.length > 0 && failures.length === 0;
  if (good) {
    const rows = readRows().set(project, rowOf(project, builds, new Date().toISOString().slice(0, 10)));
    writeFileSync(page, render(rows, all));
  } else process.exitCode = 1;
  const seconds = Math.round((performance.now() - start) / 1000);
  const what = `${good ? 'built' : 'FAILED'} ${project} ${builds[0]?.version ?? ''} (${seconds} s)`;
  console.log([what, ...failures].join('\n'));
}

const asked = process.argv.slice(2);
const waiting = asked.length > 0 ? asked : all;
// Three at a time: while one installs packages, another compiles.
await Promise.all(
  [1, 2, 3].map(async () => {
    for (let project = waiting.shift(); project !== undefined; project = waiting.shift()) await record(project);
  }),
);
