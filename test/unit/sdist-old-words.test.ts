import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isOldWord, withOtherOldWords } from '../../core/sdist-old-words.js';
import { diagnoseText } from '../support/diagnose-text.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const failed = (line: string) => diagnoseText(`(python 3.13)\n${line}`, { phase: 'build' });
const setupPy = {
  path: 'setup.py',
  text: "import pkg_resources\nfrom setuptools import setup\nsetup(name='ham', use_2to3=True, py_modules=['ham'])\n",
};
const source = { path: 'src/ham.c', text: '    Py_TYPE(&ham) = &PyType_Type;\n' };

test('what else of older times an sdist has is settled together with what ended the build', () => {
  const failure = failed('error in ham setup command: use_2to3 is invalid.');
  expect(isOldWord(failure)).toBe(true);
  const { proposal } = withOtherOldWords(failure, [setupPy, source]);
  expect(proposal).toMatchObject({ edit: { requires: { constraints: ['setuptools<81'] } }, guess: true });
  expect(proposal?.why).toContain('src/ham.c has Py_TYPE(&ham) = & as well');

  const folder = temporaryFolder();
  writeFileSync(join(folder, 'setup.py'), setupPy.text);
  writeFileSync(join(folder, 'ham.c'), source.text);
  execFileSync('sh', ['-ec', String(proposal?.edit['prepare'])], { cwd: folder });
  expect(readFileSync(join(folder, 'setup.py'), 'utf8')).not.toContain('use_2to3');
  expect(readFileSync(join(folder, 'ham.c'), 'utf8')).toBe('    Py_SET_TYPE(&ham, &PyType_Type);\n');
});

test('from Python 3.13 on, for which Cython 0.29 is too old, a setup script gets its command in Cython 3', () => {
  const line = "AttributeError: 'build_ext' object has no attribute 'cython_sources'";
  const failure = failed(line);
  expect(isOldWord(failure)).toBe(true);
  expect(diagnoseText(`(python 3.11)\n${line}`).proposal?.edit).toEqual({ requires: { constraints: ['cython<3'] } });
  const folder = temporaryFolder();
  const script =
    '#!/usr/bin/env python\n"""Ham."""\nfrom __future__ import division\nfrom Cython.Distutils import build_ext\nprint(build_ext.kind)\n';
  writeFileSync(join(folder, 'setup.py'), script);
  execFileSync('sh', ['-ec', String(failure.proposal?.edit['prepare'])], { cwd: folder });
  mkdirSync(join(folder, 'Cython/Distutils'), { recursive: true });
  writeFileSync(join(folder, 'Cython/__init__.py'), '');
  writeFileSync(join(folder, 'Cython/Distutils/__init__.py'), 'class build_ext: kind = "new"\n');
  writeFileSync(join(folder, 'Cython/Distutils/old_build_ext.py'), 'class old_build_ext: kind = "old"\n');
  expect(execFileSync('python3', ['setup.py'], { cwd: folder, encoding: 'utf8' })).toBe('old\n');
});

test('a version that a setup script executes is read from where exec() puts it', () => {
  const failure = failed("KeyError: '__version__'");
  expect(isOldWord(failure)).toBe(true);
  const folder = temporaryFolder();
  const script = `def version():
    with open("ham.py") as file:
        exec(compile(file.read(), "ham.py", "exec"))
    return locals()["__version__"]
def other():
    found = {}
    exec(open("ham.py").read(), found)
    return found["__version__"]
print(version(), other())
`;
  writeFileSync(join(folder, 'setup.py'), script);
  writeFileSync(join(folder, 'ham.py'), '__version__ = "1.0"\n');
  execFileSync('sh', ['-ec', String(failure.proposal?.edit['prepare'])], { cwd: folder });
  expect(execFileSync('python3', ['setup.py'], { cwd: folder, encoding: 'utf8' })).toBe('1.0 1.0\n');
  expect(readFileSync(join(folder, 'setup.py'), 'utf8')).toContain(
    'exec(compile(file.read(), "ham.py", "exec"), defined)',
  );
  const others = withOtherOldWords(failed('error in ham setup command: use_2to3 is invalid.'), [
    { path: 'setup.py', text: script },
  ]);
  expect(others.proposal?.why).toContain('exec(');
});

test('what Python 3.13 changed counts as old, whichever Python the recipe is for', () => {
  const failure = failed("ModuleNotFoundError: No module named 'pkg_resources'");
  const generated = { path: 'src/ham.c', text: '  _PyLong_AsByteArray((PyLongObject *)v, bytes, 4, 1, 1);\n' };
  expect(withOtherOldWords(failure, [generated]).proposal?.why).toContain('src/ham.c has _PyLong_AsByteArray as well');
});

test('functions of Cython code that C calls raise no exceptions, but where the code says what it means', () => {
  const failure = failed("ModuleNotFoundError: No module named 'pkg_resources'");
  const cython = { path: 'ham/_log.pyx', text: 'cdef void log_ham(\n    int level) nogil:\n    pass\n' };
  expect(withOtherOldWords(failure, [cython]).proposal?.edit).toEqual({
    requires: { constraints: ['setuptools<81'] },
    prepare: expect.stringContaining('legacy_implicit_noexcept=True'),
  });
  const newer = { ...cython, text: `${cython.text}cdef void log_egg(int level) noexcept nogil:\n    pass\n` };
  expect(withOtherOldWords(failure, [newer])).toEqual(failure);
});

test('nothing is added where the sdist has no more of them, or the failure is about something else', () => {
  const alone = failed('error in ham setup command: use_2to3 is invalid.');
  const modern = { path: 'ham.c', text: 'if (Py_TYPE(self) == &Ham) Py_SET_SIZE(self, 1);\n' };
  expect(withOtherOldWords(alone, [{ ...setupPy, text: 'setup(use_2to3=True)' }, modern])).toEqual(alone);
  const other = failed('src/ham.c:1:10: fatal error: ham.h: No such file or directory');
  expect(isOldWord(other)).toBe(false);
  expect(withOtherOldWords(other, [setupPy, source])).toEqual(other);
});
