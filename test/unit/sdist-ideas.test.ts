import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Failure } from '../../core/failure.js';
import { recipeSchema } from '../../core/recipe/recipe.js';
import { freedForProposal } from '../../core/sdist-bounds.js';
import { sdistIdeas as ideasOf } from '../../core/sdist-ideas.js';
import type { SdistText } from '../../core/sdist-text.js';

function failure(more: Partial<Failure>): Failure {
  return { class: 'network-needed', phase: 'build', line: '', lineNumber: 1, cause: '', ...more };
}

const sdistIdeas = (failed: Failure, texts: readonly SdistText[], paths: string[] = []) =>
  ideasOf(failed, texts, paths);
const setupPy = (text: string) => [{ path: 'setup.py', text }];
const editsOf = (ideas: ReturnType<typeof sdistIdeas>) => ideas.map(({ edit }) => edit);

test('a build that wants to download is told to take what the system has, by the switch that setup.py reads', () => {
  const ideas = sdistIdeas(
    failure({ line: 'urlopen error https://upstream.example/libham-1.0.tar.gz' }),
    setupPy("import os\nlog = os.environ.get('HAM_LOG')\nif os.getenv('HAM_USE_SYSTEM', False):\n    pass\n"),
  );
  expect(ideas).toEqual([
    { edit: { environment: { HAM_USE_SYSTEM: '1' } }, why: expect.stringContaining('setup.py:3'), guess: true },
  ]);
});

test("the switch about the library that failed comes first; the project's own copy is switched off", () => {
  const text = "a = os.environ['BUNDLED_EGG']\nb = '--use-system-ham' in sys.argv\n'--bundled-ham' in sys.argv\n";
  const ideas = sdistIdeas(failure({ line: 'cannot fetch https://upstream.example/ham.git' }), setupPy(text));
  expect(editsOf(ideas)).toEqual([
    { 'config-settings': { '--global-option': '--use-system-ham' } },
    { environment: { BUNDLED_EGG: '0' } },
  ]);
});

test('a template of settings is filled in only where downloads fail', () => {
  const template = { path: 'hamsetup.cfg.template', text: '[libs]\n#system_ham = False\n' };
  const proposal = { edit: { system: { apt: ['libham-dev'] } }, why: 'it has it', guess: true as const };
  expect(editsOf(sdistIdeas(failure({ proposal }), [template]))).toEqual([
    { ...proposal.edit, prepare: expect.stringContaining(' hamsetup.cfg.template > hamsetup.cfg\n') },
  ]);
  expect(sdistIdeas(failure({ class: 'compile-error' }), [template])).toEqual([]);
});

test('a subproject that meson would download gives way to what is installed', () => {
  const line =
    '../src/meson.build:3:6: ERROR: could not get https://upstream.example/v1.tar.gz; is the internet available?';
  const proposal = { edit: { system: { apt: ['libham-dev'] } }, why: 'it has it', guess: true as const };
  const [idea] = sdistIdeas(failure({ line, proposal }), [], ['meson.build', 'subprojects/ham.wrap']);
  expect(idea?.edit).toEqual({ ...proposal.edit, prepare: expect.stringContaining('subprojects/*.wrap') });
  const warning = 'WARNING: failed to download with error: could not get https://upstream.example/v1.tar.gz';
  expect(sdistIdeas(failure({ line: warning, proposal }), [], ['subprojects/ham.wrap'])).toHaveLength(1);
  expect(sdistIdeas(failure({ line, proposal }), [], ['meson.build'])).toEqual([]);
  expect(sdistIdeas(failure({ line: 'urlopen error', proposal }), [], ['subprojects/ham.wrap'])).toEqual([]);

  const folder = mkdtempSync(join(tmpdir(), 'subprojects-'));
  const wraps = join(folder, 'subprojects');
  mkdirSync(join(wraps, 'here'), { recursive: true });
  writeFileSync(
    join(wraps, 'ham.wrap'),
    '[wrap-file]\ndirectory = ham-1.0\n\n[provide]\nlibham = ham_dep\nprogram_names = ham\n',
  );
  writeFileSync(join(wraps, 'egg-2.wrap'), '[wrap-git]\nurl = https://upstream.example/egg.git\n');
  writeFileSync(join(wraps, 'here.wrap'), '[wrap-file]\n');
  execFileSync('sh', ['-ec', String(idea?.edit['prepare'])], { cwd: folder });
  const standIn = (name: string) => readFileSync(join(wraps, name, 'meson.build'), 'utf8');
  expect(standIn('ham-1.0')).toBe("project('ham', 'c', 'cpp')\nham_dep = dependency('libham')\n");
  expect(standIn('egg-2')).toBe("project('egg-2', 'c', 'cpp')\negg_2_dep = dependency('egg-2')\n");
  expect(() => standIn('here')).toThrow();
  rmSync(folder, { recursive: true });
});

