import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createDiagnosis } from '../../core/diagnosis/diagnosis.js';
import { cleanLine, LineCutter, MAX_LINE_LENGTH, withoutCarrier } from '../../core/diagnosis/log-line.js';
import { diagnoseText } from '../support/diagnose-text.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const MISSING_HEADER = 'src/x.c:1:10: fatal error: foo.h: No such file or directory';

describe('which line decides', () => {
  test('the earliest of the weightiest, not the last that looks like an error', () => {
    const failure = diagnoseText(
      [
        MISSING_HEADER,
        'compilation terminated.',
        "error: command 'gcc' failed with exit code 1",
        'ValueError: later',
      ].join('\n'),
    );
    expect(failure).toMatchObject({
      class: 'missing-header',
      lineNumber: 1,
      missing: [{ kind: 'header', name: 'foo.h' }],
    });
  });

  test('a library that is too old, in place of which a copy is downloaded; other downloads are about something else', () => {
    const log = (url: string) =>
      [
        "-- Checking for module 'libham>=0.6.0'",
        "--   Requested 'libham >= 0.6.0' but version of libham is 0.1",
        `error: downloading '${url}' failed`,
      ].join('\n');
    const failure = diagnoseText(log('https://forge.example/spam/ham/archive/0.6.0.tar.gz'));
    expect(failure).toMatchObject({ class: 'library-too-old', lineNumber: 2 });
    expect(failure.line).toContain('0.6.0');
    expect(diagnoseText(log('https://forge.example/spam/egg/archive/0.6.0.tar.gz'))).toMatchObject({
      class: 'network-needed',
      lineNumber: 3,
    });
    const other = diagnoseText(log('').replace(/error.*/, MISSING_HEADER));
    expect(other.class).toBe('missing-header');
  });

  test.each([
    ["Requested 'libegg >= 1.7' but version of libegg is 1.1.0", 'library-too-old'],
    ['Exception in thread "main" java.net.UnknownHostException: forge.example', 'network-needed'],
    [
      "ImportError: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by /x.so)",
      'missing-in-clean-image',
    ],
    ['error: linker `cc` not found', 'toolchain-missing'],
    ["config.status: error: cannot find input file: `po/Makefile.in.in'", 'bad-sdist'],
    ["cp: cannot stat 'third_party/egg': No such file or directory", 'bad-sdist'],
    ["make: *** No rule to make target 'vendor/egg/Makefile.am', needed by 'all'.  Stop.", 'bad-sdist'],
    [
      'x.c:1:2: error: #error Do not use this file, it is the result of a failed Cython compilation.',
      'build-requirement',
    ],
    ['RuntimeError: The Poetry configuration is invalid:', 'build-requirement'],
    [
      'ValueError: Unable to determine which files to ship inside the wheel using the following heuristics',
      'build-requirement',
    ],
    ["AttributeError: install_layout. Did you mean: 'install_platlib'?", 'build-requirement'],
    ["RuntimeError: Building egg requires LLVM 15.x.x, got '11.0.1'. Be sure to set LLVM_CONFIG", 'library-too-old'],
    ['ImportError: failed to find libegg.  Check your installation', 'missing-in-clean-image'],
    ["cc1: error: bad value ('sapphirerapids') for '-march=' switch", 'cpu-bound'],
    ["Builder: Unable to find a usable 'eggmake'; specify a working 'eggmake' or add it to PATH", 'missing-tool'],
  ])('%s: %s', (line, expected) => {
    const failure = diagnoseText(`running build_ext\n${line}\nerror: command failed\n`);
    expect(failure).toMatchObject({ class: expected, lineNumber: 2 });
  });

  test('what CMake does not find: names with a hyphen, and bindings, which are Python packages', () => {
    const log = (name: string) =>
      `CMake Error at x.cmake:230 (message):\n  Could NOT find ${name} (missing: ${name}_DIR)\n\n`;
    expect(diagnoseText(log('c-egg')).missing).toEqual([{ kind: 'cmake', name: 'c-egg' }]);
    expect(diagnoseText(log('pybind11')).proposal?.edit).toEqual({ requires: { additions: ['pybind11'] } });
  });

  test("a program that only Debian's alternatives name is looked for by the file behind it", () => {
    expect(diagnoseText('make: yacc: No such file or directory\n').missing).toEqual([
      { kind: 'tool', name: 'bison.yacc' },
    ]);
  });

  test('calls that only older gfortran took get the flag that takes them', () => {
    const failure = diagnoseText("Error: Type mismatch in argument 'dx' at (1); passed REAL(4) to REAL(8)\n");
    expect(failure).toMatchObject({ class: 'compile-error', proposal: { guess: true } });
    expect(failure.proposal?.edit).toEqual({ environment: { FFLAGS: '-fallow-argument-mismatch' } });
  });

  test('a folder that an sdist lacks, and a package that CMake finds in another version, are told over several lines', () => {
    const lacking = [
      'CMake Error at CMakeLists.txt:18 (add_subdirectory):',
      '  The source directory',
      '',
      '    /src/extern/egg',
      '',
      '  does not contain a CMakeLists.txt file.',
      '',
    ];
    expect(diagnoseText(lacking.join('\n')).class).toBe('bad-sdist');
    const other = [
      'CMake Error at CMakeLists.txt:9 (find_package):',
      '  Could not find a configuration file for package "Egg" that is compatible',
      '  with requested version "4.8".',
      '',
    ];
    const compiler = [
      'CMake Error at CMakeLists.txt:12 (message):',
      '  GCC 12 or newer is required to build this project, found 10.2.1',
      '',
    ];
    expect(diagnoseText(compiler.join('\n')).class).toBe('toolchain-missing');
    expect(diagnoseText(other.join('\n'))).toMatchObject({
      class: 'library-too-old',
      cause: expect.stringContaining('4.8'),
    });
  });

  test('what pip passed over for the sake of the Python does not hide the build requirement that it did not find', () => {
    const log = [
      '  Installing build dependencies: started',
      '      ERROR: Ignored the following versions that require a different python version: 1.21.2 Requires-Python >=3.7,<3.11',
      '      ERROR: Could not find a version that satisfies the requirement egg==1.21.3 (from versions: 1.26.0, 2.0.0)',
      '      ERROR: No matching distribution found for egg==1.21.3',
    ];
    expect(diagnoseText(log.join('\n'))).toMatchObject({ class: 'build-requirement', lineNumber: 3 });
  });

  test('what the build survived does not decide', () => {
    const failure = diagnoseText(
      [
        MISSING_HEADER,
        'compilation terminated.',
        "building 'other' extension",
        'src/y.c:7:1: error: unknown type name ‘bar’',
      ].join('\n'),
    );
    expect(failure).toMatchObject({ class: 'compile-error', lineNumber: 4 });
    expect(failure.missing).toBeUndefined();
  });

  test.each([
    '_configtest.c:1:10: fatal error: foo.h: No such file or directory',
    'conftest.c:9:10: fatal error: foo.h: No such file or directory',
    '/tmp/x/CMakeFiles/CMakeTmp/src.c:1:10: fatal error: foo.h: No such file or directory',
    '-- Could NOT find Foo (missing: FOO_LIBRARY)',
    'Run-time dependency foo found: NO (tried pkgconfig and cmake)',
    'checking for foo.h... no',
  ])('a probe that went on does not decide: %s', (probe) => {
    expect(diagnoseText(`${probe}\n${'ok\n'.repeat(3)}RuntimeError: the reason`)).toMatchObject({
      class: 'unknown',
      line: 'RuntimeError: the reason',
    });
  });

  test('a step of pip that was done takes its errors with it', () => {
    const failure = diagnoseText(
      `${MISSING_HEADER}\n  Preparing metadata (pyproject.toml): finished with status 'done'\nOSError: other`,
    );
    expect(failure).toMatchObject({ class: 'unknown', line: 'OSError: other' });
  });

  test('of a chain of exceptions the last that says as much', () => {
    const failure = diagnoseText(
      [
        'Traceback (most recent call last):',
        "FileNotFoundError: [Errno 2] No such file or directory: 'foo-config'",
        'During handling of the above exception, another exception occurred:',
        'Traceback (most recent call last):',
        "ConfigError: Could not run foo-config: [Errno 2] No such file or directory: 'foo-config'",
      ].join('\n'),
    );
    expect(failure).toMatchObject({
      class: 'missing-tool',
      lineNumber: 5,
      missing: [{ kind: 'tool', name: 'foo-config' }],
    });
  });

  test('where no rule knows what Maven says, its own words are shown', () => {
    const failure = diagnoseText(
      '[INFO] BUILD FAILURE\n[ERROR] The goal you specified makes no sense\n[INFO] Total time',
    );
    expect(failure).toMatchObject({ class: 'unknown', line: '[ERROR] The goal you specified makes no sense' });
  });

  test('a fatal CMake error decides, the same words in a note do not', () => {
    const failure = diagnoseText(
      [
        '-- Could NOT find Bar (missing: BAR_DIR)',
        'CMake Error at x.cmake:1 (message):',
        '  Could NOT find Foo (missing: FOO_DIR)',
        'Call Stack:',
      ].join('\n'),
    );
    expect(failure).toMatchObject({
      class: 'missing-library',
      lineNumber: 3,
      missing: [{ kind: 'cmake', name: 'Foo' }],
    });
  });

  test('a setup script says in many words what it misses', () => {
    const told = (line: string) => diagnoseText(line).missing;
    expect(told("RuntimeError: The 'ham' command appears not to be installed or is not executable.")).toMatchObject([
      { kind: 'tool', name: 'ham' },
    ]);
    expect(told('RuntimeError: Could not configure working env. Have you installed Ham?')).toMatchObject([
      { name: 'Ham' },
    ]);
    expect(told('MISSING DEPENDENCY: ham library not found, please install it to continue')).toMatchObject([
      { name: 'ham' },
    ]);
    expect(told('RuntimeError: Cannot proceed without the ham4 library.')).toMatchObject([{ name: 'ham4' }]);
    expect(told('meson.build:1:0: ERROR: Ham program not found, and it is needed.')).toEqual([
      { kind: 'tool', name: 'ham' },
    ]);
    expect(told('Unable to run "ham2-config". Please make sure a development version of HAM is installed.')).toEqual([
      { kind: 'tool', name: 'ham2-config' },
    ]);
    for (const mpi of [
      "error: Cannot find 'mpicc' executable",
      "error: command 'mpicxx' failed: No such file or directory",
    ])
      expect(told(mpi)).toMatchObject([{ kind: 'cmake', name: 'MPI' }]);
    for (const nothing of [
      'OSError: pkg-config was not able to find any of the requested packages. Make sure pkg-config can discover them',
      'error: Cannot find pkg-config dependencies:',
      "RuntimeError: Couldn't find lib dependency",
      'ERROR: HAM_LIBDIR dir not found. Please set HAM_LIBDIR.',
      "package, please make sure that 'ham.egg' is explicitly added",
    ]) {
      expect(told(nothing), nothing).toBeUndefined();
    }
  });

  test.each([
    ['AttributeError: cython_sources', 'build-requirement', 'cython<3'],
    ['RuntimeError: Building ham requires Cython >= 0.29', 'build-requirement', 'cython'],
    ['SystemExit: error: Python 3.13 is not supported; use 3.6 to 3.9', 'python-too-new', ''],
    ["AttributeError: fcompiler. Did you mean: 'compiler'?", 'build-requirement', 'setuptools<60'],
    ['gcc: error: src/ham.c: No such file or directory', 'build-requirement', 'cython'],
    ["ham/_egg.pxd:2:8: 'numpy.pxd' not found", 'build-requirement', '["numpy"]'],
    ["ham/_egg.pyx:2:8: 'ham/spam.pxd' not found", 'build-requirement', 'cython<3'],
    ["ham/_egg.pyx:12:0: 'uint64_t' redeclared ", 'build-requirement', 'cython<3'],
    // numpy is there, but another one.
    ["ham/_egg.pyx:2:8: 'numpy/NPY_EGG.pxd' not found", 'build-requirement', 'cython<3'],
    ['cc1plus: fatal error: ham/_egg.cpp: No such file or directory', 'build-requirement', 'cython'],
    ['g++: error: /usr/lib/x86_64-linux-gnu/libegg.a: No such file or directory', 'missing-library', '"name":"egg"'],
    ['src/x.c:9:5: error: ‘y’ is deprecated [-Werror=deprecated-declarations]', 'compile-error', '-Wno-error=deprec'],
    ["FileNotFoundError: [Errno 2] No such file or directory: '/build/src/VERSION'", 'bad-sdist', ''],
    ["error: package directory 'src/ham' does not exist", 'bad-sdist', ''],
    ["error: can't copy 'ham/data.bin': doesn't exist or not a regular file", 'bad-sdist', ''],
    ["ModuleNotFoundError: No module named 'sipbuild'", 'build-requirement', 'sip'],
    ['CMake Error: CMAKE_ASM_NASM_COMPILER not set, after EnableLanguage', 'missing-tool', 'nasm'],
    ['CMake Error: CMAKE_Java_COMPILER\n  No CMAKE_Java_COMPILER could be found.', 'toolchain-missing', 'java'],
    ['ham.cpp:1:5: error: ‘numeric_limits’ is not a member of ‘std’', 'compile-error', ''],
    [
      'error: ham in API mode cannot be built without Egg in the PATH or EGG_HOME defined.',
      'missing-tool',
      '"name":"egg"',
    ],
    ["RuntimeError: The tool 'eggc' is not on PATH", 'missing-tool', '"tool","name":"eggc"'],
    ['RuntimeError: EGG (egg-config) not found', 'missing-tool', '"tool","name":"egg-config"'],
    ['DistutilsError: Could not find libegg headers (egg.h)', 'missing-header', '"header","name":"egg.h"'],
    ['configure: error: *** EGG >= 2.32 is required', 'missing-library', '"name":"EGG"'],
    ['error: could not find library containing: eggs eggRead', 'unknown', ''],
    ['m.build:3:0: ERROR: Git program not found, cannot download egg.wrap via git.', 'network-needed', '"name":"egg"'],
    [
      "ERROR: Package 'egg/3.6' not resolved: Max retries exceeded\n1. Make sure the remote is reachable or,",
      'network-needed',
      '',
    ],
    [
      'ham.h:8:29: error: static assertion failed: Version of Egg is too old. Please upgrade to a version >= 0.8 and then',
      'library-too-old',
      '',
    ],
    ['ham.h:8:29: error: static assertion failed: bool must be 1 byte', 'compile-error', ''],
    ['ham.cpp:1:5: error: ‘bit_cast’ is not a member of ‘std’', 'toolchain-missing', ''],
    ['ham.cpp:1:8: error: expected nested-name-specifier before ‘enum’', 'toolchain-missing', ''],
    [
      'CMake Error at CMakeLists.txt:2 (add_subdirectory):\n  add_subdirectory given source "ext/ham" which is not an existing directory.',
      'bad-sdist',
      '',
    ],
  ])('%s', (line, expected, named) => {
    const failure = diagnoseText(line);
    expect(failure.class).toBe(expected);
    expect(JSON.stringify([failure.missing, failure.proposal?.edit])).toContain(named);
  });

  test.each([
    ['ValueError: Require to set EGG2_XML_PATH for a wheel build.', 'EGG2_XML_PATH'],
    ['RuntimeError: environment variable EGG_INST must be set', 'EGG_INST'],
    ["KeyError: 'EGG_DIR'", 'EGG_DIR'],
  ])('a variable that a build wants is named: %s', (line, name) => {
    expect(diagnoseText(line).cause).toContain(`the environment variable ${name}, `);
    expect(diagnoseText(line.toLowerCase()).cause).not.toContain('environment variable egg');
  });

  test('a table that older versions of setuptools passed over goes, and they found no packages by themselves', () => {
    const mended = (line: string, pyproject: string) => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'pyproject.toml'), pyproject);
      const { proposal } = diagnoseText(line);
      execFileSync('sh', ['-ec', String(proposal?.edit['prepare'])], { cwd: folder });
      return readFileSync(join(folder, 'pyproject.toml'), 'utf8');
    };
    const unnamed = "configuration error: `project` must contain ['version'] properties";
    const rest = '[build-system]\nrequires = ["setuptools"]\n';
    const tables = '[project]\nname = "ham"\n[project.urls]\na = "b"\n';
    expect(mended(unnamed, `${tables}${rest}[tool.egg]\nproject = 1\n`)).toBe(`${rest}[tool.egg]\nproject = 1\n`);
    const flat = "error: Multiple top-level packages discovered in a flat-layout: ['a', 'b'].";
    expect(mended(flat, rest)).toBe(`${rest}\n[tool.setuptools]\npy-modules = []\n`);
    expect(mended(flat, '[tool.setuptools]\n')).toBe('[tool.setuptools]\n');
  });

  test('setup scripts older than Python 3.12 get the names that configparser has kept', () => {
    const failure = diagnoseText(
      "AttributeError: module 'configparser' has no attribute 'SafeConfigParser'. Did you mean: 'RawConfigParser'?",
    );
    expect(failure.class).toBe('python-too-new');
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'versioneer.py'), 'p = configparser.SafeConfigParser()\np.readfp(f)\nreadfp(g)\n');
    execFileSync('sh', ['-ec', String(failure.proposal?.edit['prepare'])], { cwd: folder });
    expect(readFileSync(join(folder, 'versioneer.py'), 'utf8')).toBe(
      'p = configparser.ConfigParser()\np.read_file(f)\nreadfp(g)\n',
    );
  });

  test.each([
    ["OSError: cannot load library 'libham-2.0-0': libham-2.0-0: cannot open shared object file", 'libham-2.0.so.0'],
    ['OSError: Failed to load library libham.so.0 - libham.so.0: cannot open shared object file', 'libham.so.0'],
    ['OSError: could not find or load libham_c.so', 'libham_c.so'],
    ['ImportError: Ham shared library not found.', 'libham'],
  ])('what a wheel loads by itself: %s', (line, name) => {
    expect(diagnoseText(line, { phase: 'test' })).toMatchObject({
      class: 'missing-in-clean-image',
      missing: [{ name }],
    });
  });

  test.each([
    ['Could NOT find HAM (missing: HAM_EXECUTABLE)', 'missing-tool', [{ kind: 'tool', name: 'ham' }]],
    ['Could NOT find Ham (missing: HAM_EXECUTABLE HAM_LIBRARY)', 'missing-library', [{ kind: 'cmake', name: 'Ham' }]],
    [
      'Could NOT find Boost (missing: Boost_INCLUDE_DIR program_options system)',
      'missing-library',
      [
        { kind: 'library', name: 'boost_program_options' },
        { kind: 'library', name: 'boost_system' },
      ],
    ],
    ['Could NOT find Boost (missing: Boost_INCLUDE_DIR)', 'missing-library', [{ kind: 'cmake', name: 'Boost' }]],
  ])('the variables that a CMake module lacks say what it looked for: %s', (line, expected, missing) => {
    const failure = diagnoseText(`CMake Error at FindPackageHandleStandardArgs.cmake:165 (message):\n  ${line}\n`);
    expect(failure).toMatchObject({ class: expected, missing });
  });

  test('a project whose name ends in -python speaks of its library, not of the interpreter', () => {
    const told = (text: string) => diagnoseText(`ham.h:6:2: error: #error "${text}"`).class;
    expect(told('egg-python requires libegg v2.6 or later')).toBe('library-too-old');
    expect(told('requires Python 3.12 or older')).toBe('python-too-new');
  });

  test('a CMake module that lacks others asks for those', () => {
    const log = [
      'CMake Error at FindPackageHandleStandardArgs.cmake:165 (message):',
      '  Could NOT find Ham (missing: EGG_FOUND SPAM_FOUND) (found',
      '  version "2.0")',
    ];
    expect(diagnoseText(log.join('\n')).missing?.map(({ name }) => name)).toEqual(['EGG', 'SPAM']);
  });

  test('a wheel of numpy 1 is tried with numpy 1, and one of numpy 2 that numpy 1 refuses is built against 1', () => {
    const proposed = (line: string) => diagnoseText(line, { phase: 'test' }).proposal?.edit;
    const older = { test: { requires: ['numpy<2'] } };
    expect(
      proposed('A module that was compiled using NumPy 1.x cannot be run in NumPy 2.4.1 as it may crash.'),
    ).toEqual(older);
    const changed = 'ValueError: numpy.dtype size changed, may indicate binary incompatibility.';
    expect(proposed(`${changed} Expected 88 from C header, got 96 from PyObject`)).toEqual(older);
    expect(proposed(`${changed} Expected 96 from C header, got 88 from PyObject`)).toEqual({
      requires: { constraints: ['numpy<2'] },
    });
  });

  test('a C++ that the compiler knows and does not take for granted is asked for', () => {
    const log = [
      't.cpp:2:6: error: ‘string_view’ in namespace ‘std’ does not name a type',
      't.cpp:2:1: note: ‘std::string_view’ is only available from C++17 onwards',
      't.cpp:4:33: error: expected ‘;’ before ‘{’ token',
    ];
    expect(diagnoseText(log.join('\n'))).toMatchObject({
      class: 'compile-error',
      lineNumber: 1,
      proposal: { edit: { environment: { CPPFLAGS: '-std=c++17' } }, guess: true },
    });
  });

  test.each([
    ["KeyError: 'JAVA_HOME'", { toolchains: ['java'] }],
    [
      'CMake Error at CMakeLists.txt:3 (cmake_path):\n  Unknown CMake command "cmake_path".',
      { requires: { additions: ['cmake'] } },
    ],
    [
      'CMake Error at CMakeLists.txt:1 (cmake_minimum_required):\n  CMake 3.26 or higher is required.  You are running version 3.18.4',
      { requires: { additions: ['cmake>=3.26'] } },
    ],
    [
      'CMake Error at CMakeLists.txt:3 (pybind11_add_module):\n  Unknown CMake command "pybind11_add_module".',
      { requires: { additions: ['pybind11'] } },
    ],
    ['CMake Error at CMakeLists.txt:3 (ham_add):\n  Unknown CMake command "ham_add".', undefined],
    ['Exception: Error finding javahome on linux', { toolchains: ['java'] }],
    [
      'TypeError: WheelFile.__init__() takes from 2 to 3 positional arguments but 4 were given',
      { requires: { constraints: ['setuptools<70.1'] } },
    ],
    ['exec: "go": executable file not found in $PATH', { toolchains: ['go'] }],
    ['RuntimeError: go command not found', { toolchains: ['go'] }],
    [
      "../meson.build:5:0: ERROR: Program 'cython' not found or not executable",
      { requires: { additions: ['cython'] } },
    ],
    ["../meson.build:5:0: ERROR: Program 'swig' not found or not executable", { toolchains: ['swig'] }],
    [
      'error[E0554]: `#![feature]` may not be used on the stable release channel',
      { environment: { RUSTC_BOOTSTRAP: '1' } },
    ],
    [
      "error: toolchain 'nightly-2023-01-01-x86_64-unknown-linux-gnu' is not installed",
      { prepare: 'rm -f rust-toolchain rust-toolchain.toml\n' },
    ],
  ])('what lacks a toolchain, in the words of many tools: %s', (line, edit) => {
    expect(diagnoseText(line).proposal?.edit).toEqual(edit);
  });

  test('what a build wants to download is named without the marks around it', () => {
    const line =
      "error: Failed to download any of the following: ['https://upstream.example/ham-2.1.tar.gz', 'https://x.example'].";
    expect(diagnoseText(line).cause).toContain('wants https://upstream.example/ham-2.1.tar.gz, and builds');
  });

  test('a library that rustc links statically is looked for as a library', () => {
    expect(
      diagnoseText('error: could not find native static library `ham`, perhaps an -L flag is missing?').missing,
    ).toEqual([{ kind: 'library', name: 'ham' }]);
  });

  describe('old releases against newer tools', () => {
    const told = (line: string, python: string, phase: 'build' | 'test' = 'build') => {
      const diagnosis = createDiagnosis({ phase, python });
      diagnosis.line(line, 1);
      const { class: kind, proposal } = diagnosis.conclude({ phase });
      return { kind, edit: proposal?.edit };
    };
    const bound = (...constraints: string[]) => ({ kind: 'build-requirement', edit: { requires: { constraints } } });
    const added = (...additions: string[]) => ({ kind: 'build-requirement', edit: { requires: { additions } } });

    test.each([
      ['src/x.c:1:5: error: ‘PyArray_Descr’ {aka ‘struct _PyArray_Descr’} has no member named ‘subarray’', '3.12', '2'],
      ['src/x.cpp:1:5: error: ‘NPY_UBYTE_MAX’ was not declared in this scope', '3.12', '2'],
      ['AttributeError: `np.float_` was removed in the NumPy 2.0 release. Use `np.float64` instead.', '3.12', '2'],
      ["AttributeError: module 'numpy' has no attribute 'int'.", '3.11', '1.24'],
    ])('an older numpy where there is one for this Python: %s', (line, python, before) => {
      expect(told(line, python)).toEqual(bound(`numpy<${before}`));
      expect(told(line, '3.13')).toEqual({ kind: 'python-too-new', edit: undefined });
    });

    test('what the wheel itself asks of numpy is asked of whoever installs it', () => {
      expect(told("AttributeError: module 'numpy' has no attribute 'int'.", '3.11', 'test')).toEqual({
        kind: 'test-failed',
        edit: { test: { requires: ['numpy<1.24'] } },
      });
    });

    test.each([
      ["setuptools.extern.packaging.version.InvalidVersion: Invalid version: '0.1.x'", bound('setuptools<66')],
      ["ImportError: cannot import name 'Feature' from 'setuptools' (/x/__init__.py)", bound('setuptools<46')],
    ])('a setuptools that does not run on every Python: %s', (line, older) => {
      expect(told(line, '3.11')).toEqual(older);
      expect(told(line, '3.13')).toEqual({ kind: 'python-too-new', edit: undefined });
    });

    test.each([
      [
        "error in ham setup command: 'extras_require' must be a dictionary whose values are strings or lists of strings containing valid project/version requirement specifiers.",
        bound('setuptools<67'),
      ],
      ["ModuleNotFoundError: No module named 'setuptools.command.test'", bound('setuptools<72')],
      [
        "TypeError: canonicalize_version() got an unexpected keyword argument 'strip_trailing_zero'",
        added('packaging>=22'),
      ],
      [
        "flit_core.config.ConfigError: license field should be <class 'dict'>, not <class 'str'>",
        added('flit-core>=3.11'),
      ],
      ['meson.build:1:0: ERROR: Meson version is 0.63.3 but project requires >=1.2.99', added('meson>=1.2.99')],
      ["error: command 'cython' failed: No such file or directory", added('cython')],
      ['  is `cmake` not installed?', { kind: 'missing-tool', edit: { toolchains: ['cmake'] } }],
      // The module is there, and the part of it is not: more of the same module does not help.
      ["ModuleNotFoundError: No module named 'setuptools.extern'", { kind: 'build-requirement', edit: undefined }],
      ["ModuleNotFoundError: No module named 'google.protobuf'", added('protobuf')],
    ])('%s', (line, expected) => {
      expect(told(line, '3.13')).toEqual(expected);
    });

    test.each(["'rU'", "'U'", '"Ub"'])('files that are opened in the mode %s are opened for reading', (mode) => {
      const folder = temporaryFolder();
      const code = (given: string) => `text = open(\n  name).read(); other = open(name, ${given})\nkind = 'U'\n`;
      writeFileSync(join(folder, 'setup.py'), code(mode));
      const edit = told(`ValueError: invalid mode: ${mode}`, '3.13').edit?.prepare as string;
      execFileSync('sh', ['-e', '-c', edit], { cwd: folder });
      expect(readFileSync(join(folder, 'setup.py'), 'utf8')).toBe(code(mode.replace(/r?U/, 'r')));
    });

    test('old setup scripts are mended in place', () => {
      const builtins = told("AttributeError: 'dict' object has no attribute '__NUMPY_SETUP__'", '3.11').edit?.prepare;
      expect(builtins).toContain('__import__("builtins").__NUMPY_SETUP__');
    });
  });

  test('a lint of a newer rustc is turned off by its name', () => {
    const log = [
      'error: casting `&T` to `&mut T` is undefined behavior, even if the reference is unused',
      '   --> src/trainer.rs:526:47',
      '   = note: `#[deny(mutable_casts)]` on by default',
      'error: could not compile `ham` (lib) due to 1 previous error',
    ];
    expect(diagnoseText(log.join('\n'))).toMatchObject({
      class: 'compile-error',
      lineNumber: 3,
      proposal: { edit: { environment: { RUSTFLAGS: '-Amutable_casts' } } },
    });
  });

  test('a crate that rustc refuses is locked anew, also where an error of the project itself comes after; its code alone is none', () => {
    const place =
      '   --> /inputs/cargo/registry/src/registry.example-1949cf8c6b5b557f/ham-egg-0.3.20/src/parse/mod.rs:83:9';
    const error = 'error[E0282]: type annotations needed for `Box<_>`';
    const failure = diagnoseText(
      [error, place, 'error: could not compile `ham-egg` (lib) due to 1 previous error'].join('\n'),
    );
    expect(failure).toMatchObject({
      class: 'compile-error',
      line: error,
      lineNumber: 1,
      proposal: { edit: { crates: ['ham-egg'] }, guess: true },
    });
    expect(failure.cause).toContain('the crate ham-egg 0.3.20');
    const own = ['error[E0308]: mismatched types', '  --> src/lib.rs:9:1', 'note: function defined here', place];
    expect(diagnoseText(own.join('\n')).proposal).toBeUndefined();
  });

  test('crates, meson and autotools name what they miss', () => {
    const part = (line: string) => diagnoseText(line).missing?.[0];
    expect(part('  The system library `ham-1` required by crate `ham-sys` was not found.')).toEqual({
      kind: 'pkg-config',
      name: 'ham-1',
    });
    expect(part("../meson.build:3:10: ERROR: Dependency 'ham-2.0' is required but not found.")).toEqual({
      kind: 'pkg-config',
      name: 'ham-2.0',
    });
    expect(part('meson.build:5:4: ERROR: Problem encountered: libham is required but was not found')).toMatchObject({
      name: 'libham',
    });
    for (const line of [
      'error occurred in cc-rs: failed to find tool "yasm": No such file',
      `Can't exec "yasm": No such file`,
    ])
      expect(part(line)).toEqual({ kind: 'tool', name: 'yasm' });
  });

  test('what a C++ library does not have is the library’s age, what the standard library lacks is the compiler’s', () => {
    const told = (line: string) => diagnoseText(line).class;
    expect(told('x.cpp:9:3: error: ‘class Ham::File’ has no member named ‘egg’')).toBe('library-too-old');
    expect(told('x.cpp:9:3: error: ‘class std::vector<int>’ has no member named ‘egg’')).toBe('compile-error');
    expect(told('x.hpp:2:10: fatal error: source_location: No such file or directory')).toBe('toolchain-missing');
  });

  test('CMake that misses libpython names numpy as well; where it only misses numpy, numpy is it', () => {
    const told = (missing: string) =>
      diagnoseText(
        `CMake Error at CMakeLists.txt:12 (find_package):\n  Could NOT find Python (missing: ${missing}) (found version "3.13.5")`,
      );
    expect(told('Python_LIBRARIES Interpreter Development\n  NumPy Development.Embed').class).toBe('compile-error');
    expect(told('Python_NumPy_INCLUDE_DIRS NumPy').proposal?.edit).toEqual({ requires: { additions: ['numpy'] } });
  });

  test('what CMake may not install outside of its prefix, not what it looked for before', () => {
    const log = `--   No package 'ham-completion' found
CMake Error at build/cmake_install.cmake:128 (file):
  file INSTALL cannot copy file
  "/build/ham/completion" to "/etc/completion.d/ham": Read-only file system.
`;
    expect(diagnoseText(log, { phase: 'build' })).toMatchObject({ class: 'compile-error', lineNumber: 3 });
  });

  test.each(['BLAS', 'LAPACK'])('CMake that misses %s gets the library that has it and its companion', (name) => {
    const log = `CMake Error at FindPackageHandleStandardArgs.cmake:165 (message):\n  Could NOT find ${name} (missing: ${name}_LIBRARIES)`;
    expect(diagnoseText(log).missing).toEqual([{ kind: 'library', name: 'openblas' }]);
  });

  test("a struct with a library's name that lacks a member is the library's age, one of the project's own is not", () => {
    const told = (type: string) => diagnoseText(`x.c:9:3: error: ${type} has no member named ‘egg’`).class;
    expect(told('‘ham_common’ {aka ‘struct ham_common_struct’}')).toBe('library-too-old');
    expect(told('‘HAMCodecContext’')).toBe('library-too-old');
    expect(told('‘struct state’')).toBe('compile-error');
    expect(told('‘PyThreadState’ {aka ‘struct _ts’}')).toBe('python-too-new');
  });

  test('what is too old, and what is too old or absent', () => {
    expect(diagnoseText('ERROR: egg >= 3.1 is required for ham. Please upgrade egg.').class).toBe('library-too-old');
    expect(diagnoseText('ImportError: egg version should be >=3.5, found 3.4').class).toBe('library-too-old');
    expect(diagnoseText('ERROR: System egg is too old or not found. ham requires egg >= 0.21.')).toMatchObject({
      class: 'missing-library',
      missing: [{ name: 'egg', loose: true }],
    });
  });

  test('Cython asked for in a sentence is a build requirement, and no library of the system', () => {
    expect(diagnoseText('ERROR: Cython is required to build ham from source.').proposal?.edit).toEqual({
      requires: { additions: ['cython'] },
    });
  });

  test('all that one message of the linker or of pkg-config misses, not only its first line', () => {
    const missing = (text: string) => diagnoseText(text).missing?.map(({ name }) => name);
    const ld = ['/usr/bin/ld: cannot find -lham', '/usr/bin/ld: cannot find -legg', 'collect2: error: ld returned 1'];
    expect(missing(ld.join('\n'))).toEqual(['ham', 'egg']);
    const perhaps = 'Perhaps you should add the directory\nto the PKG_CONFIG_PATH environment variable';
    const asked = (name: string) => `Package ${name} was not found in the pkg-config search path.\n${perhaps}`;
    const one = `${asked('ham')}\n${asked('egg')}\nNo package 'ham' found\nNo package 'egg' found`;
    expect(missing(one)).toEqual(['ham', 'egg']);
    const two = `${asked('ham')}\nNo package 'ham' found\nchecking further\n${asked('egg')}\nNo package 'egg' found`;
    expect(missing(two)).toEqual(['ham']);
  });

  test('what a build would download is looked for in the distribution, as a guess', () => {
    const told = (url: string) => diagnoseText(`error: could not download ${url}`);
    expect(told('https://forge.example/eggs/libham/archive/v1.2.tar.gz')).toMatchObject({
      class: 'network-needed',
      missing: [{ kind: 'cmake', name: 'ham', loose: true }],
    });
    expect(told('https://files.example/pub/spam-ham-1.2.3.tar.xz').missing).toMatchObject([{ name: 'spam-ham' }]);
    expect(told('https://files.example/pub/latest').missing).toBeUndefined();
  });

  test('code that asks to be converted from Python 2 is told otherwise where no setuptools converts it', () => {
    const log = (python: string) =>
      diagnoseText(
        `copying x -> build/lib.linux-x86_64-cpython-${python}\nerror in ham setup command: use_2to3 is invalid.`,
      );
    expect(log('311').proposal).toEqual(
      expect.objectContaining({ edit: { requires: { constraints: ['setuptools<58'] } } }),
    );
    expect(log('313')).toMatchObject({ class: 'python-too-new', proposal: { guess: true } });
  });

  test('the Python of the log decides what a missing module means', () => {
    const line = "ModuleNotFoundError: No module named 'numpy.distutils'";
    expect(diagnoseText(`Using pip 26 (python 3.13)\n${line}`)).toMatchObject({ class: 'python-too-new' });
    expect(diagnoseText(`Using pip 26 (python 3.11)\n${line}`)).toMatchObject({ class: 'build-requirement' });
  });
});

