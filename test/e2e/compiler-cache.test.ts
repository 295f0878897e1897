// What compilers keep for later builds: it must change nothing but the time, and reach nobody else.
import { beforeAll, expect, it } from 'vitest';
import type { BuildOrder } from '../../core/attempt.js';
import { leftBehind, useAttemptBench } from './attempt-bench.js';

const bench = useAttemptBench({ compilerCache: true });
let order: BuildOrder;
beforeAll(async () => {
  order = await bench.orderFor(await bench.makeSdist({ hooks: HOOKS, files: { ...SOURCES, 'module.c': MODULE } }), {
    test: { script: 'import native; assert native.run() == 3' },
  });
});

const MODULE = `
#include <Python.h>
int part0(void); int part1(void); int part2(void);
static PyObject *run(PyObject *self, PyObject *none) { return PyLong_FromLong(part0() + part1() + part2()); }
static PyMethodDef methods[] = {{"run", run, METH_NOARGS, __FILE__}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "native", NULL, -1, methods};
PyMODINIT_FUNC PyInit_native(void) { return PyModule_Create(&definition); }
`;
const SOURCES = Object.fromEntries(
  [0, 1, 2].map((number) => [`part${number}.c`, `#include <stdio.h>\nint part${number}(void) { return ${number}; }\n`]),
);
const HOOKS = `
import glob, os, subprocess, sysconfig
def build(folder, write_wheel):
    include = "-I" + sysconfig.get_paths()["include"]
    for source in sorted(glob.glob(os.path.abspath("*.c"))):
        subprocess.run(["gcc", "-g", "-O2", "-fPIC", "-march=native", include, "-c", source, "-o", os.path.basename(source) + ".o"], check=True)
    subprocess.run(["gcc", "-shared", *sorted(glob.glob("*.o")), "-o", "native.so"], check=True)
    subprocess.run(["ccache", "--show-stats"])
    return write_wheel(folder, {"native.so": open("native.so", "rb").read()}, tag="cp313-cp313-linux_x86_64")
`;

/** Compilations that were answered from the cache since the cache was made. */
function hits(log: string): number {
  return [...log.matchAll(/^ *(?:cache hit \(\w+\)|Hits:)\s+(\d+)/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

it('a second attempt is answered from the cache, and makes the bytes that one without a cache makes', async () => {
  const on = { settings: { WHEELWRIGHT_COMPILER_CACHE_BYTES: String(2 ** 30) } };
  const first = await bench.attempt(order, on);
  expect(first.outcome.kind, first.log).toBe('succeeded');
  expect(hits(first.log)).toBe(0);
  const second = await bench.attempt(order, on);
  expect(hits(second.log), second.log).toBe(4);
  // Flags are noticed also where no compiler runs any more.
  expect(second.log).toContain('(-march=native)');
  const without = await bench.attempt(order, { settings: { WHEELWRIGHT_COMPILER_CACHE_BYTES: '0' } });
  expect(hits(without.log)).toBe(0);
  expect(second.wheel?.equals(first.wheel as Buffer)).toBe(true);
  expect(without.wheel?.equals(first.wheel as Buffer)).toBe(true);

  const trial = await bench.attempt({ ...order, channel: 'trial' }, on);
  expect(hits(trial.log), trial.log).toBe(0);
  expect(trial.wheel?.equals(first.wheel as Buffer)).toBe(true);

  const kept = (await leftBehind(bench.instance)).filter((name) => !/-used-\d+$/.test(name));
  expect(kept).toHaveLength(2);
  expect((await bench.forgetCaches()).toSorted()).toEqual(kept.toSorted());
  expect(await leftBehind(bench.instance)).toEqual([]);
});