test('options of CMake and meson are given as those tools take them', () => {
  const cmake = { path: 'CMakeLists.txt', text: 'option(HAM_SYSTEM_EGG "use it" OFF)\n' };
  const meson = { path: 'meson_options.txt', text: "option('system-egg', type : 'boolean', value : false)\n" };
  expect(editsOf(sdistIdeas(failure({}), [cmake, meson]))).toEqual([
    { environment: { CMAKE_ARGS: '-DHAM_SYSTEM_EGG=ON' } },
    { 'config-settings': { 'setup-args': '-Dsystem-egg=true' } },
  ]);
});

test('a part that no package has is left out, by a switch that names it and no other', () => {
  const missing = [{ kind: 'header' as const, name: 'egg/egg.h' }];
  const text = "os.environ.get('HAM_WITH_EGG'); os.environ.get('HAM_NO_SPAM'); os.environ.get('HAM_DISABLE_EGG')";
  const asked = failure({ class: 'missing-header', missing });
  expect(editsOf(sdistIdeas(asked, setupPy(text)))).toEqual([
    { environment: { HAM_WITH_EGG: '0' } },
    { environment: { HAM_DISABLE_EGG: '1' } },
  ]);
  const proposal = { edit: { system: { apt: ['libegg-dev'] } }, why: 'it has it', guess: true as const };
  expect(sdistIdeas({ ...asked, proposal }, setupPy(text))).toEqual([]);
});

test('build requirements that are bounded from above are asked for without the bound', () => {
  const text = `[build-system]
requires = ["setuptools==59.2.0", "cython>=0.29,<3", "numpy~=1.21; python_version>'3.8'", "wheel"]
`;
  const [idea] = sdistIdeas(failure({ class: 'build-requirement' }), [{ path: 'pyproject.toml', text }]);
  expect(idea?.edit).toEqual({
    requires: {
      replace: true,
      additions: ['setuptools>=59.2.0', 'cython>=0.29', "numpy>=1.21 ; python_version>'3.8'", 'wheel'],
    },
  });
  expect(recipeSchema.safeParse({ project: 'ham', ...idea?.edit }).success).toBe(true);
  const unbounded = `["setuptools>=40", "cffi; os_name == 'nt'", "ham!=3.3"]`;
  const free = [{ path: 'pyproject.toml', text: `[build-system]\nrequires = ${unbounded}\n` }];
  expect(sdistIdeas(failure({ class: 'build-requirement' }), free)).toEqual([]);
  const ofCrates = failure({ class: 'unknown', line: 'error: failed to select a version for the crate `ham`' });
  expect(sdistIdeas(ofCrates, [{ path: 'pyproject.toml', text }])).toEqual([]);
});

test('a version that is proposed to be required and that the project bounds out goes without the bounds', () => {
  const texts = [
    { path: 'pyproject.toml', text: '[build-system]\nrequires = ["cython<3", "setuptools[core]>=40, <64", "ham<2"]\n' },
  ];
  const freed = (additions: string[], others = {}) =>
    freedForProposal(
      { ...failure({}), proposal: { edit: { requires: { additions }, ...others }, why: 'It has it.' } },
      texts,
    );
  expect(freed(['setuptools>=66.1'])).toMatchObject({
    edit: { requires: { replace: true, additions: ['cython', 'ham', 'setuptools>=66.1'] } },
    guess: true,
  });
  expect(freed(['setuptools>=61'])).toBeUndefined();
  expect(freed(['setuptools'])).toBeUndefined();
  expect(freed(['setuptools>=66.1'], { environment: { HAM: '1' } })).toBeUndefined();
});

test('what has nothing to do with the failure is not tried', () => {
  const text = "os.environ.get('HAM_USE_SYSTEM'); os.environ['CFLAGS']; 'HAM_FAST' in os.environ";
  expect(sdistIdeas(failure({ class: 'test-failed', phase: 'test' }), setupPy(text))).toEqual([]);
  expect(sdistIdeas(failure({ class: 'missing-header' }), setupPy(text))).toEqual([]);
});