describe('what is known besides the log', () => {
  const conclude = (lines: string[], context: Parameters<ReturnType<typeof createDiagnosis>['conclude']>[0]) => {
    const diagnosis = createDiagnosis(context?.phase === undefined ? {} : { phase: context.phase });
    for (const [index, line] of lines.entries()) diagnosis.line(line, 100 + index);
    return diagnosis.conclude(context);
  };

  test('limits that ended the run outweigh the log', () => {
    expect(conclude([MISSING_HEADER], { phase: 'build', exit: { kind: 'timed-out' } })).toMatchObject({
      class: 'timed-out',
      phase: 'build',
    });
    expect(conclude([MISSING_HEADER], { exit: { kind: 'disk-full' } })).toMatchObject({ class: 'disk-full' });
    expect(conclude([MISSING_HEADER], { exit: { kind: 'output-limit' } })).toMatchObject({ class: 'output-limit' });
    expect(conclude([MISSING_HEADER], { exit: { kind: 'exited', code: 1, oomKilled: true } })).toMatchObject({
      class: 'out-of-memory',
    });
  });

  test('a build that ended well without its extension is a silent fallback, explained by what it survived', () => {
    const lines = [
      MISSING_HEADER,
      'compilation terminated.',
      'Extension failed, falling back to pure Python',
      'creating wheel',
    ];
    expect(conclude(lines, { phase: 'build', silentFallback: true })).toMatchObject({
      class: 'silent-fallback',
      lineNumber: 100,
      missing: [{ kind: 'header', name: 'foo.h' }],
    });
  });

  test('bindings of cffi that load their library at run time instead of linking it have fallen back', () => {
    const diagnosis = createDiagnosis({ phase: 'build' });
    diagnosis.line('Falling back to ABI mode. Details: unable to find pkg-config package "foo"', 1);
    diagnosis.line('running bdist_wheel', 2);
    expect(diagnosis.fellBack(false)).toBe(true);
    expect(diagnosis.fellBack(true)).toBe(false);
    expect(diagnosis.conclude({ phase: 'build', silentFallback: true })).toMatchObject({
      class: 'silent-fallback',
      lineNumber: 1,
      missing: [{ kind: 'pkg-config', name: 'foo' }],
    });
  });

  test('an extension that this Python is too new for is left out like any other that does not compile', () => {
    const diagnosis = createDiagnosis({ phase: 'build' });
    for (const line of [
      'ham.cxx:2966:38: error: ‘_PyDict_SetItem_KnownHash’ was not declared in this scope',
      'ninja: build stopped: subcommand failed.',
      'running bdist_wheel',
      'WARNING: The C extension could not be compiled, speedups are not enabled.',
    ])
      diagnosis.line(line, 1);
    expect(diagnosis.fellBack(false)).toBe(true);
    // So it is where the wheel has other extensions.
    expect(diagnosis.fellBack(true)).toBe(true);
    const old = createDiagnosis({ phase: 'build' });
    old.line("AttributeError: module 'inspect' has no attribute 'getargspec'", 1);
    expect(old.fellBack(false)).toBe(false);
  });

  test('a header that Python no longer has is why there is no extension, where the build says that it goes without', () => {
    const diagnosis = createDiagnosis({ phase: 'build' });
    [
      'egg/_egg.c:218:12: fatal error: longintrepr.h: No such file or directory',
      'Cannot compile C accelerator module, use pure python version',
      "package, please make sure that 'ham.egg' is explicitly added",
    ].forEach((line, at) => {
      diagnosis.line(line, at + 1);
    });
    expect(diagnosis.fellBack(false)).toBe(true);
    expect(diagnosis.conclude({ silentFallback: true })).toMatchObject({ class: 'silent-fallback', lineNumber: 1 });
  });

  test('a library that does not load means another thing in each phase', () => {
    const line = 'ImportError: libexpat.so.1: cannot open shared object file: No such file or directory';
    expect(conclude([line], { phase: 'test' })).toMatchObject({ class: 'missing-in-clean-image' });
    expect(conclude([line], { phase: 'build' })).toMatchObject({ class: 'missing-library' });
  });

  test('a library that a finished wheel looks for is missing where it is installed, not in its build', () => {
    const missingAtImport = (line: string) => diagnoseText(line, { phase: 'test' });
    expect(
      missingAtImport("OSError: Could not find lib foo or load any of its variants ['libfoo.so.4']."),
    ).toMatchObject({
      class: 'missing-in-clean-image',
      missing: [{ kind: 'soname', name: 'libfoo' }],
    });
    for (const line of [
      "OSError: cannot load library 'libfoo.so.4': libfoo.so.4: cannot open shared object file: No such file or directory.  Additionally, ctypes.util.find_library() did not manage to locate a library called 'libfoo.so.4'",
      "  cannot load library 'libfoo.so.4': libfoo.so.4: cannot open shared object file: No such file or directory",
    ]) {
      expect(missingAtImport(line)).toMatchObject({
        class: 'missing-in-clean-image',
        missing: [{ kind: 'soname', name: 'libfoo.so.4' }],
      });
    }
    for (const line of [
      'ImportError: Unable to find foo shared library',
      'ImportError: failed to find libfoo.  Check your installation',
      'AssertionError: Could not find the Foo library',
    ]) {
      expect(missingAtImport(line)).toMatchObject({
        class: 'missing-in-clean-image',
        missing: [{ kind: 'soname', name: 'libfoo', loose: true }],
      });
      expect(diagnoseText(line, { phase: 'build' })).toMatchObject({ class: 'missing-library' });
    }
  });

  test('what a wheel imports of setuptools is no requirement of its build', () => {
    const test = { phase: 'test' } as const;
    for (const [module, requirement] of [
      ['pkg_resources', 'setuptools<81'],
      ['distutils', 'setuptools'],
    ]) {
      const line = `ModuleNotFoundError: No module named '${module}'`;
      expect(diagnoseText(line, test)).toMatchObject({
        class: 'test-failed',
        proposal: { edit: { test: { requires: [requirement] } }, guess: true },
      });
      expect(diagnoseText(line, { phase: 'build' })).toMatchObject({ class: 'build-requirement' });
    }
  });

  test('what no rule knows takes the class of its phase, or stays unknown, without a proposal', () => {
    expect(conclude(['AssertionError: 1 != 2'], { phase: 'test' })).toEqual({
      class: 'test-failed',
      phase: 'test',
      line: 'AssertionError: 1 != 2',
      lineNumber: 100,
      cause: expect.stringContaining('No rule knows this failure'),
    });
    expect(conclude(['nothing of note'], { phase: 'build' })).toMatchObject({
      class: 'unknown',
      line: 'nothing of note',
    });
    expect(conclude([], {})).toMatchObject({ class: 'unknown', lineNumber: 0 });
  });
});

