import { rewritten } from '../python-api.js';
import type { Rule } from '../rule.js';

const PY_NAME = /^_?_?Py[A-Z_]|^_?Py(?:Object|Thread|Long|Unicode|Frame|Code|Type)|^_PyErr|^PY_|^tp_print$/;

/** What ld says when it links an extension, and the loader when it is imported. */
export const linkerRules: readonly Rule[] = [
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
    match: /\b(?:gcc|g\+\+|cc|c\+\+|ld)\S*: error: \/(?:usr|lib)\/\S*\blib([\w+-]+)\.(?:a|so)\b\S*: No such file/,
    weight: 'linker',
    class: 'missing-library',
    cause: 'The build links a file of the library {1}, which is not there. Its development package has it.',
    missing: [{ kind: 'library', name: '{1}' }],
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
];
