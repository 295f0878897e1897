// Wheels must not need the processor of the machine that built them. The flag is taken away by watching the compiler; the proof is in the instructions of
// the wheel, which the build looks at itself: a wrapper that let the flag through would make these builds fail.
import { expect, it } from 'vitest';
import { findToolchainFolder } from '../../adapters/docker/toolchain-folder.js';
import type { EffectiveRecipe } from '../../core/recipe/recipe.js';
import type { SdistOptions } from '../fixtures/sdists/sdist.js';
import { type Finished, useAttemptBench } from './attempt-bench.js';

const rust = process.env.WHEELWRIGHT_RUST_TOOLCHAIN ?? (await findToolchainFolder('rust'));
if (rust !== undefined) process.env.WHEELWRIGHT_RUST_TOOLCHAIN = rust;

const bench = useAttemptBench();

async function build(options: Partial<SdistOptions>, recipe?: EffectiveRecipe): Promise<Finished> {
  return bench.attempt(await bench.orderFor(await bench.makeSdist({ hooks: '', ...options }), recipe));
}

/** A loop that any compiler turns into vector instructions as wide as it may use. */
const LOOP = `
static double values[256];
void scale(double factor) { for (int i = 0; i < 255; i++) values[i] = values[i + 1] * factor + values[i]; }
`;
const MODULE = `
#include <Python.h>
extern void scale(double);
static PyObject *run(PyObject *self, PyObject *arguments) { scale(2.5); Py_RETURN_NONE; }
static PyMethodDef methods[] = {{"run", run, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "native", NULL, -1, methods};
PyMODINIT_FUNC PyInit_native(void) { return PyModule_Create(&definition); }
`;
const SETUPTOOLS = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n';
const setup = (extension: string, before = '') => ({
  'pyproject.toml': SETUPTOOLS,
  'setup.py': `import platform\nfrom setuptools import Extension, setup\n${before}\nsetup(name="sample", version="1.0", ext_modules=[Extension("native", ${extension})])\n`,
  'native.c': MODULE + LOOP,
});
const PROBED =
  'flags = ["-O3", "-mavx2"] if "avx2" in open("/proc/cpuinfo").read() else ["-O3"]\nassert "-mavx2" in flags, "this test needs a machine with AVX2"';

it('setup.py with -march=native: the compiler gets the baseline, and the log names flag and file', async () => {
  const finished = await build({ files: setup('["native.c"], extra_compile_args=["-O3", "-march=native"]') });
  expect(finished.outcome.kind, finished.log).toBe('succeeded');
  expect(finished.log).toMatch(
    /\(-march=native\) for native\.c; it got the baseline of the architecture \(x86-64\) instead/,
  );
});

it('CMake with -march=native, which it hides from the log', async () => {
  const finished = await build({
    hooks: `
import os, subprocess, sysconfig
def build(folder, write_wheel):
    os.environ["PYTHON_INCLUDE"] = sysconfig.get_paths()["include"]
    subprocess.run(["cmake", "-G", "Ninja", "-S", ".", "-B", "out", "-DCMAKE_BUILD_TYPE=Release"], check=True)
    subprocess.run(["cmake", "--build", "out"], check=True)
    return write_wheel(folder, {"native.so": open("out/native.so", "rb").read()}, tag="cp313-cp313-linux_x86_64")
`,
    files: {
      'native.cpp': `extern "C" {\n${LOOP}}\n`,
      'module.c': MODULE,
      'CMakeLists.txt': [
        'cmake_minimum_required(VERSION 3.16)',
        'project(sample C CXX)',
        'include_directories($ENV{PYTHON_INCLUDE})',
        'add_compile_options(-O3 -march=native)',
        'add_library(native MODULE native.cpp module.c)',
        'set_target_properties(native PROPERTIES PREFIX "")',
      ].join('\n'),
    },
  });
  expect(finished.outcome.kind, finished.log).toBe('succeeded');
  expect(finished.log).toMatch(/\(-march=native\) for \S+\/(?:native\.cpp|module\.c) and 1 more; it got the baseline/);
});

