import { expect, it } from 'vitest';
import type { EffectiveRecipe } from '../../core/recipe/recipe.js';
import type { SdistOptions } from '../fixtures/sdists/sdist.js';
import { type Finished, leftBehind, useAttemptBench } from './attempt-bench.js';

const bench = useAttemptBench();

async function build(options: SdistOptions, recipe?: EffectiveRecipe): Promise<Finished> {
  return bench.attempt(await bench.orderFor(await bench.makeSdist(options), recipe));
}

const PURE = 'def build(folder, write_wheel):\n    return write_wheel(folder, {"sample.py": b"x = 1\\n"})\n';

/** Compiles one extension module against the libraries named. */
const compiled = (libraries: string) => `
import subprocess, sysconfig
SOURCE = """
#include <Python.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "native", NULL, -1, NULL};
PyMODINIT_FUNC PyInit_native(void) { return PyModule_Create(&definition); }
"""
def build(folder, write_wheel):
    open("native.c", "w").write(SOURCE)
    include = sysconfig.get_paths()["include"]
    subprocess.run(["gcc", "-shared", "-fPIC", "-I" + include, "native.c", "-o", "native.so", "-Wl,--no-as-needed", *"${libraries}".split()], check=True)
    return write_wheel(folder, {"native.so": open("native.so", "rb").read()}, tag="cp313-cp313-linux_x86_64")
`;

it('builds, repairs and tests a C extension from its real sdist, the same bytes each time', async () => {
  const order = await bench.order('markupsafe==3.0.2');
  const finished = await bench.attempt(order);
  expect(finished.outcome).toMatchObject({
    kind: 'succeeded',
    wheel: { filename: 'markupsafe-3.0.2-cp313-cp313-manylinux_2_31_x86_64.whl', grafted: [], needs: [] },
  });
  expect(finished.phases).toEqual(['fetch', 'build', 'repair', 'test', 'publish']);
  expect(finished.inputs).toContainEqual(
    expect.objectContaining({
      kind: 'build-requirement',
      name: 'setuptools',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    }),
  );
  expect(await leftBehind(bench.instance)).toEqual([]);
  const again = await bench.attempt({ ...order, buildTag: 2 });
  expect(again.outcome).toMatchObject({
    wheel: { filename: 'markupsafe-3.0.2-2-cp313-cp313-manylinux_2_31_x86_64.whl' },
  });
  const third = await bench.attempt(order);
  expect(third.wheel?.equals(finished.wheel as Buffer)).toBe(true);
});

it('keeps a pure wheel as it is', async () => {
  const finished = await build({ hooks: PURE });
  expect(finished.outcome).toMatchObject({ kind: 'succeeded', wheel: { filename: 'sample-1.0-py3-none-any.whl' } });
  expect(finished.log).toContain('[wheelwright] test: import sample\n');
});

it('fetches what a hook of the backend asks for, and builds on', async () => {
  const finished = await build({ hooks: `REQUIRES = ["wheel>=0.40"]\n${PURE}` });
  expect(finished.outcome.kind).toBe('succeeded');
  expect(finished.phases).toEqual(['fetch', 'build', 'fetch', 'build', 'repair', 'test', 'publish']);
  expect(finished.inputs).toContainEqual(expect.objectContaining({ kind: 'build-requirement', name: 'wheel' }));
});

it('passes over what a hook asks for where the recipe decides about that project', async () => {
  const hooks = `REQUIRES = ["docopt==0.6.2", "wheel<0.30"]\n${PURE}`;
  const finished = await build({ hooks }, { requires: { replace: true, additions: ['wheel>=0.40'] } });
  expect(finished.outcome).toEqual({ kind: 'deferred', requirements: ['docopt==0.6.2'] });
});

it('defers to builds of what it needs to build and exists as no wheel', async () => {
  const finished = await build({ hooks: PURE, requires: ['docopt==0.6.2'] });
  expect(finished.outcome).toEqual({ kind: 'deferred', requirements: ['docopt==0.6.2'] });
});

it('defers to builds of what the wheel itself requires and exists as no wheel', async () => {
  const finished = await build({ hooks: PURE, dependencies: ['docopt>=0.6'] });
  expect(finished.outcome).toEqual({ kind: 'deferred', requirements: ['docopt>=0.6'] });
  expect(finished.phases.at(-1)).toBe('test');
});

it('says so when requirements contradict each other', async () => {
  const finished = await build({ hooks: PURE, requires: ['wheel<0.30', 'wheel>0.40'] });
  expect(finished.outcome).toMatchObject({ kind: 'failed', failure: { class: 'build-requirement', phase: 'fetch' } });
});

