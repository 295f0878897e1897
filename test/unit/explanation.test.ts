import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Failure } from '../../core/failure.js';
import { withoutShortcuts } from '../../core/sdist-generated.js';
import type { Evidence } from '../../worker/evidence.js';
import { withMissingPackages } from '../../worker/explanation.js';
import { withSdistIdeas } from '../../worker/sdist-evidence.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const signal = new AbortController().signal;
const failure: Failure = {
  class: 'missing-header',
  phase: 'build',
  line: 'ham.c:1:10: fatal error: ham.h: No such file or directory',
  lineNumber: 12,
  cause: 'ham.h is missing.',
  missing: [{ kind: 'header', name: 'ham.h' }],
};
const index = {
  whoHas: async ({ name }) => [{ package: 'libham-dev', path: `usr/include/${name}`, certain: true }],
  hasPackage: async () => true,
  sourcesOf: async () => [],
  rulesOf: async () => '',
} satisfies Evidence['index'];

function ear() {
  const said: string[] = [];
  return { said, say: (text: string) => void said.push(text) };
}

const evidence: Evidence = { recipe: {}, installed: [], log: ear(), signal };

function ideasOf(seen: Failure, readSdist: SdistReader, known?: Evidence['index'], log = ear()) {
  return withSdistIdeas(seen, { ...evidence, readSdist, ...(known && { index: known }), log });
}

type SdistReader = NonNullable<Evidence['readSdist']>;

/** An sdist of empty files. */
function sdistOf(...paths: string[]): SdistReader {
  return async (wanted) => paths.filter(wanted).map((path) => ({ path, text: '' }));
}

test('what was missed becomes a proposal, which the log tells too', async () => {
  const log = ear();
  const explained = await withMissingPackages(failure, { ...evidence, index, log });
  expect(explained.proposal?.edit).toEqual({ system: { apt: ['libham-dev'] } });
  expect(log.said).toEqual(['looking up which package has ham.h', 'proposed: libham-dev has /usr/include/ham.h']);
});

test('a failure is told even when the index cannot be had', async () => {
  const log = ear();
  const away: typeof index = { ...index, whoHas: () => Promise.reject(new Error('no mirror')) };
  expect(await withMissingPackages(failure, { ...evidence, index: away, log })).toEqual(failure);
  expect(log.said.join()).toMatch(/ham\.h.*no mirror/);
  expect(await withMissingPackages(failure, { ...evidence, log })).toEqual(failure);
});

test('an attempt that is broken off stops looking', async () => {
  const ended = new AbortController();
  const slow: typeof index = {
    ...index,
    whoHas: () => {
      ended.abort(new Error('cancelled'));
      return Promise.reject(new Error('aborted'));
    },
  };
  await expect(withMissingPackages(failure, { ...evidence, index: slow, signal: ended.signal })).rejects.toThrow(
    'cancelled',
  );
});

test('a module that the sdist has itself is found, not fetched from elsewhere', async () => {
  const log = ear();
  const missed: Failure = {
    ...failure,
    class: 'build-requirement',
    line: "ModuleNotFoundError: No module named 'ham_build'",
    proposal: { edit: { requires: { additions: ['ham_build'] } }, why: 'it has that name', guess: true },
  };
  const explained = await ideasOf(missed, sdistOf('setup.py', 'ham_build.py'), undefined, log);
  expect(explained.proposal).toMatchObject({ edit: { environment: { PYTHONPATH: '.' } }, guess: true });
  expect(explained.cause).toContain('ham_build.py');
  expect(log.said).toHaveLength(1);
  expect(await ideasOf(missed, sdistOf('setup.py', 'src/ham_build.py'), undefined, log)).toEqual(missed);
});

test('a version that is proposed, and that the sdist bounds out, is proposed without its bounds', async () => {
  const missed: Failure = {
    ...failure,
    class: 'build-requirement',
    line: "AttributeError: module 'pkgutil' has no attribute 'ImpImporter'",
    missing: [],
    proposal: { edit: { requires: { additions: ['setuptools>=66.1'] } }, why: 'It works.', guess: true },
  };
  const text = '[build-system]\nrequires = ["setuptools<64", "cython<3"]\n';
  const explained = await ideasOf(missed, async () => [{ path: 'pyproject.toml', text }]);
  expect(explained.proposal?.edit).toEqual({
    requires: { replace: true, additions: ['cython', 'setuptools>=66.1'] },
  });
  expect(explained.ideas).toBeUndefined();
});

