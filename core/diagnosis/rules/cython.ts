import { OLD_WORDS } from '../old-words.js';
import type { Rule } from '../rule.js';

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
    refine: ([line]) =>
      /Cython\.Compiler\.Errors\.CompileError|CompileError: \S+\.pyx/.test(line) ? { guess: true } : {},
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
    refine: ([line]) => (/^Error compiling|warning|Warning|performance hint|note:/i.test(line) ? 'ignore' : {}),
  },
];