describe('logs as they come', () => {
  test('colours, progress bars, control characters and the prefixes of carriers are taken off', () => {
    expect(cleanLine('\u001b[1;31merror:\u001b[0m x\u0000y  ')).toBe('error: xy');
    expect(cleanLine('10%\r50%\r100% done\r')).toBe('100% done');
    for (const carrier of ['2026-11-24T15:10:02.041Z ', '#12 34.56 ', '  │ ', '╰─> ', '2026-11-24 15:10:02,041 - ']) {
      expect(withoutCarrier(`${carrier}text`)).toBe('text');
    }
    expect(diagnoseText(`#9 1.2 \u001b[31m${MISSING_HEADER}\u001b[0m\r\n`)).toMatchObject({
      class: 'missing-header',
      line: `#9 1.2 ${MISSING_HEADER}`,
    });
  });

  test('cuts long lines, keeps their numbers, and takes the last one without a newline', () => {
    const lines: [string, number][] = [];
    const cutter = new LineCutter((text, number) => lines.push([text.slice(0, 8), number]));
    const bytes = new TextEncoder().encode(`a\n${'é'.repeat(500_000)}\r\n\nlast`);
    for (let at = 0; at < bytes.length; at += 999) cutter.push(bytes.subarray(at, at + 999));
    cutter.end();
    expect(lines).toEqual([
      ['a', 1],
      ['éééééééé', 2],
      ['', 3],
      ['last', 4],
    ]);
    expect(cleanLine('x'.repeat(1_000_000))).toHaveLength(MAX_LINE_LENGTH);
  });

  test('binary bytes, a log without a newline and an empty log are no error', () => {
    const binary = new Uint8Array(100_000).map((_, index) => (index * 7919) % 256);
    const diagnosis = createDiagnosis();
    const cutter = new LineCutter((text, number) => diagnosis.line(text, number));
    cutter.push(binary);
    cutter.end();
    expect(diagnosis.conclude().proposal).toBeUndefined();
    expect(diagnoseText('x'.repeat(1_000_000)).class).toBe('unknown');
    expect(diagnoseText('').class).toBe('unknown');
  });

  test('a module that must be imported after another gets a test that does so', () => {
    const line = 'ImportError: the alpha package should be imported before alpha_c';
    expect(diagnoseText(line, { phase: 'test' })).toMatchObject({
      class: 'test-failed',
      proposal: { edit: { test: { requires: ['alpha'], imports: ['alpha', 'alpha_c'] } }, guess: true },
    });
  });

  test('numpy that cannot be loaded is not there, unless it says that it is of another major version', () => {
    const end =
      "ImportError: numpy.core.multiarray failed to import (auto-generated because you didn't call 'numpy.import_array()')";
    const banner = 'A module that was compiled using NumPy 1.x cannot be run in\nNumPy 2.5.5 as it may crash.\n\n';
    const required = (log: string) => diagnoseText(log, { phase: 'test' }).proposal?.edit;
    expect(required(end)).toEqual({ test: { requires: ['numpy'] } });
    expect(required(banner + end)).toEqual({ test: { requires: ['numpy<2'] } });
  });

  test.each([
    'RuntimeError: ham-egg and lxml are using different versions of libxml2. This happens commonly',
    "ham_egg.InternalError: (-1, 'lxml & ham.egg libxml2 library version mismatch')",
  ])('wheels that must hold the same library are built one after the other: %s', (line) => {
    const diagnosis = createDiagnosis({ phase: 'test', project: 'ham-egg' });
    diagnosis.line(line, 1);
    expect(diagnosis.conclude({ phase: 'test' })).toMatchObject({
      class: 'test-failed',
      proposal: { edit: { depends: ['lxml'] }, guess: true },
    });
  });

  test('what the compiled part of a project imports is that project', () => {
    const required = (module: string, project: string) => {
      const diagnosis = createDiagnosis({ phase: 'test', project });
      diagnosis.line(`ModuleNotFoundError: No module named '${module}'`, 1);
      return diagnosis.conclude({ phase: 'test' }).proposal?.edit;
    };
    expect(required('ruamel', 'ruamel-yaml-clib')).toEqual({ test: { requires: ['ruamel-yaml'] } });
    expect(required('alpha', 'alpha-ext')).toEqual({ test: { requires: ['alpha'] } });
    expect(required('beta', 'alpha-ext')).toEqual({ test: { requires: ['beta'] } });
    expect(required('zope.event', 'alpha')).toEqual({ test: { requires: ['zope.event'] } });
  });

  test('a version that is asked for and not found is too old, unless an installer only warns', () => {
    const said = (line: string) => diagnoseText(`${line}\nthe build backend ended with exit status 2\n`).class;
    expect(said('Alpha requires Beta/C >= 3.3.1, found version 3.1.29')).toBe('library-too-old');
    expect(
      said('Exception: Python bindings of ALPHA 3.13.3 require at least libalpha 3.13.3, but 3.2.2 was found'),
    ).toBe('library-too-old');
    expect(said('alpha 1.0 requires beta>=2.0, but you have beta 1.0 which is incompatible.')).not.toBe(
      'library-too-old',
    );
  });

  test('the last words of a program that ends by itself are what is shown', () => {
    const log =
      '[wheelwright] build: asking setuptools\nThe moon is full.\nthe build backend ended with exit status 2\n';
    expect(diagnoseText(log)).toMatchObject({ class: 'unknown', line: 'The moon is full.', lineNumber: 2 });
  });

  test.each([
    [
      'fatal error: pybind11/pybind11.h: No such file or directory',
      'build-requirement',
      { requires: { additions: ['pybind11'] } },
    ],
    [
      'meson.build:9:1: ERROR: could not get https://github.com/ham/pybind11/archive/refs/tags/v2.tar.gz; is the internet available?',
      'network-needed',
      { requires: { additions: ['pybind11'] } },
    ],
    ['a.c:1:2: fatal error: pystrhex.h: No such file or directory', 'python-too-new', undefined],
    ['RuntimeError: CMake must be installed to build this', 'missing-tool', { toolchains: ['cmake'] }],
    [
      'CMake Error: CMake was unable to find a build program corresponding to "Ninja".  CMAKE_MAKE_PROGRAM is not set.',
      'build-requirement',
      { requires: { additions: ['ninja'] } },
    ],
    [
      "/usr/bin/ld: build/a.o:(.bss+0x0): multiple definition of `state'; build/b.o:(.bss+0x0): first defined here",
      'compile-error',
      { environment: { CFLAGS: '-fcommon' } },
    ],
  ])('%s', (line, kind, edit) => {
    const failure = diagnoseText(line, { phase: 'build' });
    expect(failure.class).toBe(kind);
    expect(failure.proposal?.edit).toEqual(edit);
  });

  test.each([
    ['ValueError: pkg-config could not find package(s) libfoo', { kind: 'pkg-config', name: 'libfoo' }],
    [
      'Makefile:12: *** The pkg-config script could not be found or is too old.  Stop.',
      { kind: 'tool', name: 'pkg-config' },
    ],
    ['configure.ac:23: error: possibly undefined macro: AC_PROG_LIBTOOL', { kind: 'tool', name: 'libtoolize' }],
    ['configure.ac:9: error: possibly undefined macro: AM_PATH_FOO', { kind: 'cmake', name: 'foo', loose: true }],
    ['./configure: line 45: `AX_PTHREAD(,', { kind: 'package', name: 'autoconf-archive' }],
    ['configure: error: libfoo >= 2.9 is required', { kind: 'library', name: 'foo' }],
    ['configure: error: Please install libfoo', { kind: 'library', name: 'foo' }],
    ['configure: error: you need libfoo-3-dev', { kind: 'package', name: 'libfoo-3-dev' }],
    ['configure: error: Library requirements (foo-2.0 >= 2.40) not met', { kind: 'pkg-config', name: 'foo-2.0' }],
    ['RuntimeError: Require foo-api to be installed and at least version 2.4.0', { kind: 'cmake', name: 'foo-api' }],
    ['configure: error: Unable to locate foo compression library', { kind: 'cmake', name: 'foo', loose: true }],
    ["Error: Unable to find 'foo/bar.h'", { kind: 'header', name: 'foo/bar.h' }],
    ['Error: Foo: unable to find the header file foo/bar.h.', { kind: 'header', name: 'foo/bar.h' }],
    ['ERROR: Foo 9.0.0 must be installed.', { kind: 'cmake', name: 'Foo' }],
    ['Exception: Command "pkg-config --libs foo4" failed', { kind: 'pkg-config', name: 'foo4' }],
  ])('%s', (line, part) => {
    expect(diagnoseText(line, { phase: 'build' }).missing).toMatchObject([part]);
  });

  test.each([
    ["OSError: ctypes.util.find_library() did not manage to locate a library called 'foo'", 'libfoo'],
    ['OSError: no library called "cairo-2" was found', 'libcairo.so.2'],
    [
      "OSError: cannot load library 'gobject-2.0-0': gobject-2.0-0: cannot open shared object file: No such file or directory.  Additionally, ctypes.util.find_library() did not manage to locate a library called 'gobject-2.0-0'",
      'libgobject-2.0.so.0',
    ],
  ])('what cffi looks for in vain is a library of the image: %s', (line, soname) => {
    expect(diagnoseText(line, { phase: 'test' })).toMatchObject({
      class: 'missing-in-clean-image',
      missing: [{ kind: 'soname', name: soname }],
    });
  });

  test('of a library, the program that comes with its headers is asked for', () => {
    const line = (name: string) =>
      `Failed to get options via both egg-config and egginfo. (FileNotFoundError: [Errno 2] No such file or directory: '${name}')`;
    for (const name of ['egginfo', 'egg-config']) {
      expect(diagnoseText(line(name), { phase: 'build' }).missing).toEqual([{ kind: 'tool', name: 'egg-config' }]);
    }
  });

  test('a setup script that loads a file by imp gets a stand-in, a wheel does not', () => {
    const line = "ModuleNotFoundError: No module named 'imp'";
    const { class: kind, proposal } = diagnoseText(line, { phase: 'build' });
    expect([kind, proposal?.guess]).toEqual(['python-too-new', true]);
    expect(proposal?.edit).toMatchObject({ environment: { PYTHONPATH: '.' } });
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'version.py'), "number = '1.5'\n");
    execFileSync('sh', ['-ec', String(proposal?.edit['prepare'])], { cwd: folder });
    const script =
      "import importlib.util as u; s = u.spec_from_file_location('imp', 'imp.py'); imp = u.module_from_spec(s); s.loader.exec_module(imp); print(imp.load_source('version', 'version.py').number)";
    expect(execFileSync('python3', ['-c', script], { cwd: folder }).toString()).toBe('1.5\n');
    expect(diagnoseText(line, { phase: 'test' }).proposal).toBeUndefined();
  });

  test('Java that a wheel looks for when it is imported belongs to where it is used', () => {
    const line = 'Exception: Unable to find javac';
    expect(diagnoseText(line, { phase: 'build' })).toMatchObject({
      class: 'toolchain-missing',
      proposal: { edit: { toolchains: ['java'] } },
    });
    expect(diagnoseText(line, { phase: 'test' })).toMatchObject({
      class: 'missing-in-clean-image',
      proposal: { edit: { runtime: { apt: ['default-jdk-headless'] } }, guess: true },
    });
  });

  test('with autoreconf come the programs that it calls', () => {
    const { missing = [] } = diagnoseText('sh: 1: autoreconf: not found', { phase: 'build' });
    expect(missing.map(({ name }) => name)).toEqual(['autoreconf', 'automake', 'libtoolize']);
  });

  test('a compiled library in a wheel that says it is pure makes it one of this platform', () => {
    const line = 'RuntimeError: Invalid binary wheel, found the following shared library/libraries in purelib folder:';
    const { class: kind, proposal } = diagnoseText(line, { phase: 'repair' });
    expect({ kind, guess: proposal?.guess }).toEqual({ kind: 'repair-refused', guess: true });
    const folder = temporaryFolder();
    const run = () => execFileSync('sh', ['-ec', String(proposal?.edit['prepare'])], { cwd: folder });
    run();
    writeFileSync(join(folder, 'setup.py'), 'setup()\n');
    run();
    expect(readFileSync(join(folder, 'setup.py'), 'utf8')).toMatch(
      /^import setuptools; setuptools\.Distribution\.has_ext_modules = .*True\nsetup\(\)\n$/,
    );
  });

  test('an assignment that Python no longer allows is rewritten', () => {
    const failure = diagnoseText('m.c:9:3: error: lvalue required as left operand of assignment', { phase: 'build' });
    expect(failure).toMatchObject({ class: 'python-too-new', proposal: { guess: true } });
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'm.c'), 'Py_TYPE(&a_Type) = &PyType_Type;\nif (Py_SIZE(x) == 3) Py_SIZE(x) = n - 1;\n');
    const { prepare } = failure.proposal?.edit ?? {};
    execFileSync('sh', ['-ec', String(prepare)], { cwd: folder });
    expect(readFileSync(join(folder, 'm.c'), 'utf8')).toBe(
      'Py_SET_TYPE(&a_Type, &PyType_Type);\nif (Py_SIZE(x) == 3) Py_SET_SIZE(x, n - 1);\n',
    );
  });

  test.each([
    'distutils.errors.DistutilsModuleError: I need either numpy, nummarray, or Numeric!',
    'RuntimeError: ham requires NumPy to be installed',
    'SystemExit: Please install NumPy first',
  ])('a setup script that asks for numpy in its own words gets it: %s', (line) => {
    expect(diagnoseText(line, { phase: 'build' })).toMatchObject({
      class: 'build-requirement',
      proposal: { edit: { requires: { additions: ['numpy'] } }, guess: true },
    });
  });

  test('so is what counts up or down', () => {
    const failure = diagnoseText('m.c:9:5: error: lvalue required as increment operand', { phase: 'build' });
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, 'm.c'),
      '  ++Py_REFCNT(o);\n  --Py_REFCNT(o);\n  Py_SIZE(x)++;\n  Py_SIZE(x) += n - 1;\n',
    );
    execFileSync('sh', ['-ec', String(failure.proposal?.edit['prepare'])], { cwd: folder });
    expect(readFileSync(join(folder, 'm.c'), 'utf8')).toBe(
      `  Py_SET_REFCNT(o, Py_REFCNT(o) + 1);
  Py_SET_REFCNT(o, Py_REFCNT(o) - 1);
  Py_SET_SIZE(x, Py_SIZE(x) + 1);
  Py_SET_SIZE(x, Py_SIZE(x) + (n - 1));
`,
    );
  });

  test('a string is made of wide characters, which is what Py_UNICODE stood for', () => {
    const line = 'ImportError: /env/ham.so: undefined symbol: PyUnicode_FromUnicode';
    const failure = diagnoseText(line, { phase: 'test' });
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'm.c'), 'return PyUnicode_FromUnicode(NULL, 0);\n');
    execFileSync('sh', ['-ec', String(failure.proposal?.edit['prepare'])], { cwd: folder });
    expect(readFileSync(join(folder, 'm.c'), 'utf8')).toBe('return PyUnicode_FromWideChar(NULL, 0);\n');
  });

  test('what encoded the characters of a string, before Python 3.11, encodes the string', () => {
    const { proposal } = diagnoseText('m.c:9:3: error: ‘PyUnicode_EncodeUTF8’ was not declared in this scope', {
      phase: 'build',
    });
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'patchlevel.h'), '');
    writeFileSync(
      join(folder, 'm.c'),
      'a = PyUnicode_EncodeLatin1(PyUnicode_AS_UNICODE(o),\n  PyUnicode_GET_SIZE(o), "strict");\nb = PyUnicode_EncodeUTF16(text, n, 0, -1);\n',
    );
    execFileSync('sh', ['-ec', String(proposal?.edit['prepare'])], { cwd: folder });
    const on = (version: string) =>
      execFileSync('cc', ['-E', '-P', `-DPY_VERSION_HEX=${version}`, '-I.', 'm.c'], { cwd: folder, encoding: 'utf8' });
    const whole = 'a = PyUnicode_AsEncodedString(o, "Latin1", "strict");\n';
    expect(on('0x030A0000')).toBe(`${whole}b = PyUnicode_EncodeUTF16(text, n, 0, -1);\n`);
    expect(on('0x030B0000')).toBe(
      `${whole}b = ({ PyObject *text_ = PyUnicode_FromWideChar(text, n), *bytes_ = text_ ? PyUnicode_AsEncodedString(text_, (-1) < 0 ? "utf-16-le" : (-1) > 0 ? "utf-16-be" : "utf-16", 0) : 0; Py_XDECREF(text_); bytes_; });\n`,
    );
  });

  test('what Python keeps to itself is told of it, of whatever else is not complete the code', () => {
    const of = (type: string) => diagnoseText(`m.c:9:3: error: invalid use of incomplete typedef ‘${type}’`).class;
    expect([of('PyFrameObject'), of('ham_t')]).toEqual(['python-too-new', 'compile-error']);
  });

  test('a header that Python 3.11 moved is included where it still is one of its own', () => {
    const at = (python: string) =>
      diagnoseText(
        `gcc -I/include/python${python} m.c\nm.c:9:3: fatal error: longintrepr.h: No such file or directory`,
      );
    expect(at('3.13')).not.toHaveProperty('proposal');
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'm.c'), '#include "longintrepr.h"\nint a;\n');
    execFileSync('sh', ['-ec', String(at('3.11').proposal?.edit['prepare'])], { cwd: folder });
    const flags = ['-E', '-P', '-DPY_VERSION_HEX=0x030B0000'];
    expect(execFileSync('cc', [...flags, 'm.c'], { cwd: folder, encoding: 'utf8' })).toBe('int a;\n');
  });

  test('a function that Python 3.13 dropped is replaced in the wheel that only lacks it when it is imported', () => {
    const line =
      'ImportError: /test/env/_ham.cpython-313-x86_64-linux-gnu.so: undefined symbol: _PyErr_WriteUnraisableMsg';
    const { proposal } = diagnoseText(line, { phase: 'test' });
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'm.c'), '_PyErr_WriteUnraisableMsg("in ham", NULL);\n');
    execFileSync('sh', ['-ec', String(proposal?.edit['prepare'])], { cwd: folder });
    const flags = ['-E', '-P', '-DPY_VERSION_HEX=0x030D0000', '-I.'];
    writeFileSync(join(folder, 'patchlevel.h'), '');
    const read = execFileSync('cc', [...flags, 'm.c'], { cwd: folder, encoding: 'utf8' });
    expect(read).toContain('PyErr_FormatUnraisable("Exception ignored %s", "in ham")');
  });

  test('a function that takes an argument more since Python 3.13 gets it there, and where it has it already', () => {
    const failure = diagnoseText('m.c:9:3: error: too few arguments to function ‘_PyLong_AsByteArray’', {
      phase: 'build',
    });
    expect(failure).toMatchObject({ class: 'python-too-new', proposal: { guess: true } });
    const folder = temporaryFolder();
    const calls =
      'int i = _PyLong_AsInt(a);\nold(_PyLong_AsByteArray(a,\n b, 8, 1, 0));\nnew(_PyLong_AsByteArray(a, b, 8, 1, 0, 1));\n';
    writeFileSync(join(folder, 'm.c'), calls);
    writeFileSync(join(folder, 'other.c'), 'int a;\n');
    execFileSync('sh', ['-ec', String(failure.proposal?.edit['prepare'])], { cwd: folder });
    const rewritten = readFileSync(join(folder, 'm.c'), 'utf8');
    expect(readFileSync(join(folder, 'other.c'), 'utf8')).toBe('int a;\n');
    expect(rewritten).toContain('\n#define LONG_AS_BYTES(v, b, n, l, s, ...) _PyLong_AsByteArray(v, b, n, l, s, 1)\n');
    expect(
      rewritten.endsWith(
        `#endif\n${calls.replaceAll('_PyLong_AsByteArray', 'LONG_AS_BYTES').replace('_PyLong_AsInt', 'LONG_AS_INT')}`,
      ),
    ).toBe(true);
  });

  test('what Python 3.13 took away is called as it has it now, and in an older one as it was', () => {
    const failure = diagnoseText(
      'ImportError: /test/env/m.cpython-313-x86_64-linux-gnu.so: undefined symbol: Py_TRASHCAN_SAFE_BEGIN',
      { phase: 'test' },
    );
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'm.c'), 'Py_TRASHCAN_SAFE_BEGIN(self)\nif (!_PyArg_NoKeywords("m", kw)) return 0;\n');
    execFileSync('sh', ['-ec', String(failure.proposal?.edit['prepare'])], { cwd: folder });
    const lines = readFileSync(join(folder, 'm.c'), 'utf8').split('\n');
    expect(lines.slice(-3)).toEqual(['TRASHCAN_BEGIN(self)', 'if (!NO_KEYWORDS("m", kw)) return 0;', '']);
    const [before = 0, since = 0] = ['#else', '#if PY_VERSION_HEX >= 0x030D0000'].map((text) => lines.indexOf(text));
    expect(since).toBeLessThan(before);
    expect(lines.slice(since, before)).toContain(
      '#define TRASHCAN_BEGIN(o) Py_TRASHCAN_BEGIN(o, Py_TYPE(o)->tp_dealloc)',
    );
    expect(lines.slice(before)).toContain('#define TRASHCAN_BEGIN Py_TRASHCAN_SAFE_BEGIN');
  });

  test('what Cython said of the code is told rather than that it gave up', () => {
    const log = [
      'Error compiling Cython file:',
      "ham/egg.pxd:18:23: '__module__' redeclared",
      'Cython.Compiler.Errors.CompileError: ham/egg.pyx',
    ];
    expect(diagnoseText(log.join('\n'))).toMatchObject({
      class: 'build-requirement',
      lineNumber: 2,
      proposal: { edit: { requires: { constraints: ['cython<3'] } } },
    });
  });

  test('what the headers of Python no longer say about the compiler is said on the command line', () => {
    expect(
      diagnoseText('ham/_map.c:535:19: error: macro "va_start" requires 2 arguments, but only 1 given'),
    ).toMatchObject({
      class: 'python-too-new',
      proposal: { edit: { environment: { CPPFLAGS: '-DHAVE_STDARG_PROTOTYPES=1' } }, guess: true },
    });
  });

  test('a macro that is gone explains why what follows is no C code; a function that only is not declared does not', () => {
    const log = (name: string) =>
      `egg.c:100:5: warning: implicit declaration of function ‘${name}’ [-Wimplicit-function-declaration]\negg.c:101:30: error: expected ‘;’ before ‘if’`;
    const gone = diagnoseText(log('Py_TRASHCAN_SAFE_BEGIN'));
    expect(gone).toMatchObject({ class: 'python-too-new', lineNumber: 2, proposal: { guess: true } });
    expect(gone.cause).toContain('Py_TRASHCAN_SAFE_BEGIN');
    expect(diagnoseText(log('_PyHam_New'))).toMatchObject({ class: 'compile-error', lineNumber: 2 });
  });

  test('an exception is told by its place, whatever it is called', () => {
    const log = [
      'Traceback (most recent call last):',
      '  File "/test/env/ham/__init__.py", line 57, in <module>',
      'ham.errors.InvalidEgg: it has a shell',
      '[wheelwright] test: importing what the wheel brings ended with exit status 1',
    ];
    expect(diagnoseText(log.join('\n'), { phase: 'test' })).toMatchObject({ class: 'test-failed', lineNumber: 3 });
    const attribute = log.join('\n').replace('it has a shell', 'attribute __firstlineno__');
    expect(diagnoseText(attribute, { phase: 'test' })).toMatchObject({ class: 'python-too-new', lineNumber: 3 });
  });

  test.each([
    'm.c:9:3: error: implicit declaration of function ‘PyEval_CallObject’; did you mean ‘PyObject_CallObject’?',
    'm.cpp:9:3: error: ‘PyEval_CallObject’ was not declared in this scope',
    'ImportError: /test/env/m.cpython-313-x86_64-linux-gnu.so: undefined symbol: PyEval_CallObject',
  ])('a name that only has a successor is replaced by it: %s', (line) => {
    const failure = diagnoseText(line, { phase: 'build' });
    expect(failure).toMatchObject({ class: 'python-too-new', proposal: { guess: true } });
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, 'm.cpp'),
      'PyEval_CallObject(f, a);\nmy_PyEval_CallObject(f);\nPyEval_CallObjectWithKeywords(f);\n',
    );
    execFileSync('sh', ['-ec', String(failure.proposal?.edit['prepare'])], { cwd: folder });
    expect(readFileSync(join(folder, 'm.cpp'), 'utf8')).toBe(
      'PyObject_CallObject(f, a);\nmy_PyEval_CallObject(f);\nPyEval_CallObjectWithKeywords(f);\n',
    );
    expect(diagnoseText(line.replaceAll('PyEval_CallObject', 'PyUnicode_AS_UNICODE')).proposal).toBeUndefined();
  });

  test('names of Python 2 in an extension are those that an older SWIG defined', () => {
    const line = 'ImportError: /test/env/_ham.cpython-313-x86_64-linux-gnu.so: undefined symbol: PyString_Check';
    expect(diagnoseText(line, { phase: 'test' })).toMatchObject({
      class: 'build-requirement',
      proposal: { edit: { requires: { constraints: ['swig<4.5'] } }, guess: true },
    });
  });

  test('Cython code from before Cython 3 gets the old meaning by a directive, names of Python 2 an older Cython', () => {
    const rule = '-'.repeat(60);
    const log = `Error compiling Cython file:
${rule}
...
    if ham is NULL:
        raise MemoryError
    raise ImportError("fatal error: ham.h: No such file or directory")
    ham.on_end = egg
                 ^
${rule}

ham/_egg.pyx:129:33: Cannot assign type 'void (int) except * nogil' to 'F' (alias of 'void (*)(int) noexcept'). Exception values are incompatible. Suggest adding 'noexcept' to the type of 'egg'.
Cython.Compiler.Errors.CompileError: ham/_egg.pyx
`;
    const { proposal, line } = diagnoseText(log, { phase: 'build' });
    // What Cython quotes of the code is no message.
    expect(line).toContain('ham/_egg.pyx:129');
    expect(proposal?.guess).toBe(true);
    const folder = temporaryFolder();
    for (const name of ['egg.pyx', 'egg.pxd', 'egg.py']) writeFileSync(join(folder, name), 'x = 1\n');
    execFileSync('sh', ['-ec', String(proposal?.edit['prepare'])], { cwd: folder });
    const directive = '# cython: legacy_implicit_noexcept=True\nx = 1\n';
    expect(readFileSync(join(folder, 'egg.pyx'), 'utf8')).toBe(directive);
    expect(readFileSync(join(folder, 'egg.pxd'), 'utf8')).toBe(directive);
    expect(readFileSync(join(folder, 'egg.py'), 'utf8')).toBe('x = 1\n');
    for (const line of [
      '(python 3.13)\nCython.Compiler.Errors.CompileError: ham/_egg.pyx',
      '(python 3.13)\nham/_egg.pyx:3:1: Syntax error in simple statement list',
      'm.pyx:4:11: undeclared name not builtin: long',
      'src/ham/defs.h:26:34: error: ‘__pyx_empty_tuple’ undeclared (first use in this function)',
      'src/ham/egg.c:41:9: error: ‘CYTHON_PEP393_ENABLED’ was not declared in this scope',
    ]) {
      expect(diagnoseText(line, { phase: 'build' }).proposal?.edit).toEqual({
        requires: { constraints: ['cython<3.1'] },
      });
    }
  });

  test('no line makes a rule search for long', () => {
    const hostile = [
      'error: ',
      'Could NOT find ',
      "No module named '",
      'a/'.repeat(2000),
      ' '.repeat(4000),
      '- '.repeat(2000),
      'Because '.repeat(500),
      'pkg-config --exists '.repeat(200),
    ];
    for (const start of hostile) {
      const failure = diagnoseText(`CMake Error at x\n${start}${'x, '.repeat(1500)}\n${start.repeat(40)}`);
      expect(failure.class).toBeTypeOf('string');
    }
  });
});