test('a C file that is not there can be made from Cython code that is, and else by nothing', async () => {
  const missed: Failure = {
    ...failure,
    class: 'build-requirement',
    line: 'cc1: fatal error: src/ham/egg.c: No such file or directory',
    missing: [],
    proposal: { edit: { requires: { additions: ['cython'] } }, why: 'it may make it', guess: true },
  };
  const seen = (...paths: string[]) => ideasOf(missed, sdistOf(...paths));
  expect((await seen('setup.py', 'src/ham/egg.pyx')).proposal?.why).toContain('src/ham/egg.pyx');
  expect(await seen('setup.py', 'src/ham/egg.c.in')).toEqual(missed);
  const lost = await seen('setup.py', 'src/ham/spam.pyx');
  expect(lost).toMatchObject({ class: 'bad-sdist', line: missed.line });
  expect(lost.proposal).toBeUndefined();
});

test('declarations that lie beside the Cython code that takes them are found, not fetched from elsewhere', async () => {
  const missed: Failure = {
    ...failure,
    class: 'build-requirement',
    line: "ham/_ham.pyx:15:0: 'egg.pxd' not found",
    proposal: { edit: { requires: { additions: ['egg'] } }, why: 'it has that name', guess: true },
  };
  const explained = await ideasOf(missed, sdistOf('ham/_ham.pyx', 'ham/egg.pxd'));
  expect(explained.proposal?.edit['prepare']).toContain('language_level=2');
  expect(await ideasOf(missed, sdistOf('ham/_ham.pyx', 'egg/egg.pxd'))).toEqual(missed);
});

test('a wheel that cannot be repaired goes without what the sdist brings compiled', async () => {
  const refused: Failure = {
    ...failure,
    class: 'repair-refused',
    phase: 'repair',
    line: 'auditwheel: error: too-recent versioned symbols',
  };
  const brings = sdistOf('ham/_ham.c', 'ham/_ham.cpython-314-x86_64-linux-gnu.so');
  const explained = await ideasOf(refused, brings, index);
  expect(explained.proposal).toMatchObject({ edit: { prepare: expect.stringContaining('-delete') }, guess: true });
  expect(await ideasOf(refused, sdistOf('ham/_ham.c', 'ham/libham.so'), index)).toEqual(refused);
});

test("where a library's program is missed, the headers of that library which the sources include come with it, and no others", async () => {
  const owners: Record<string, string> = { 'ham.h': 'libham-dev', 'egg.h': 'libegg-dev' };
  const known: typeof index = {
    ...index,
    whoHas: async ({ name }) => [{ package: owners[name] ?? '', path: `usr/include/${name}`, certain: true }],
  };
  const missed: Failure = {
    ...failure,
    class: 'missing-tool',
    line: 'ham executable not found',
    missing: [{ kind: 'tool', name: 'ham' }],
    proposal: { edit: { system: { apt: ['ham-bin'] } }, why: 'ham-bin has /usr/bin/ham' },
  };
  const sdist = (text: string) => async (wanted: (path: string) => boolean) =>
    [{ path: 'src/a.pyx', text }].filter(({ path }) => wanted(path));
  const both = await ideasOf(
    missed,
    sdist('cdef extern from "egg.h":\n    pass\ncdef extern from "ham.h":\n    pass\n'),
    known,
  );
  expect(both.proposal).toEqual({
    edit: { system: { apt: ['ham-bin', 'libham-dev'] } },
    why: 'ham-bin has /usr/bin/ham; libham-dev has /usr/include/ham.h, which the sources include',
  });
  expect(await ideasOf(missed, sdist('cdef extern from "egg.h":'), known)).toEqual(missed);
});

test('in place of a download, the package and the switch that asks for it are proposed before the package alone', async () => {
  const proposal = { edit: { system: { apt: ['libham-dev'] } }, why: 'it has it', guess: true as const };
  const wants: Failure = {
    ...failure,
    class: 'network-needed',
    line: 'urlopen error https://upstream.example/ham-1.0.tar.gz',
    proposal,
  };
  const sdist = (text: string) => async () => [{ path: 'setup.py', text }];
  const log = ear();
  const explained = await ideasOf(wants, sdist("os.getenv('USE_SYSTEM_HAM')"), undefined, log);
  expect(explained.proposal?.edit).toEqual({ ...proposal.edit, environment: { USE_SYSTEM_HAM: '1' } });
  expect(explained.ideas).toEqual([proposal]);
  expect(log.said).toEqual([`proposed: ${explained.proposal?.why}`]);
  expect(await ideasOf(wants, sdist(''))).toEqual(wants);
});