test('C code that an old Cython generated is generated anew, where the sdist has what it came from', () => {
  const outdated = failure({ class: 'python-too-new' });
  const [idea] = sdistIdeas(outdated, [], ['src/ham.c', 'src/_egg.pyx', 'src/_egg.cpp']);
  expect(idea).toMatchObject({
    edit: { requires: { additions: ['cython'] } },
    why: expect.stringContaining('_egg.cpp'),
  });
  expect(idea?.edit.prepare).toContain('cython');
  expect(sdistIdeas(outdated, [], ['src/ham.c', 'src/_egg.pyx'])).toEqual([]);
  expect(sdistIdeas(failure({ class: 'missing-header' }), [], ['a.c', 'a.pyx'])).toEqual([]);
  const leftOut = failure({ class: 'silent-fallback', line: 'a.c:1: fatal error: longintrepr.h: No such file' });
  expect(sdistIdeas(leftOut, [], ['a.c', 'a.pyx'])).toEqual([idea && { ...idea, why: expect.stringContaining('a.c') }]);
  const header = [{ kind: 'header' as const, name: 'egg.h' }];
  expect(sdistIdeas({ ...leftOut, missing: header }, [], ['a.c', 'a.pyx'])).toEqual([]);
});

test('code that is generated anew finds the declarations beside it', () => {
  const [idea] = sdistIdeas(failure({ class: 'python-too-new' }), [], ['src/egg.c', 'src/egg.pyx']);
  const folder = mkdtempSync(join(tmpdir(), 'wheelwright-anew-'));
  try {
    mkdirSync(join(folder, 'src'));
    writeFileSync(join(folder, 'src/egg.pyx'), '');
    writeFileSync(join(folder, 'src/egg.c'), '/* Generated by Cython 0.29.21 */\n');
    const cython = 'cython() { [ "$1" = --version ] || echo "$@" > called; }\n';
    execFileSync('sh', ['-ec', `${cython}${idea?.edit['prepare']}`], { cwd: folder });
    expect(readFileSync(join(folder, 'called'), 'utf8')).toBe(
      '-2 -X legacy_implicit_noexcept=True -I ./src -o ./src/egg.c ./src/egg.pyx\n',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a variable that names a folder is no switch, whatever else stands in its name', () => {
  const text = "a = os.environ.get('EGG_BUILD_LIBDIR')\nb = os.environ.get('BUILD_EGG_ROOT')\n";
  const failed = failure({ class: 'missing-header', missing: [{ kind: 'header', name: 'egg/egg.h' }] });
  expect(sdistIdeas(failed, setupPy(text))).toEqual([]);
});

test('a copy of pybind11 that is older than Python gives way to that of the index, what was required does not', () => {
  const line =
    'ext/pybind11/include/pybind11/cast.h:446:36: error: invalid use of incomplete type ‘PyFrameObject’ {aka ‘struct _frame’}';
  const paths = ['setup.py', 'ext/pybind11/include/pybind11/pybind11.h'];
  const tooNew = (text: string) => failure({ class: 'python-too-new', line: text });
  const [idea] = sdistIdeas(tooNew(line), [], paths);
  expect(idea?.edit['requires']).toEqual({ additions: ['pybind11<3'] });
  expect(sdistIdeas(tooNew(line), [], ['setup.py'])).toEqual([]);
  expect(sdistIdeas(tooNew(`/build/env/lib/python3.11/site-packages/${line}`), [], paths)).toEqual([]);
  expect(sdistIdeas(tooNew('src/ham.cpp:4:3: error: no such member'), [], paths)).toEqual([]);

  const folder = mkdtempSync(join(tmpdir(), 'wheelwright-bindings-'));
  try {
    const write = (path: string, text: string) => {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), text);
    };
    write('ext/include/pybind11/pybind11.h', 'old\n');
    write('ext/include/pybind11/gone.h', 'old\n');
    write('ext/include/ham.h', 'own\n');
    const headers = mkdtempSync(join(folder, '..', 'wheelwright-headers-'));
    mkdirSync(join(headers, 'pybind11'));
    writeFileSync(join(headers, 'pybind11/pybind11.h'), 'new\n');
    write('pybind11.py', `def get_include(): return ${JSON.stringify(headers)}\n`);
    const script = `python() { python3 "$@"; }\n${idea?.edit['prepare']}`;
    execFileSync('sh', ['-ec', script], { cwd: folder });
    rmSync(headers, { recursive: true });
    expect(readFileSync(join(folder, 'ext/include/pybind11/pybind11.h'), 'utf8')).toBe('new\n');
    expect(existsSync(join(folder, 'ext/include/pybind11/gone.h'))).toBe(false);
    expect(readFileSync(join(folder, 'ext/include/ham.h'), 'utf8')).toBe('own\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
