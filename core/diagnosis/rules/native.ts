import { hasSuccessor, REWRITE_OLD_API } from '../python-api.js';
import type { Finding, Rule } from '../rule.js';

const PY_NAME = /^_?_?Py[A-Z_]|^_?Py(?:Object|Thread|Long|Unicode|Frame|Code|Type)|^_PyErr|^PY_|^tp_print$/;

const NO_SUCH_PART_OF_DEBIAN =
  /^(?:windows|winsock2?|winbase|io|direct|conio|process|atlbase)\.h$|^(?:CoreFoundation|CoreServices|ApplicationServices|Carbon|Cocoa|Foundation|mach|Accelerate)\//i;

/** Headers of the C++ standard library that came with GCC 11 and later. */
const NEW_CXX =
  /^(?:barrier|latch|semaphore|source_location|syncstream|spanstream|stacktrace|expected|format|print|generator|mdspan|flat_map|flat_set)$/;

/** Where a name of the C API only has to be replaced by its successor. */
function rewritten(name: string): Partial<Finding> {
  return hasSuccessor(name)
    ? { edit: { prepare: REWRITE_OLD_API }, why: `${name} has a successor that does the same`, guess: true }
    : {};
}

/** C, C++ and the linker: what the compiler and ld say themselves. */
export const nativeRules: readonly Rule[] = [
  {
    match: /fatal error: ['"<]?([\w./+-]+?)['">]?(?::| file not found|,) ?(?:No such file or directory|not found)?/,
    weight: 'header',
    class: 'missing-header',
    cause:
      'The build needs the C or C++ header {1}, which is not in the image. The development package that holds it helps.',
    missing: [{ kind: 'header', name: '{1}' }],
    refine([line, header = '']) {
      if (!/No such file|not found/.test(line)) return 'ignore';
      if (/^numpy\//.test(header)) {
        return {
          class: 'build-requirement',
          cause: `The build needs numpy's header ${header}, and numpy is not among its build requirements. It must be added there.`,
          missing: [],
          edit: { requires: { additions: ['numpy'] } },
          why: 'numpy brings its own headers, for the interpreter that builds.',
        };
      }
      const bindings = /^(pybind11|nanobind)\//.exec(header)?.[1];
      if (bindings !== undefined) {
        return {
          class: 'build-requirement',
          cause: `The build needs ${header}, and ${bindings} is not among its build requirements. It must be added there.`,
          missing: [],
          edit: { requires: { additions: [bindings] } },
          why: `${bindings} brings its own headers; a distribution's may be older than this Python.`,
        };
      }
      if (header === 'pystrhex.h') {
        return {
          class: 'python-too-new',
          cause: `Python 3.11 took ${header} away, which was its own. A newer release of the project, another project, or Python 3.10 helps.`,
          missing: [],
        };
      }
      if (header === 'longintrepr.h') {
        return {
          class: 'python-too-new',
          cause:
            'Python 3.11 moved longintrepr.h, and this C code was generated for older ones. A newer release of the project, or Python 3.10, helps.',
          missing: [],
        };
      }
      if (/^(?:Python|pyconfig|structmember|frameobject)\.h$/.test(header)) {
        return {
          class: 'infrastructure',
          cause: `${header} belongs to the interpreter itself: the image's Python has no headers, or the compiler was not told where they are.`,
          missing: [],
        };
      }
      if (/^jni(?:_md)?\.h$/.test(header)) {
        return {
          class: 'toolchain-missing',
          cause: 'jni.h comes with a Java development kit, which the image does not have.',
          missing: [],
          edit: { toolchains: ['java'] },
          why: 'The java toolchain brings a JDK with jni.h.',
        };
      }
      if (NO_SUCH_PART_OF_DEBIAN.test(header)) {
        return {
          class: 'compile-error',
          cause: `${header} belongs to another operating system: the build took the wrong branch for Linux, or the project does not support it.`,
          missing: [],
        };
      }
      if (NEW_CXX.test(header)) {
        return {
          class: 'toolchain-missing',
          cause: `<${header}> came with a newer C++ standard library than the compiler of the image has. A newer target has a newer one; an older release may ask for less.`,
          missing: [],
        };
      }
      if (header === 'xlocale.h') {
        return {
          class: 'compile-error',
          cause:
            'glibc 2.26 removed xlocale.h; the code is older than that. A newer release of the project usually helps.',
          missing: [],
        };
      }
      return {};
    },
  },
  {
    match: /(?:cannot find|unable to find library) -l:?(\S+?)(?:: No such file or directory|$)/,
    weight: 'linker',
    class: 'missing-library',
    cause:
      'The linker does not find the library {1}. Its development package brings the link (lib{1}.so) that it looks for.',
    missing: [{ kind: 'library', name: '{1}' }],
    refine([_line, name = '']) {
      return /^python\d/.test(name)
        ? {
            class: 'compile-error',
            cause:
              'The build links against libpython, which wheels must not do: extension modules find these symbols in the interpreter.',
            missing: [],
          }
        : {};
    },
  },
  {
    match: /relocation \S+ against .* can not be used when making a shared object; recompile with -fPIC/,
    weight: 'linker',
    class: 'compile-error',
    cause:
      'A static library that was not compiled as position independent code is linked into the extension. The shared library, or one compiled with -fPIC, is needed.',
  },
  {
    match: /\.bss\S*: multiple definition of [`‘'](.+?)['’]/,
    weight: 'linker',
    class: 'compile-error',
    cause:
      'Several files define the variable {1}, mostly by a header that lacks `extern`. Before GCC 10 that was one variable, and -fcommon makes it one again.',
    edit: { environment: { CFLAGS: '-fcommon' } },
    why: 'gcc -fcommon treats such definitions as compilers before 2020 did.',
    guess: true,
  },
  {
    match: /(?:: |^)undefined reference to [`‘'](.+?)['’]/,
    weight: 'compile',
    class: 'compile-error',
    cause:
      'The linker misses {1}: a library is not named on its command line, or is older than the code. Compare the library that should have it with what the project asks for.',
  },
  {
    match: /undefined symbol: (\S+?)(?:\s+\(.*\))?$/,
    weight: 'exception',
    class: 'library-too-old',
    cause:
      'The extension was linked, but {1} is in none of the libraries that it loads: the library is older than the code, or was left out when linking. An older release of the project, a newer target or a newer library helps.',
    refine: ([, symbol = '']) =>
      /^Py(?:Int|String)_/.test(symbol)
        ? {
            class: 'build-requirement',
            cause: `The extension uses ${symbol} of Python 2. SWIG before 4.5 defined such names in what it generated, and many interfaces rely on that. An older SWIG, or a newer release of the project, helps.`,
            edit: { requires: { constraints: ['swig<4.5'] } },
            why: 'SWIG 4.4 is the last that defines them.',
            guess: true,
          }
        : PY_NAME.test(symbol)
          ? {
              class: 'python-too-new',
              cause: `The extension uses ${symbol}, which this Python no longer has (the compiler only warned). A newer release of the project, or an older Python, helps.`,
              ...rewritten(symbol),
            }
          : {},
  },
  {
    match: /error: #error:? ?(.*)/,
    weight: 'python-api',
    class: 'compile-error',
    cause: 'The code itself refuses to be compiled here and says why: {1}',
    refine([_line, text = '']) {
      if (/result of a failed Cython compilation/.test(text)) {
        return {
          class: 'build-requirement',
          cause:
            'The sdist holds what Cython left behind when it failed, in place of C code. Cython has to make it anew, or another release helps.',
          edit: { requires: { additions: ['cython'] } },
          why: 'Where Cython is there, a setup script that knows it makes its C code anew.',
          guess: true,
        };
      }
      // Not the name of the project itself: ham-python.
      if (/(?<![\w-])python(?![\w-])/i.test(text) && /support|version|require|need/i.test(text)) {
        return {
          class: 'python-too-new',
          cause: `The code does not support this Python: ${text} A newer release of the project helps.`,
        };
      }
      if (
        /or (?:later|newer|above|greater|higher)|too old|at least|newer (?:version )?(?:is )?(?:required|needed)|>=|minimum|requires? .*\d|compatible .*\bversion .*\d/i.test(
          text,
        )
      ) {
        return {
          class: 'library-too-old',
          cause: `The code needs a newer library than the base has: ${text} An older release of the project, a newer target, or the library built first from a newer source package helps.`,
        };
      }
      return {};
    },
  },
  {
    // The compilers that most wheels are built with take C++17 for granted, so that projects forget to ask for it.
    match: /note: .+ is only available from C\+\+(\d\d) onwards|static assertion failed: .*C\+\+(\d\d)/,
    weight: 'python-api',
    class: 'compile-error',
    cause: 'The code is written in C++{1}{2}, which the compiler of the image knows and does not take for granted.',
    edit: { environment: { CPPFLAGS: '-std=c++{1}{2}' } },
    why: 'CPPFLAGS reach the compiler by way of setuptools, meson and autotools, and what a project itself asks for comes after them.',
    guess: true,
  },
  {
    match:
      /error: [‘'`](?:struct )?(_?Py\w*|struct _ts|_?_?py\w+|PyThreadState\b)[^’']*[’'].*has no member named [‘'`](\w+)[’']/,
    weight: 'python-api',
    class: 'python-too-new',
    cause:
      'The C code reaches into {1}, whose member {2} this Python no longer has. A newer release of the project (its C is generated by a newer Cython), or an older Python, helps.',
  },
  {
    match:
      /error: (?:implicit declaration of function |too (?:few|many) arguments to function |unknown type name )[‘'`](_?_?Py\w*|CFrame|PyCFrame)/,
    weight: 'python-api',
    class: 'python-too-new',
    cause:
      'The C code uses {1} in a way that this Python no longer offers. A newer release of the project, or an older Python, helps.',
    refine: ([_line, name = '']) => rewritten(name),
  },
  {
    match: /error: lvalue required as left operand of assignment/,
    weight: 'python-api',
    class: 'python-too-new',
    cause:
      'From Python 3.11, Py_TYPE(), Py_SIZE() and Py_REFCNT() are functions, and nothing can be assigned to them. Py_SET_TYPE() and its kind do it since Python 3.9.',
    edit: { prepare: REWRITE_OLD_API },
    why: 'It replaces each such assignment by the function that is made for it.',
    guess: true,
  },
  {
    match: /error: [‘'`](_?_?Py\w+)(?:\([^)]*\))?[’'] (?:undeclared|was not declared in this scope)/,
    weight: 'python-api',
    class: 'python-too-new',
    cause:
      'The C code uses {1}, which this Python does not have. A newer release of the project, or an older Python, helps.',
    refine: ([_line, name = '']) => rewritten(name),
  },
  {
    match:
      /error: [‘'`](?:const |class |struct )*(?!std\b)([A-Za-z]\w+)::[^’']*[’'] has no member named [‘'`](\w+)[’']/,
    weight: 'compile',
    class: 'library-too-old',
    cause:
      'The code uses {2} of the C++ library {1}, whose installed headers do not have it: the library is most likely older than this release needs. An older release of the project, a newer target, or the library built first from a newer source package helps.',
  },
  {
    match:
      /error: [‘'`](?:const |struct )*([A-Za-z]\w*)(?: ?\*)?[’'](?: \{aka [^}]*\})? has no member named [‘'`](\w+)[’']/,
    weight: 'compile',
    class: 'library-too-old',
    cause:
      "The code uses {2} of the library's {1}, whose installed headers do not have it: the library is most likely older than this release needs. An older release of the project, a newer target, or the library built first from a newer source package helps.",
    refine: ([_line, name = '']) =>
      looksLikeLibraryName(name) || /^[A-Z]{2,}[a-z]+[A-Z]\w+$/.test(name) ? {} : 'ignore',
  },
  {
    match: /error: [‘'`](\w+)(?:\([^)]*\))?[’'] (?:undeclared|was not declared in this scope|is not a member of)/,
    weight: 'compile',
    class: 'compile-error',
    cause: 'The compiler does not know {1}: a header is not included, or the code is broken for this compiler.',
    refine([line, name = '']) {
      if (/is not a member of [‘'`]std[’']/.test(line)) return {};
      return looksLikeLibraryName(name)
        ? {
            class: 'library-too-old',
            cause: `The code uses ${name}, which the installed library's headers do not have: the library is most likely older than this release needs. An older release of the project, a newer target, or the library built first from a newer source package helps.`,
          }
        : {};
    },
  },
  {
    match:
      /error: #error "?(?:This file requires|.*)compiler and library support for the ISO C\+\+ ?(\d+)|error: .*requires? (?:at least )?C\+\+ ?(\d+)/i,
    weight: 'compile',
    class: 'compile-error',
    cause:
      'The compiler of the image does not know the C or C++ standard that the code asks for. A newer target has a newer compiler; an older release may ask for less.',
  },
  {
    match: /Error: (?:Type|Rank) mismatch (?:in argument|between actual argument)/,
    weight: 'compile',
    class: 'compile-error',
    cause:
      'gfortran 10 and later refuse calls whose arguments differ in type or rank from one to the next, which older ones took. A flag makes it a warning again.',
    edit: { environment: { FFLAGS: '-fallow-argument-mismatch' } },
    why: 'It is what gfortran itself offers for code that is older than it.',
    guess: true,
  },
  {
    match: /error: bad value \([‘'"]?([\w.-]+)[’'"]?\) for [‘'"]-m(?:arch|cpu|tune)=/,
    weight: 'compile',
    class: 'cpu-bound',
    cause:
      "The build compiles for the processor {1}, which the image's compiler does not know; a wheel made for it would run on few machines. A flag of the project, or a patch, that leaves the choice out helps.",
  },
  {
    match: /error: unrecognized command[- ]line option [‘'"](\S+?)[’'"]/,
    weight: 'compile',
    class: 'compile-error',
    cause:
      "The image's compiler does not know the option {1}: it is meant for a newer or another compiler. A newer target has a newer one; a flag of the project or a patch may leave the option out.",
  },
  {
    match:
      /^(\S+?\.(?:c|cc|cpp|cxx|h|hh|hpp|hxx|pyx|m|f|f90|F90|cu|inc|tcc))[:(]\d+(?:[:,]\d+)?\)?: (?:fatal )?error: (.+)/,
    weight: 'compile',
    class: 'compile-error',
    cause:
      'The compiler refuses the code of {1}: it is not valid for this compiler and these libraries. A newer or older release of the project, or a flag that turns the error into a warning, usually helps.',
    refine: ([_line, , text = '']) => (/^#error|too many errors/.test(text) ? 'ignore' : {}),
  },
  {
    match:
      /error: command '?([\w./+-]*?(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+)(?:-\d+)?)'? failed: No such file or directory|(?:configure: error: (?:no acceptable C compiler|C\+?\+? compiler cannot create executables))/,
    weight: 'tool',
    class: 'toolchain-missing',
    cause:
      'There is no C or C++ compiler in the image. A builder image has one: this log comes from another, or the image is broken.',
  },
];

/** What C libraries name carries the library's prefix: `CURLUE_NO_ZONEID`, `xmlSecKeyDataFormatEngine`, `EVP_PKEY_get_id`, `cholmod_common`. */
function looksLikeLibraryName(name: string): boolean {
  return (
    /^[A-Z][A-Z0-9]{1,}_[A-Z0-9_]{3,}$/.test(name) ||
    /^[a-z]{2,}(?:[A-Z][a-z0-9]+){2,}$/.test(name) ||
    /^[A-Za-z][A-Za-z0-9]*_[A-Za-z0-9_]{5,}$/.test(name)
  );
}
