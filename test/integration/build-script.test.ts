// What our build script tells a real backend.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), 'build-script-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What our scripts import, and an old meson-python. */
const PACKAGES = ['meson-python==0.13.1', 'meson', 'ninja', 'pyproject_hooks', 'packaging', 'pyelftools'];
const venv = join(folder, 'venv');
beforeAll(async () => {
  await run('python3', ['-m', 'venv', venv]);
  await run(join(venv, 'bin', 'pip'), ['install', '-q', '--disable-pip-version-check', ...PACKAGES]);
}, 120_000);

const BUILD = `
import os, pathlib, sys
sys.path.insert(0, sys.argv[1])
import build, mesonpy
settings = build.fixed_folders("mesonpy", {})
# What a project writes relative to where it is built by default is found.
assert pathlib.Path(settings["builddir"]).parent == build.SOURCE
settings = {key: os.path.join(os.getcwd(), os.path.basename(value)) for key, value in settings.items()}
print(mesonpy.build_wheel(os.getcwd(), settings))
`;

test('a meson-python that many releases pin takes the folder that it is to build in', async () => {
  await writeFile(
    join(folder, 'pyproject.toml'),
    '[build-system]\nrequires = ["meson-python"]\nbuild-backend = "mesonpy"\n[project]\nname = "sample"\nversion = "1.0"\n',
  );
  await writeFile(
    join(folder, 'meson.build'),
    "project('sample', version: '1.0')\nimport('python').find_installation().install_sources('sample.py')\n",
  );
  await writeFile(join(folder, 'sample.py'), '');
  const built = await run(join(venv, 'bin', 'python'), ['-c', BUILD, resolve('worker/scripts')], {
    cwd: folder,
    env: { ...process.env, PATH: `${venv}/bin:${process.env.PATH}`, PYTHONDONTWRITEBYTECODE: '1' },
  });
  expect(built.stdout).toContain('sample-1.0-py3-none-any.whl');
});

const GIVES_UP = `
import pathlib, subprocess, sys
sys.path.insert(0, sys.argv[1])
import build
folder = pathlib.Path(sys.argv[2]) / "gives-up"
folder.mkdir()
(folder / "meson.build").write_text("project('ham')\\nrun_command('sh', '-c', 'echo no egg >&2; exit 1', check: true)\\n")
assert str(build.MESON) == build.fixed_folders("mesonpy", {})["builddir"]
build.MESON = folder / "built"
subprocess.run([pathlib.Path(sys.executable).parent / "meson", "setup", build.MESON, folder])
print("TOLD", flush=True)
build.tell_of_command()
`;

test('what a command said at which meson gave up is told', async () => {
  const told = await run(join(venv, 'bin', 'python'), ['-B', '-c', GIVES_UP, resolve('worker/scripts'), folder]);
  const [meson, after] = told.stdout.split('TOLD\n');
  expect(meson).not.toContain('--- stderr ---');
  expect(after).toContain('--- stderr ---\nno egg\n');
});

const UNLOADABLE = `
import os, sys
sys.path.insert(0, sys.argv[1])
import build
from pyproject_hooks import BackendUnavailable
def unavailable(task):
    raise BackendUnavailable("Traceback: ...", backend_name="ham.backend")
build.read_task = lambda: {}
build.build = unavailable
sys.exit(build.main())
`;

test('a backend that cannot be loaded is told of in one sentence, after its traceback', async () => {
  const ended = run(join(venv, 'bin', 'python'), ['-B', '-c', UNLOADABLE, resolve('worker/scripts')]);
  await expect(ended).rejects.toMatchObject({
    stderr: 'Traceback: ...\nthe build backend cannot be loaded: ham.backend\n',
  });
});

const BEYOND = `
import pathlib, subprocess, sys, zipfile
sys.path.insert(0, sys.argv[1])
import cpu
folder = pathlib.Path(sys.argv[2])
body = "".join(f"a[{at}] = __builtin_floorf(a[{at}]);" for at in range(8))
(folder / "m.c").write_text(f"int first(void) {{ return 1; }} void npy_floors(float *a) {{ {body} }}")
subprocess.run(["gcc", "-O1", "-msse4.1", "-fno-tree-vectorize", "-shared", "-fPIC", "-o", folder / "m.so", folder / "m.c"], check=True)
with zipfile.ZipFile(folder / "m.whl", "w") as wheel:
    wheel.write(folder / "m.so", "m.so")
try:
    cpu.check_instructions(folder / "m.whl", None, "the baseline", None)
except cpu.CpuBound as bound:
    print(bound)
`;

test.runIf(process.arch === 'x64')(
  'an instruction that older processors lack is told with the function that it is in',
  async () => {
    const built = await run(join(venv, 'bin', 'python'), ['-B', '-c', BEYOND, resolve('worker/scripts'), folder]);
    expect(built.stdout).toMatch(
      /^m\.so holds \d+ instructions beyond the baseline, e\.g\. `round[sp]s .+` in npy_floors, and /,
    );
  },
);