it('AVX that setup.py found on this machine: refused with flag and file, and built once the recipe chooses the level', async () => {
  const files = setup('["native.c"], extra_compile_args=flags', PROBED);
  const refused = await build({ files });
  expect(refused.outcome).toMatchObject({
    kind: 'failed',
    failure: { class: 'cpu-bound', phase: 'build', line: expect.stringMatching(/^native\.c was compiled with -mavx2/) },
  });
  const chosen = await build({ files }, { cpu: 'x86-64-v3' });
  expect(chosen.outcome.kind, chosen.log).toBe('succeeded');
});

it('a level takes the place of -march=native, and one below it is not enough for AVX', async () => {
  const files = setup('["native.c"], extra_compile_args=flags', PROBED);
  const below = await build({ files }, { cpu: 'x86-64-v2' });
  expect(below.outcome).toMatchObject({ failure: { class: 'cpu-bound' } });
  const native = await build(
    { files: setup('["native.c"], extra_compile_args=["-O3", "-march=native"]') },
    { cpu: 'x86-64-v3' },
  );
  expect(native.outcome.kind, native.log).toBe('succeeded');
  expect(native.log).toContain('it got the level x86-64-v3 of the recipe instead');
});

it('a compiler that is called by its path escapes the wrapper, and not the look at the instructions', async () => {
  const finished = await build({
    files: setup(
      '["native.c"], extra_compile_args=["-O3", "-march=haswell"]',
      'import os\nos.environ["CC"] = "/usr/bin/gcc"',
    ),
  });
  expect(finished.outcome).toMatchObject({
    kind: 'failed',
    failure: {
      class: 'cpu-bound',
      line: expect.stringMatching(/^native\.\S+\.so holds \d+ instructions beyond .* e\.g\. `v/),
    },
  });
});

it('code that asks the processor first may use what it finds', async () => {
  const files = setup('["native.c", "wide.c"], extra_compile_args=["-O3"]');
  const finished = await build({
    files: {
      ...files,
      'native.c': `${MODULE.replace('scale(2.5);', 'if (__builtin_cpu_supports("avx2")) scale(2.5);')}`,
      // As a project's build system compiles one file for each kind of processor.
      'setup.py': `${files['setup.py'].replace('setup(name', 'import subprocess, sysconfig\nsubprocess.run(["gcc", "-O3", "-fPIC", "-mavx2", "-c", "wide.c", "-o", "wide.o"], check=True)\nsetup(name').replace('["native.c", "wide.c"],', '["native.c"], extra_objects=["wide.o"],')}`,
      'wide.c': LOOP,
    },
  });
  expect(finished.outcome.kind, finished.log).toBe('succeeded');
});

const crate = (flags: string): Partial<SdistOptions> => ({
  hooks: `
import subprocess
def build(folder, write_wheel):
    subprocess.run(["cargo", "build", "--release", "--offline"], check=True)
    return write_wheel(folder, {"native.so": open("target/release/libnative.so", "rb").read()}, tag="cp313-cp313-linux_x86_64")
`,
  files: {
    'Cargo.toml': '[package]\nname = "native"\nversion = "1.0.0"\nedition = "2021"\n[lib]\ncrate-type = ["cdylib"]\n',
    'Cargo.lock': 'version = 3\n[[package]]\nname = "native"\nversion = "1.0.0"\n',
    '.cargo/config.toml': `[target.x86_64-unknown-linux-gnu]\nrustflags = ${flags}\n`,
    'src/lib.rs':
      '#[no_mangle]\npub extern "C" fn scale(v: &mut [f64; 256], f: f64) { for x in v.iter_mut() { *x = *x * f + 1.0; } }\n',
  },
});

it.skipIf(rust === undefined)(
  'Rust with target-cpu=native in .cargo/config.toml, and with features for all of it',
  async () => {
    const recipe: EffectiveRecipe = { toolchains: ['rust'], test: { imports: [] } };
    const native = await build(crate('["-C", "target-cpu=native"]'), recipe);
    expect(native.outcome.kind, native.log).toBe('succeeded');
    expect(native.log).toContain('(target-cpu=native) for src/lib.rs');
    const features = await build(crate('["-Ctarget-feature=+avx2"]'), recipe);
    expect(features.outcome).toMatchObject({
      failure: {
        class: 'cpu-bound',
        line: expect.stringMatching(/^src\/lib\.rs was compiled with target-feature=\+avx2/),
      },
    });
  },
);