it('applies what a recipe says about requirements, sources and preparation', async () => {
  const patch = [
    '--- a/hooks.py',
    '+++ b/hooks.py',
    '@@ -1,2 +1,2 @@',
    ' def build(folder, write_wheel):',
    '-    return write_wheel(folder, {"sample.py": b"x = 1\\n"})',
    '+    return write_wheel(folder, {"sample.py": open("prepared.py", "rb").read()})',
    '',
  ].join('\n');
  // More than Linux lets one argument or variable hold.
  const long = `#${'x'.repeat(200_000)}\n`;
  const finished = await build(
    { hooks: PURE, requires: ['no-such-thing-anywhere'] },
    {
      patches: [patch],
      prepare: `${long}echo "y = \\"$GREETING\\"" > prepared.py`,
      environment: { GREETING: 'hello' },
      requires: { replace: true, additions: ['wheel'], constraints: ['wheel<0.44'], 'as-of': '2024-06-01' },
      test: { script: `${long}import sample; assert sample.y == "hello"` },
    },
  );
  expect(finished.outcome.kind, finished.log).toBe('succeeded');
  const wheel = finished.inputs.find(({ kind, name }) => kind === 'build-requirement' && name === 'wheel');
  expect(wheel?.version).toBe('0.43.0');
});

it('takes what is newer than the date of the requirements where nothing older will do', async () => {
  const additions = ['wheel', 'setuptools>=75'];
  const finished = await build({ hooks: PURE }, { requires: { additions, 'as-of': '2024-06-01' } });
  expect(finished.outcome.kind, finished.log).toBe('succeeded');
  const required = finished.inputs.filter(({ kind }) => kind === 'build-requirement');
  const versionOf = (project: string) => required.find(({ name }) => name === project)?.version;
  expect(versionOf('wheel')).toBe('0.43.0');
  expect(Number.parseInt(versionOf('setuptools') ?? '', 10)).toBeGreaterThanOrEqual(75);
});

it('offers to test what imports where a part does not; a library that only looks like a module is no part', async () => {
  const native = compiled('').replaceAll('PyInit_native', 'init_native').replace('native.so": ', 'plugin.so": ');
  const broken = native.replace('{"plugin', '{"sample.py": b"x = 1\\n", "extra.py": b"1 / 0\\n", "plugin');
  const finished = await build({ hooks: broken });
  expect(finished.outcome, finished.log).toMatchObject({
    kind: 'failed',
    failure: { phase: 'test', ideas: [{ edit: { test: { 'skip-imports': ['extra'] } }, guess: true }] },
  });
  expect(finished.log).toContain('plugin is a library and no module');
});

it('says what a wheel lacks of which nothing imports without what it does not require', async () => {
  const finished = await build({ hooks: PURE.replace('x = 1', 'import cgi') });
  expect(finished.outcome, finished.log).toMatchObject({
    kind: 'failed',
    failure: { class: 'python-too-new', line: "ModuleNotFoundError: No module named 'cgi'", phase: 'test' },
  });
});

it('passes over a part that only another one can import', async () => {
  const circular = compiled('')
    .replace(
      /static struct[\s\S]*?\n"""/,
      `static int run(PyObject *module) {
    PyObject *part = PyImport_ImportModule("sample.part");
    Py_XDECREF(part);
    return part == NULL ? -1 : 0;
}
static PyModuleDef_Slot slots[] = {{Py_mod_exec, run}, {0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_alone", NULL, 0, NULL, slots};
PyMODINIT_FUNC PyInit__alone(void) { return PyModuleDef_Init(&definition); }
"""`,
    )
    .replace(
      '{"native.so"',
      '{"sample/__init__.py": b"", "sample/part.py": b"from sample._alone import value", "sample/_alone.so"',
    );
  const finished = await build({ hooks: circular });
  expect(finished.outcome.kind, finished.log).toBe('succeeded');
  expect(finished.log).toContain('sample._alone does not import on its own (cannot import name');
});

it('names every library that the clean image lacks, and accepts them once the recipe says that they are needed', async () => {
  const recipe: EffectiveRecipe = { system: { apt: ['libexpat1-dev', 'libx11-dev'] } };
  const options = { hooks: compiled('-lexpat -lX11') };
  const refused = await build(options, recipe);
  expect(refused.outcome).toMatchObject({
    kind: 'failed',
    failure: {
      class: 'missing-in-clean-image',
      phase: 'test',
      missing: [
        { kind: 'soname', name: 'libX11.so.6' },
        { kind: 'soname', name: 'libexpat.so.1' },
      ],
    },
  });
  const accepted = await build(options, { ...recipe, runtime: { apt: ['libexpat1', 'libx11-6'] } });
  expect(accepted.outcome, accepted.log).toMatchObject({
    kind: 'succeeded',
    wheel: { needs: ['libX11.so.6', 'libexpat.so.1'] },
  });
});

it('refuses a recipe whose system package does not exist, before anything is built', async () => {
  const finished = await build({ hooks: PURE }, { system: { apt: ['no-such-package-anywhere'] } });
  expect(finished.outcome).toMatchObject({ kind: 'failed', failure: { class: 'system-package', phase: 'fetch' } });
  expect(finished.phases).toEqual(['fetch']);
});
