#!/usr/bin/env node
// How long it takes to build examples/app from the index, beside the same application compiling in its Dockerfile. Rounds alternate; medians are printed.
//
//   ./wheelwright up                                            (in another terminal)
//   ./wheelwright build psycopg2==2.9.13 python-ldap==3.4.8
//   node bench/image-build/measure.mjs [--rounds 3]
//
// Both use the same base (the clean twin of debian-11 cp313) and the host's network, and neither uses a cached layer. The compiling one takes its sdists
// from the upstream. Needs dist/, an engine and, for the compiling one, a Debian mirror that the base knows.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { parseArgs, promisify } from 'node:util';
import Docker from 'dockerode';
import { pack } from 'tar-stream';

const run = promisify(execFile);
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });
const docker = new Docker();

const { indexUrl } = JSON.parse(await readFile(`${process.env.WHEELWRIGHT_DATA ?? 'data'}/service.json`, 'utf8'));
const { images } = JSON.parse((await run('./wheelwright', ['image', 'list', '--json'])).stdout);
const image = images.find(({ name, python }) => name === 'debian-11' && python === 'cp313');
if (image?.built === undefined)
  throw new Error('build the image first: ./wheelwright image build debian-11 --python cp313');
const BASE = image.built.clean;
const { resolveUpstreamUrl } = await import('../../dist/adapters/upstream/upstream-url.js');
const upstream = await resolveUpstreamUrl(process.env);

const VARIANTS = {
  'from the index': { dockerfile: 'examples/app/Dockerfile', args: { BASE, INDEX_URL: `${indexUrl}/simple/` } },
  compiling: {
    dockerfile: 'bench/image-build/Dockerfile.compiling',
    args: { BASE, BUILDER: image.built.builder, INDEX_URL: upstream },
  },
};

const results = Object.fromEntries(Object.keys(VARIANTS).map((name) => [name, { seconds: [], sizeBytes: 0 }]));
for (let round = 1; round <= Number(values.rounds); round += 1) {
  for (const [name, variant] of Object.entries(VARIANTS)) {
    const tag = `wheelwright-bench:${name.replaceAll(' ', '-')}`;
    const started = performance.now();
    await build(tag, variant);
    const seconds = (performance.now() - started) / 1000;
    results[name].seconds.push(seconds);
    results[name].sizeBytes = (await docker.getImage(tag).inspect()).Size;
    console.error(`round ${round}, ${name}: ${seconds.toFixed(1)} s`);
  }
}

const base = (await docker.getImage(BASE).inspect()).Size;
console.log('| variant | median | fastest | over its base |');
console.log('|---|---|---|---|');
for (const [name, { seconds, sizeBytes }] of Object.entries(results)) {
  const sorted = seconds.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  console.log(
    `| ${name} | ${median.toFixed(1)} s | ${sorted[0].toFixed(1)} s | ${((sizeBytes - base) / 1e6).toFixed(0)} MB |`,
  );
}
for (const name of Object.keys(VARIANTS))
  await docker.getImage(`wheelwright-bench:${name.replaceAll(' ', '-')}`).remove({ force: true });

async function build(tag, { dockerfile, args }) {
  const context = pack();
  context.entry({ name: 'Dockerfile' }, await readFile(dockerfile));
  for (const name of ['requirements.txt', 'app.py']) context.entry({ name }, await readFile(`examples/app/${name}`));
  context.finalize();
  const stream = await docker.buildImage(context, { t: tag, networkmode: 'host', nocache: true, buildargs: args });
  await new Promise((resolve, reject) => {
    let log = '';
    let fault;
    docker.modem.followProgress(
      stream,
      (error) => (error || fault ? reject(new Error(`${error?.message ?? fault}\n${log}`)) : resolve()),
      (event) => {
        log += event.stream ?? '';
        // A failed step is an event, not an error of the stream.
        fault ??= event.error;
      },
    );
  });
}