test('code that was generated from Cython code of the sdist is generated anew before it is rewritten, other code is not', async () => {
  const proposal = { edit: { prepare: 'rewrite\n' }, why: 'it has a successor', guess: true as const };
  const failed = (file: string): Failure => ({
    ...failure,
    class: 'python-too-new',
    line: `${file}:9:3: error: too few arguments to function ‘_PyLong_AsByteArray’`,
    missing: [],
    proposal,
  });
  const sdist = async (wanted: (path: string) => boolean) =>
    ['ham/_egg.c', 'ham/_egg.pyx', 'ham/spam.c'].filter(wanted).map((path) => ({ path, text: '' }));
  const generated = await ideasOf(failed('ham/_egg.c'), sdist);
  expect(generated.proposal?.edit).toMatchObject({ requires: { additions: ['cython'] } });
  expect(generated.ideas).toEqual([proposal]);
  const written = await ideasOf(failed('ham/spam.c'), sdist);
  expect(written.proposal).toEqual(proposal);
  // What the build generates itself no script before it can rewrite, but another Cython makes it otherwise.
  const text = '[build-system]\nrequires = ["setuptools", "cython<3"]\n';
  const pinning = async (wanted: (path: string) => boolean) =>
    ['pyproject.toml', 'src/ham/_egg.pyx'].filter(wanted).map((path) => ({ path, text }));
  for (const file of ['/build/src/src/ham/_egg.c', 'src/ham/_egg.cpython-313.so.p/src/ham/_egg.pyx.c']) {
    const made = await ideasOf(failed(file), pinning);
    expect(made.proposal?.edit).toEqual({ requires: { replace: true, additions: ['setuptools', 'cython'] } });
  }
});

test('C code of Cython 0.29 keeps to the C API where it is told to; the code of others, and of a later Cython, is left alone', async () => {
  const failed: Failure = {
    ...failure,
    class: 'python-too-new',
    line: 'ham/_egg.c:4:3: error: ‘PyThreadState’ {aka ‘struct _ts’} has no member named ‘curexc_traceback’',
    missing: [],
  };
  const sdist = (text: string) => async (wanted: (path: string) => boolean) =>
    [{ path: 'src/ham/_egg.c', text }].filter(({ path }) => wanted(path));
  const code = [
    '/* Generated by Cython 0.29.32 */',
    '        PyObject* tmp_tb = tstate->curexc_traceback;',
    '        if (tb != tmp_tb) {',
    '            tstate->curexc_traceback = tb;',
    '        }',
    '    tstate->curexc_traceback = tb;',
    '    if ((size_t)basicsize < size) {',
    '    _PyLong_AsByteArray(a, b, 8, 1, 0);',
    '',
  ].join('\n');
  const { ideas = [] } = await ideasOf(failed, sdist(code));
  expect(ideas).toHaveLength(1);
  expect(ideas[0]?.edit['environment']).toEqual({
    CPPFLAGS: expect.stringMatching(/^-DCYTHON_FAST_THREAD_STATE=0 -DCYTHON_USE_PYLONG_INTERNALS=0 /),
  });
  for (const other of [code.replace('Cython 0.29.32', 'Cython 3.0.2'), 'int a;\n'])
    expect((await ideasOf(failed, sdist(other))).ideas).toBeUndefined();

  // Too long to be read is what nobody wrote.
  const long = async (wanted: (path: string) => boolean) => {
    wanted('src/ham/_egg.c');
    return [];
  };
  expect((await ideasOf(failed, long)).ideas).toEqual(ideas);

  // The rewriting of code in general is a part of it.
  const prepare = String(ideas[0]?.edit['prepare']).split('\n').slice(-3).join('\n');
  const proposal = { edit: { prepare }, why: 'it has a successor', guess: true as const };
  expect(await ideasOf({ ...failed, proposal }, sdist(code))).toMatchObject({ proposal: ideas[0], ideas: [proposal] });

  const folder = temporaryFolder();
  writeFileSync(join(folder, 'egg.c'), code);
  const rewritten = () => {
    execFileSync('sh', ['-ec', String(ideas[0]?.edit['prepare'])], { cwd: folder });
    return readFileSync(join(folder, 'egg.c'), 'utf8');
  };
  const once = rewritten();
  expect(once.split('\n').slice(-9)).toEqual([
    '/* Generated by Cython 0.29.32 */',
    '        PyObject *tmp_tb = tb; PyException_SetTraceback(value, tb); PyErr_SetObject(type, value);',
    '        if (tb != tmp_tb) {',
    '            (void) tstate;',
    '        }',
    '    tstate->curexc_traceback = tb;',
    '    if ((size_t)basicsize + (((PyTypeObject *)result)->tp_itemsize ? sizeof(void *) : 0) < size) {',
    '    LONG_AS_BYTES(a, b, 8, 1, 0);',
    '',
  ]);
  expect(rewritten()).toBe(once);
});

