// The worker's memory while a build prints a 200 MB log and makes a 300 MB wheel, against one that does neither: it must not grow with them.
//   node bench/worker-memory/measure.mjs [log MB] [wheel MB]        needs dist/ and a container engine; goal: under 200 MB resident
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import tar from 'tar-stream';

const root = new URL('../../', import.meta.url).pathname;
const { startApi } = await import(join(root, 'dist/api/start.js'));
const { openClient } = await import(join(root, 'dist/client/client.js'));
const { parseSettings } = await import(join(root, 'dist/core/settings.js'));
const [logMegabytes = 200, wheelMegabytes = 300] = process.argv.slice(2).map(Number);

async function makeSdist(project, logMb, wheelMb) {
  const hooks = `
import os, sys
def build(folder, write_wheel):
    line = "compiling " + "x" * 89 + "\\n"
    for _ in range(${logMb}):
        sys.stdout.write(line * 10000)
    return write_wheel(folder, {"sample.py": b"", "data.bin": os.urandom(${wheelMb} << 20)})
`;
  const pyproject = `[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "${project}"\nversion = "1.0"\n`;
  const backend = await readFile(join(root, 'test/fixtures/sdists/backend.py'), 'utf8');
  const pack = tar.pack();
  for (const [name, text] of Object.entries({
    'pyproject.toml': pyproject,
    'backend.py': backend,
    'hooks.py': hooks,
  })) {
    pack.entry({ name: `${project}-1.0/${name}` }, text);
  }
  pack.finalize();
  const chunks = [];
  for await (const chunk of pack) chunks.push(chunk);
  return gzipSync(Buffer.concat(chunks));
}

const sdists = { small: await makeSdist('small', 0, 0), large: await makeSdist('large', logMegabytes, wheelMegabytes) };
const upstream = createServer((request, response) => {
  const [, kind, name = ''] = request.url.split('/');
  const project = kind === 'files' ? name.split('-')[0] : name;
  const bytes = sdists[project];
  if (bytes === undefined) return response.writeHead(404).end();
  if (kind === 'files') return response.end(bytes);
  const hashes = { sha256: createHash('sha256').update(bytes).digest('hex') };
  const files = [{ filename: `${project}-1.0.tar.gz`, url: `/files/${project}-1.0.tar.gz`, hashes }];
  response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
  return response.end(JSON.stringify({ meta: { 'api-version': '1.1' }, name: project, files }));
});
await once(upstream.listen(0, '127.0.0.1'), 'listening');

const data = await mkdtemp(join(tmpdir(), 'wheelwright-memory-'));
const index = `http://127.0.0.1:${upstream.address().port}`;
const environment = {
  WHEELWRIGHT_DATA: data,
  WHEELWRIGHT_API_PORT: '0',
  WHEELWRIGHT_UPSTREAM: `${index}/simple/`,
  WHEELWRIGHT_INDEX_URL: index,
  WHEELWRIGHT_INSTANCE: 'bench-memory',
  WHEELWRIGHT_COMPILER_CACHE_BYTES: '0',
  WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES: '0',
};
const api = await startApi(parseSettings(environment), { log: pino({ level: 'silent' }), root });
const client = openClient({ url: api.url, token: (await readFile(join(data, 'admin-token'), 'utf8')).trim() });
// With the flags that `./wheelwright up` starts it with.
const worker = spawn(
  process.execPath,
  ['--enable-source-maps', '--max-semi-space-size=2', join(root, 'dist/worker/main.js')],
  {
    env: { ...process.env, ...environment, WHEELWRIGHT_API_URL: api.url },
    stdio: 'ignore',
  },
);

async function peakMegabytes() {
  const status = await readFile(`/proc/${worker.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

try {
  for (const project of ['small', 'large']) {
    const { builds } = await client.requestBuilds({ requirement: `${project}==1.0` });
    let build = builds[0];
    while (build.finishedAt === undefined) {
      await sleep(200);
      build = await client.build(build.id);
    }
    if (build.status !== 'succeeded') throw new Error(JSON.stringify(build.attempts.at(-1)?.failure));
    const size = (build.files[0].sizeBytes / 1e6).toFixed(0);
    console.log(`${project}: wheel ${size} MB, worker's peak ${(await peakMegabytes()).toFixed(0)} MB resident`);
  }
} finally {
  worker.kill('SIGTERM');
  await once(worker, 'exit');
  await client.close();
  await api.close();
  upstream.close();
  await rm(data, { recursive: true, force: true });
}
