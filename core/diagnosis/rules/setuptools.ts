import { OLD_WORDS } from '../old-words.js';
import type { Rule, Surroundings } from '../rule.js';

/** What setuptools and its neighbours dropped or became strict about, release by release (https://setuptools.pypa.io/en/stable/history.html). */
export const setuptoolsRules: readonly Rule[] = [
  {
    match: /packaging\.version\.InvalidVersion: Invalid version: (['"][^'"]*['"])/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: '{1} is no version by PEP 440, which setuptools insists on from 66 on.',
    refine: (_match, around) => olderSetuptools('66', 'Versions before 66 take any text for a version.', around),
  },
  {
    match: /containing valid project\/version requirement specifiers/,
    weight: 'requirement',
    class: 'build-requirement',
    cause:
      "The setup script's requirements are not written as PEP 508 wants them, which setuptools insists on from 67 on.",
    edit: { requires: { constraints: ['setuptools<67'] } },
    why: 'Versions before 67 read them less strictly.',
    guess: true,
  },
  {
    match: /cannot import name ['"]Feature['"] from ['"]setuptools/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'The setup script uses setuptools.Feature, which setuptools 46 dropped.',
    refine: (_match, around) => olderSetuptools('46', 'Versions before 46 still have Feature.', around),
  },
  {
    match: /No module named ['"]?setuptools\.command\.test\b/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'The setup script imports setuptools.command.test, which setuptools 72 dropped.',
    edit: { requires: { constraints: ['setuptools<72'] } },
    why: 'Versions before 72 still have it.',
  },
  {
    match: /canonicalize_version\(\) got an unexpected keyword argument ['"]strip_trailing_zero['"]/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'setuptools from 71 on uses the packaging that it finds, and the one of this build is too old for it.',
    edit: { requires: { additions: ['packaging>=22'] } },
    why: 'packaging 22 is the first that takes the argument.',
  },
  {
    match: /WheelFile\.__init__\(\) takes from 2 to 3 positional arguments/,
    weight: 'requirement',
    class: 'build-requirement',
    cause:
      'setuptools from 70.1 on makes wheels itself, by parts of wheel, and the wheel of this build is too old for it.',
    edit: { requires: { constraints: ['setuptools<70.1'] } },
    why: 'Versions before 70.1 leave it to wheel, whatever its version.',
    guess: true,
  },
  {
    match: /license field should be <class ['"]dict['"]>, not <class ['"]str['"]>/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'The license is written in the form of PEP 639, which this flit-core is too old for.',
    edit: { requires: { additions: ['flit-core>=3.11'] } },
    why: 'flit-core 3.11 is the first that reads an SPDX license expression.',
  },
  {
    match: /invalid mode: ['"]r?U[rbt]?['"]/,
    weight: 'requirement',
    class: 'python-too-new',
    cause:
      "The setup script opens a file in the mode 'rU', which Python 3.11 removed. A newer release of the project, or an older Python, helps.",
    edit: OLD_WORDS.modeU.edit,
    why: OLD_WORDS.modeU.why,
    guess: true,
  },
];

/** Before 66.1 setuptools does not run on Python 3.12 and newer. */
function olderSetuptools(
  before: string,
  why: string,
  { python, phase }: Surroundings,
): ReturnType<NonNullable<Rule['refine']>> {
  if (phase === 'test') return 'ignore';
  if (python !== undefined && Number(python.split('.')[1]) >= 12) {
    return {
      class: 'python-too-new',
      cause: `The setup script needs setuptools before ${before}, which does not run on this Python. A newer release of the project, or an older Python, helps.`,
    };
  }
  return { edit: { requires: { constraints: [`setuptools<${before}`] } }, why };
}
