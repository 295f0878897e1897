import { type Finding, minorOf, type Rule, type Surroundings } from '../rule.js';

/** Releases that were written for an older numpy than the one that builds or runs them. */
export const numpyRules: readonly Rule[] = [
  {
    match: /AttributeError: fcompiler\b|CCompiler_spawn\(\) got an unexpected keyword argument/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'The setup script uses numpy.distutils, which no longer works with setuptools 60 and newer.',
    edit: { requires: { constraints: ['setuptools<60'] } },
    why: 'setuptools 59 is the last that numpy.distutils was made for.',
  },
  {
    match: /No module named ['"]?numpy\.distutils/,
    weight: 'requirement',
    class: 'python-too-new',
    cause:
      'The setup script uses numpy.distutils, which no numpy for Python 3.12 or newer has. Python 3.11, or a newer release of the project, helps.',
    refine: (_match, { python }) =>
      python !== undefined && minorOf(python) <= 11
        ? {
            class: 'build-requirement',
            cause: 'The setup script uses numpy.distutils, which numpy has only up to 1.26.',
            edit: { requires: { constraints: ['numpy<1.27'] } },
            why: 'numpy 1.26 is the last with numpy.distutils.',
          }
        : {},
  },
  {
    match:
      /error: [‘'`](?:struct )?_?(PyArray_\w+)[^’']*[’'].*has no member named|invalid use of incomplete typedef [‘'`](PyArray_\w+)|error: [‘'`]((?:NPY|PyArray)_\w+)[’'] (?:undeclared|was not declared)/,
    weight: 'python-api',
    class: 'build-requirement',
    cause: "The C code uses numpy's {1}{2}{3} in a way that numpy 2 no longer offers.",
    refine: ([, a, b, c], around) =>
      olderNumpy('2', 12, `The C code uses numpy's ${a ?? b ?? c} in a way that numpy 2 no longer offers.`, around),
  },
  {
    match: /AttributeError: `np\.(\w+)` was removed in the NumPy 2\.0 release/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'The code uses np.{1}, which numpy 2 no longer has.',
    refine: ([, name], around) => olderNumpy('2', 12, `The code uses np.${name}, which numpy 2 no longer has.`, around),
  },
  {
    match: /module ['"]numpy['"] has no attribute ['"](int|float|bool|object|str|complex|long|unicode|typeDict)['"]/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'The code uses np.{1}, which numpy 1.24 removed.',
    refine: ([, name], around) => olderNumpy('1.24', 11, `The code uses np.${name}, which numpy 1.24 removed.`, around),
  },
  {
    match:
      /(?:Error|Exception|Exit): .*\b(?:needs?|requires?|install) (?:\w+ ){0,2}?numpy\b(?! *(?:[<>=!~]|version|\d))/i,
    weight: 'dependency',
    class: 'build-requirement',
    cause: 'The setup script says that it needs numpy, which is not among the declared build requirements.',
    edit: { requires: { additions: ['numpy'] } },
    why: 'It is there then while the wheel is built.',
    guess: true,
    refine: (_match, { phase }) => (phase === 'test' ? 'ignore' : {}),
  },
  {
    match: /No BLAS\/LAPACK libraries found/,
    weight: 'dependency',
    class: 'missing-library',
    cause: 'The build needs BLAS and LAPACK, which are not in the image. The development package of OpenBLAS has both.',
    missing: [{ kind: 'library', name: 'openblas' }],
  },
  {
    // `__builtins__` is a module only in the script that is run itself, and backends run setup.py otherwise.
    match: /['"]dict['"] object has no attribute ['"]__NUMPY_SETUP__['"]/,
    weight: 'requirement',
    class: 'bad-sdist',
    cause:
      'The setup script sets __builtins__.__NUMPY_SETUP__, which only works where the script is run by hand. numpy has asked for no such thing since 1.8.',
    edit: { prepare: `sed -i 's/__builtins__\\.__NUMPY_SETUP__/__import__("builtins").__NUMPY_SETUP__/' setup.py\n` },
    why: 'Said of the module builtins it works however the script is run.',
    guess: true,
  },
];

/** `lastPython`: minor version of the last Python for which such a numpy has wheels. */
function olderNumpy(
  before: string,
  lastPython: number,
  what: string,
  { python, phase }: Surroundings,
): Partial<Finding> {
  const requirement = `numpy<${before}`;
  if (python !== undefined && minorOf(python) > lastPython) {
    return {
      class: 'python-too-new',
      cause: `${what} An older numpy has no wheels for this Python: a newer release of the project, or an older Python, helps.`,
    };
  }
  const cause = `${what} An older numpy helps.`;
  const why = `${requirement} still has it.`;
  return phase === 'test'
    ? { class: 'test-failed', cause, edit: { test: { requires: [requirement] } }, why, guess: true }
    : { cause, edit: { requires: { constraints: [requirement] } }, why };
}
