import { OLD_WORDS } from '../old-words.js';
import { type Finding, minorOf, type Rule } from '../rule.js';

/** C code of Cython 0.29 calls what Python 3.13 has in another form (_PyLong_AsByteArray). */
function isBeyondCython0(python: string | undefined): boolean {
  return python !== undefined && minorOf(python) >= 13;
}

const BEFORE_3_1: Partial<Finding> = {
  cause:
    "This Cython refuses the project's code, which was most likely written for an older one. Cython 3.0 is the oldest for this Python.",
  edit: { requires: { constraints: ['cython<3.1'] } },
  why: 'Cython 3.0 accepts more of what older ones did.',
  guess: true,
};

/** What Cython says of code that was written for an older one, and setup scripts that want it. */
export const cythonRules: readonly Rule[] = [
  {
    match:
      /has no attribute ['"]cython_sources['"]|AttributeError: cython_sources\b|Cython\.Compiler\.Errors\.|CompileError: \S+\.pyx|Cython\.Build\.\S+ has no|module ['"]Cython['"] has no attribute/,
    weight: 'requirement',
    class: 'build-requirement',
    cause:
      "The project's Cython code or setup script was written for Cython 0.29, and Cython 3 refuses it. Cython before 3 helps.",
    edit: { requires: { constraints: ['cython<3'] } },
    why: 'Cython 0.29 still accepts it.',
    refine([line], { python }) {
      const refuses = /Cython\.Compiler\.Errors\.CompileError|CompileError: \S+\.pyx/.test(line);
      if (isBeyondCython0(python)) {
        return line.includes('cython_sources')
          ? {
              cause:
                'The setup script builds upon the command of Cython 0.29, whose C code Python 3.13 does not take. Cython 3 has that command under another name.',
              edit: OLD_WORDS.cythonSources.edit,
              why: OLD_WORDS.cythonSources.why,
              guess: true,
            }
          : BEFORE_3_1;
      }
      return refuses ? { guess: true } : {};
    },
  },
  {
    match: /\.p(?:yx|xd|xi):\d+:\d+: Cannot assign type .*Exception values are incompatible/,
    weight: 'requirement',
    class: 'build-requirement',
    cause:
      'From Cython 3, functions of Cython code may raise exceptions unless they say otherwise, and this code was written before. A directive of Cython gives it the old meaning.',
    edit: OLD_WORDS.noexcept.edit,
    why: OLD_WORDS.noexcept.why,
    guess: true,
  },
  {
    match: /\.p(?:yx|xd|xi):\d+:\d+: undeclared name not builtin: (long|unicode|basestring|xrange|unichr)\b/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'Cython 3.1 forgot {1}, which is of Python 2, and this code still uses it. Cython before 3.1 helps.',
    edit: { requires: { constraints: ['cython<3.1'] } },
    why: 'Cython 3.0 still knows it.',
    guess: true,
  },
  {
    match: /^(\S+)\.p(?:yx|xd|xi):\d+:\d+: '(\w+)(?:\/__init__)?\.pxd' not found/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'Cython code of the project takes declarations from {2}, which is not among its build requirements.',
    refine: ([, file = '', name = '']) =>
      // Cython does not find a part of the project itself.
      `/${file}/`.includes(`/${name}/`) || /^(?:cpython|libc|libcpp|posix|openmp)$/.test(name)
        ? 'ignore'
        : {
            edit: { requires: { additions: [name] } },
            why: `The project ${name} brings its declarations for Cython.`,
            ...(name === 'numpy' ? {} : { guess: true as const }),
          },
  },
  {
    match: /error: [‘'`](__pyx_\w+|CYTHON_[A-Z\d_]+)[’'] (?:undeclared|was not declared in this scope)/,
    weight: 'python-api',
    class: 'build-requirement',
    cause:
      'Code of the project uses {1}, which is a part of what Cython before 3.1 generated and not of what this one does.',
    edit: { requires: { constraints: ['cython<3.1'] } },
    why: 'Cython 3.0 still generates it.',
    guess: true,
  },
  {
    match: /(?:[Ee]rror|Exception|SystemExit): .*\b(?:needs?|requires?) [Cc]ython\b(?! ?<)/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'The build says that it needs Cython, which is not among its declared build requirements.',
    edit: { requires: { additions: ['cython'] } },
    why: 'cython is a Python package; the project does not declare it.',
  },
  {
    match: /^(?:Error compiling Cython file|\S+\.(?:pyx|pxd|pxi):\d+:\d+: )/,
    weight: 'compile',
    class: 'build-requirement',
    cause: "Cython refuses the project's code, usually because it is newer than the code. Cython before 3 often helps.",
    edit: { requires: { constraints: ['cython<3'] } },
    why: 'Cython 0.29 accepts older code.',
    guess: true,
    refine([line], { python }) {
      if (/^Error compiling|warning|Warning|performance hint|note:/i.test(line)) return 'ignore';
      return isBeyondCython0(python) ? BEFORE_3_1 : {};
    },
  },
];