test('C code of Cython 0.29 does without frames, generators and code objects as they were before Python 3.11 and later ones', () => {
  const failed: Failure = { ...failure, class: 'python-too-new', line: 'egg.c:4:3: error: too few arguments' };
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'Python.h'), '');
  writeFileSync(
    join(folder, 'egg.c'),
    `/* Generated by Cython 0.29.21 */
#include "Python.h"
  #define __Pyx_PyFrame_SetLineNumber(frame, lineno)  (frame)->f_lineno = (lineno)
start __Pyx_PyFrame_SetLineNumber(py_frame, py_line);
#if CYTHON_COMPILING_IN_PYPY || CYTHON_COMPILING_IN_PYSTON
#else
f->f_back = tstate->frame;
#endif
if (PyGen_CheckExact(obj) && ((PyGenObject*)obj)->gi_code && ((PyCodeObject *)((PyGenObject*)obj)->gi_code)->co_flags & CO_ITERABLE_COROUTINE) {
PyCode_New(1, 0, 8, 0, CO_VARARGS, bytes, none, none, names, none, none, file, name, 43, bytes);
_PyGen_Send(yf, NULL);
_PyErr_FormatFromCause(PyExc_RuntimeError, text);
`,
  );
  const { edit } = withoutShortcuts(failed, [], ['egg.c']) ?? {};
  execFileSync('sh', ['-ec', String(edit?.['prepare'])], { cwd: folder });
  const on = (version: string) => {
    const flags = ['-E', '-P', `-DPY_VERSION_HEX=${version}`, '-I.', '-DNULL=0'];
    const read = execFileSync('cc', [...flags, 'egg.c'], { cwd: folder, encoding: 'utf8' });
    return read.slice(read.indexOf('start ')).trimEnd().split('\n');
  };
  const generator = 'if (PyGen_CheckExact(obj) && ((PyCodeObject *) ((PyGenObject *) (obj))->gi_code)->co_flags';
  expect(on('0x03090000')).toEqual([
    'start ((void) (py_line));',
    'f->f_back = tstate->frame;',
    `${generator} & CO_ITERABLE_COROUTINE) {`,
    'PyCode_New(1, 0, 8, 0, CO_VARARGS, bytes, none, none, names, none, none, file, name, 43, bytes);',
    '_PyGen_Send(yf, 0);',
    '_PyErr_FormatFromCause(PyExc_RuntimeError, text);',
  ]);
  expect(on('0x030D0000')).toEqual([
    'start ((void) (py_line));',
    'if (PyGen_CheckExact(obj) && flags_of((PyObject *) (obj)) & CO_ITERABLE_COROUTINE) {',
    'code_named(1, 0, CO_VARARGS, names, file, name, 43);',
    'sent_to((PyObject *) (yf), 0);',
    'PyErr_Format(PyExc_RuntimeError, text);',
  ]);
});

test('what a script includes that cffi builds from is what the project needs, wherever the script lies', async () => {
  const missed: Failure = {
    ...failure,
    class: 'missing-library',
    line: 'RuntimeError: Require ham-api to be installed',
    missing: [{ kind: 'cmake', name: 'ham-api', loose: true }],
  };
  const known: typeof index = {
    ...index,
    whoHas: async ({ kind }) =>
      kind === 'header' ? [{ package: 'libham-dev', path: 'usr/include/ham/ham.h', certain: true }] : [],
  };
  const sdist = (path: string) => async (wanted: (path: string) => boolean) =>
    [{ path, text: 'ffi.set_source("_ham", """\n    #include <ham/ham.h>\n""")\n' }].filter((each) =>
      wanted(each.path),
    );
  const built = await ideasOf(missed, sdist('scripts/ham_build.py'), known);
  expect(built.ideas).toMatchObject([{ edit: { system: { apt: ['libham-dev'] } }, guess: true }]);
  expect(await ideasOf(missed, sdist('scripts/rebuilder.py'), known)).toEqual(missed);
});
