import { REWRITE_OLD_API } from '../python-api.js';
import { type Finding, minorOf, type Rule } from '../rule.js';

interface Elsewhere extends Partial<Finding> {
  header: RegExp;
  /** What holds for some Pythons only, by their minor version. */
  ofPython?: (minor: number) => Partial<Finding>;
}

/** Headers that no package of the distribution brings, or not the right ones. `{1}` is the header. */
const ELSEWHERE: readonly Elsewhere[] = [
  {
    header: /^numpy\//,
    class: 'build-requirement',
    cause: "The build needs numpy's header {1}, and numpy is not among its build requirements. It must be added there.",
    edit: { requires: { additions: ['numpy'] } },
    why: 'numpy brings its own headers, for the interpreter that builds.',
  },
  ...['pybind11', 'nanobind'].map((bindings) => ({
    header: new RegExp(`^${bindings}/`),
    class: 'build-requirement' as const,
    cause: `The build needs {1}, and ${bindings} is not among its build requirements. It must be added there.`,
    edit: { requires: { additions: [bindings] } },
    why: `${bindings} brings its own headers; a distribution's may be older than this Python.`,
  })),
  {
    header: /^pystrhex\.h$/,
    class: 'python-too-new',
    cause:
      'Python 3.11 took {1} away, which was its own. A newer release of the project, another project, or Python 3.10 helps.',
  },
  {
    header: /^longintrepr\.h$/,
    class: 'python-too-new',
    cause:
      'Python 3.11 moved longintrepr.h, and this C code was generated for older ones. A newer release of the project, or Python 3.10, helps.',
    ofPython: (minor) =>
      // From 3.12 on what it declares is another as well.
      minor < 12
        ? {
            edit: { prepare: REWRITE_OLD_API },
            why: 'What is written by hand finds the same by way of Python.h.',
            guess: true,
          }
        : {},
  },
  {
    header: /^(?:Python|pyconfig|structmember|frameobject)\.h$/,
    class: 'infrastructure',
    cause:
      "{1} belongs to the interpreter itself: the image's Python has no headers, or the compiler was not told where they are.",
  },
  {
    header: /^jni(?:_md)?\.h$/,
    class: 'toolchain-missing',
    cause: 'jni.h comes with a Java development kit, which the image does not have.',
    edit: { toolchains: ['java'] },
    why: 'The java toolchain brings a JDK with jni.h.',
  },
  {
    header:
      /^(?:windows|winsock2?|winbase|io|direct|conio|process|atlbase)\.h$|^(?:CoreFoundation|CoreServices|ApplicationServices|Carbon|Cocoa|Foundation|mach|Accelerate)\//i,
    class: 'compile-error',
    cause:
      '{1} belongs to another operating system: the build took the wrong branch for Linux, or the project does not support it.',
  },
  {
    // The C++ standard library has them since GCC 11 or later.
    header:
      /^(?:barrier|latch|semaphore|source_location|syncstream|spanstream|stacktrace|expected|format|print|generator|mdspan|flat_map|flat_set)$/,
    class: 'toolchain-missing',
    cause:
      '<{1}> came with a newer C++ standard library than the compiler of the image has. A newer target has a newer one; an older release may ask for less.',
  },
  {
    header: /^xlocale\.h$/,
    class: 'compile-error',
    cause: 'glibc 2.26 removed xlocale.h; the code is older than that. A newer release of the project usually helps.',
  },
];

/** Headers that the compiler does not find. */
export const headerRules: readonly Rule[] = [
  {
    match:
      /^(?:\S*\/)?(?:[\w.-]*(?:gcc|g\+\+|clang|clang\+\+)(?:-\d+)?|cc|c\+\+|cc1|cc1plus): (?:fatal )?error: (\S+\.(?:c|cc|cpp|cxx)): No such file/,
    weight: 'header',
    class: 'build-requirement',
    cause:
      'The compiler is given {1}, which is not there. Mostly Cython makes such a file, and setup scripts pass over it in silence where it is not among the build requirements; else the sdist lacks it.',
    edit: { requires: { additions: ['cython'] } },
    why: 'Where Cython is there, it makes the file from the .pyx file of that name.',
    guess: true,
  },
  {
    match: /fatal error: ['"<]?([\w./+-]+?)['">]?(?::| file not found|,) ?(?:No such file or directory|not found)?/,
    weight: 'header',
    class: 'missing-header',
    cause:
      'The build needs the C or C++ header {1}, which is not in the image. The development package that holds it helps.',
    missing: [{ kind: 'header', name: '{1}' }],
    refine([line, name = ''], { python }) {
      if (!/No such file|not found/.test(line)) return 'ignore';
      const elsewhere = ELSEWHERE.find(({ header }) => header.test(name));
      if (elsewhere === undefined) return {};
      const { header: _header, ofPython, ...finding } = elsewhere;
      return { ...finding, ...(python === undefined ? {} : ofPython?.(minorOf(python))), missing: [] };
    },
  },
];
