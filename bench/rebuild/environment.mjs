// A second attempt's environment of build requirements, kept by the first, beside one that is made anew: the build phase of an sdist that only imports its requirements.
//   node bench/rebuild/environment.mjs [rounds] [requirement ...]        needs dist/, a container engine and the index of this machine; default: 3 rounds of two sets
// Each round is in turn anew, kept for the first time, and kept already. `cpu` is what the build's container took until its backend was done.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import tar from 'tar-stream';

const root = new URL('../../', import.meta.url).pathname;
const dist = (path) => import(join(root, 'dist', path));
const { sdistTar, sdistTexts } = await dist('adapters/archive/sdist.js');
const { loadImages } = await dist('adapters/disk/image-definitions.js');
const { openHostEngine } = await dist('adapters/docker/host-engine.js');
const { resolveUpstreamUrl } = await dist('adapters/upstream/upstream-url.js');
const { digestOf, targetsOf } = await dist('core/image.js');
const { parseSettings } = await dist('core/settings.js');
const { makeAttempt } = await dist('worker/attempt.js');
const { AttemptLog } = await dist('worker/attempt-log.js');
const { readScripts } = await dist('worker/workspace-files.js');

const [rounds = '3', ...given] = process.argv.slice(2);
/** Requirements, and what a backend imports of them. */
const SETS = given.length > 0 ? [given] : [['setuptools'], ['numpy', 'cython', 'pythran', 'meson-python', 'pybind11']];

const BACKEND = `
import glob, importlib, os, sys, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    for name in ("setuptools.build_meta", "setuptools.command.build_ext", "numpy", "Cython.Compiler.Main", "Cython.Build", "mesonpy", "mesonbuild.mesonmain", "pybind11", "pythran.toolchain"):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name.split(".")[0] != name.split(".")[0]:
                raise
    for path in ("/sys/fs/cgroup/cpuacct/cpuacct.usage", "/sys/fs/cgroup/cpu.stat"):
        if os.path.exists(path):
            used = int(open(path).read().replace("usage_usec", "").split()[0])
            print("CPU", used / (1e9 if path.endswith("usage") else 1e6), flush=True)
            break
    info = "imports-1.0.dist-info/"
    files = {"imports.py": "", info + "METADATA": "Metadata-Version: 2.1\\nName: imports\\nVersion: 1.0\\n", info + "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}
    files[info + "RECORD"] = "".join(f"{path},,\\n" for path in [*files, info + "RECORD"])
    with zipfile.ZipFile(os.path.join(folder, "imports-1.0-py3-none-any.whl"), "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
    return "imports-1.0-py3-none-any.whl"
`;

const data = await mkdtemp(join(tmpdir(), 'wheelwright-environment-'));
const instance = `bench-environment-${process.pid}`;
const base = { WHEELWRIGHT_DATA: data, WHEELWRIGHT_INSTANCE: instance, WHEELWRIGHT_COMPILER_CACHE_BYTES: '0' };
const definitions = await loadImages(join(root, 'images'));
const target = definitions.flatMap(targetsOf).find(({ image, python }) => image === 'debian-11' && python === 'cp313');
const indexUrl = await resolveUpstreamUrl(process.env);
const { engine } = openHostEngine(parseSettings({ ...process.env, ...base }), indexUrl, root, definitions);
const never = new AbortController().signal;
const { cpus, memoryBytes } = await engine.facts(never);
const caBundle = process.env.WHEELWRIGHT_CA_BUNDLE ?? '/etc/ssl/certs/ca-certificates.crt';
const site = {
  engine,
  scripts: await readScripts(join(root, 'worker/scripts')),
  caBundle: await buffer(createReadStream(caBundle)).then(String),
  indexToken: undefined,
  packageIndex: () => ({ find: async () => [] }),
  unpackSdist: (sdist) => sdistTar(sdist),
  readSdist: (sdist, wanted) => sdistTexts(sdist, wanted),
  upstream: { file: async (url) => createReadStream(url.slice('file:'.length)) },
};

async function makeSdist(requires) {
  const pack = tar.pack();
  const pyproject = `[build-system]\nrequires = ${JSON.stringify(requires)}\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "imports"\nversion = "1.0"\n`;
  pack.entry({ name: 'imports-1.0/pyproject.toml' }, pyproject);
  pack.entry({ name: 'imports-1.0/backend.py' }, BACKEND);
  pack.finalize();
  const bytes = gzipSync(await buffer(pack));
  const path = join(data, `${digestOf(requires)}.tar.gz`);
  await writeFile(path, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { filename: 'imports-1.0.tar.gz', url: `file:${path}`, sha256 };
}

let count = 0;
async function attempt(sdist, keptBytes) {
  count += 1;
  const settings = parseSettings({ ...base, WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES: String(keptBytes) });
  let text = '';
  const phases = [];
  const log = new AttemptLog({
    append: async (_line, piece, marks) => {
      text += piece;
      phases.push(...marks.phases);
    },
    onLine: () => undefined,
    limitBytes: 2 ** 20,
  });
  const clears = [];
  const order = {
    buildId: 'b',
    project: 'imports',
    version: '1.0',
    sdist,
    recipe: {},
    target,
    channel: 'stable',
    indexUrl,
  };
  const resources = { cpus, memoryBytes: Math.min(memoryBytes, 4 * 2 ** 30), diskBytes: 10 * 2 ** 30 };
  const lease = {
    attemptId: `${process.pid}-${count}`,
    attemptNumber: 1,
    token: '',
    leaseMs: 60_000,
    resources,
    order,
  };
  const voice = { log, listen: () => undefined, deliver: async () => undefined };
  const outcome = await makeAttempt(lease, { ...site, settings }, voice, (clear) => clears.push(clear), never);
  await log.flush();
  for (const clear of clears.reverse()) await clear();
  if (outcome.kind !== 'succeeded') throw new Error(text);
  const at = (name) => phases.find(({ phase }) => phase === name).at;
  return { wall: (at('repair') - at('build')) / 1000, cpu: Number(/^CPU (\S+)$/m.exec(text)[1]) };
}

const forget = () => engine.pruneKept({ 'compiler-cache': 0, environment: 0 }, never);
/** Of several rounds the best says most: what else the machine does only adds. */
const best = (numbers) =>
  Math.min(...numbers)
    .toFixed(2)
    .padStart(6);
try {
  for (const requires of SETS) {
    const sdist = await makeSdist(requires);
    const results = { 'made anew': [], 'kept, first attempt': [], 'kept, second attempt': [] };
    for (let round = 0; round < Number(rounds); round += 1) {
      results['made anew'].push(await attempt(sdist, 0));
      await forget();
      results['kept, first attempt'].push(await attempt(sdist, 2 ** 40));
      results['kept, second attempt'].push(await attempt(sdist, 2 ** 40));
    }
    console.log(`${requires.join(' ')}   (${rounds} rounds, load ${loadavg()[0].toFixed(1)})`);
    for (const [name, made] of Object.entries(results)) {
      console.log(
        `  ${name.padEnd(21)} ${best(made.map(({ wall }) => wall))} s of build phase, ${best(made.map(({ cpu }) => cpu))} s cpu`,
      );
    }
  }
} finally {
  await forget();
  await engine.close();
  await rm(data, { recursive: true, force: true });
}
