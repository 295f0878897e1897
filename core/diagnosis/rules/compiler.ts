import type { Rule } from '../rule.js';

/** What the compilers of C, C++ and Fortran refuse. */
export const compilerRules: readonly Rule[] = [
  {
    match: /: error: .*\[-Werror=([\w+-]+)=?\]$/,
    weight: 'compile',
    class: 'compile-error',
    cause:
      'The compiler warns ({1}), and the project takes warnings for errors, which only holds for the compilers that its authors have. A flag makes it a warning again.',
    edit: { environment: { CPPFLAGS: '-Wno-error={1}' } },
    why: 'What is said of one warning comes before -Werror, wherever it stands; CPPFLAGS reach the compiler by way of setuptools, meson and autotools.',
    guess: true,
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
      /error: static assertion failed: (?!.*C\+\+\d)(.*(?:too old|or (?:later|newer|above)|at least \S*\d|>= ?\d).*)/i,
    weight: 'python-api',
    class: 'library-too-old',
    cause:
      'The code needs a newer library than the base has: {1} An older release of the project, a newer target, or the library built first from a newer source package helps.',
  },
  {
    // By GCC 11 or later: `using enum`, `if consteval`, and what the standard library got.
    match:
      /error: (?:expected nested-name-specifier before [‘'`]enum[’']|expected [‘'`]\([’'] before [‘'`]consteval[’']|[‘'`](bit_cast|source_location|make_unique_for_overwrite|byteswap|expected|unexpected|unreachable|to_underlying|format|format_to|move_only_function|print|println|barrier|latch|counting_semaphore|binary_semaphore)[’'] (?:is not a member of|in namespace) [‘'`](?:class )?std[’'])/,
    weight: 'compile',
    class: 'toolchain-missing',
    cause:
      'The code is written in a C++ that is newer than the compiler of the image. A newer target has a newer one; an older release may ask for less.',
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
