// How the index bears growth: 600,000 projects, 2 million files, one project of 5,000 files.
//   node bench/index/growth.mjs             needs dist/ (npm run build)
//   PROJECTS=600000 FILES=3 FOLDER=/tmp/wheelwright-growth
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { fillMany, inserter, openMigrated } from './corpus.mjs';
import { nodeArguments, percentile, rssMb } from './programs.mjs';

const PROJECTS = Number(process.env.PROJECTS ?? 600_000);
const FILES = Number(process.env.FILES ?? 3);
const FOLDER = process.env.FOLDER ?? '/tmp/wheelwright-growth';
const MAIN = process.env.MAIN ?? fileURLToPath(new URL('../../dist/index-server/main.js', import.meta.url));
const PORT = 9304;

/** Milliseconds to the first byte and to the last, and the size on the wire. */
function timed(path) {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    const headers = { accept: 'application/vnd.pypi.simple.v1+json', 'accept-encoding': 'gzip' };
    request({ host: '127.0.0.1', port: PORT, path, headers }, async (response) => {
      if (response.statusCode !== 200) return reject(new Error(`${path}: ${response.statusCode}`));
      const firstMs = performance.now() - began;
      let bytes = 0;
      for await (const piece of response) bytes += piece.length;
      resolve({ firstMs, allMs: performance.now() - began, bytes, etag: response.headers.etag });
    })
      .on('error', reject)
      .end();
  });
}

async function patient(path) {
  for (;;) {
    try {
      return await timed(path);
    } catch (error) {
      if (error.code !== 'ECONNREFUSED') throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

const show = (what, value) => console.log(`${what.padEnd(60)} ${value}`);
const ms = (value) => `${value.toFixed(1)} ms`;

if (!existsSync(join(FOLDER, 'wheelwright.db'))) fillMany(FOLDER, PROJECTS, FILES);
else openMigrated(join(FOLDER, 'wheelwright.db')).close();
const began = performance.now();
const child = spawn(process.execPath, [...nodeArguments('index-server'), MAIN], {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: {
    ...process.env,
    WHEELWRIGHT_DATA: FOLDER,
    WHEELWRIGHT_INDEX_PORT: String(PORT),
    WHEELWRIGHT_UPSTREAM: 'http://127.0.0.1:9/',
    WHEELWRIGHT_LOG_LEVEL: 'error',
  },
});
const rss = () => `${rssMb(child.pid).toFixed(0)} MB`;
try {
  const wide = await patient('/simple/grown-wide/');
  show('start to the first page (5,000 files)', ms(performance.now() - began));
  show('  of that, the page itself', ms(wide.allMs));
  show('memory', rss());
  const root = await timed('/simple/');
  show(`root page of ${PROJECTS} projects, first time`, `${ms(root.allMs)}, ${(root.bytes / 1e6).toFixed(1)} MB`);
  show('root page again', ms((await timed('/simple/')).allMs));
  show('memory', rss());

  const database = new Sqlite(join(FOLDER, 'wheelwright.db'));
  database.pragma('synchronous = OFF');
  const add = inserter(database, undefined);
  const stamp = Date.now().toString(36);
  const publish = async (what, project, version, path) => {
    const took = [];
    for (let time = 0; time < 15; time++) {
      const { etag } = await timed(path);
      database.transaction(() => add(project(time), `${version}.${time}`, 'py3-none-any'))();
      const published = performance.now();
      let page = await timed(path);
      while (page.etag === etag) page = await timed(path);
      took.push(performance.now() - published);
    }
    show(what, `${ms(percentile(took, 0.5))}, at most ${ms(Math.max(...took))}`);
  };
  await publish(
    'publish to the 5,000-file page, visible after',
    () => 'grown-wide',
    `9.${Date.now()}`,
    '/simple/grown-wide/',
  );
  await publish(
    'publish of a new project, visible on the root page after',
    (time) => `grown-${stamp}-${time}`,
    '1.0',
    '/simple/',
  );
  const sample = [];
  for (let at = 0; at < 2000; at++)
    sample.push((await timed(`/simple/grown-${((at * 7919) % PROJECTS).toString(36).padStart(5, '0')}/`)).allMs);
  show('2,000 different projects, one after another, median', ms(sample.toSorted((a, b) => a - b)[1000]));
  show('memory', rss());
  database.close();
} finally {
  child.kill('SIGTERM');
}
