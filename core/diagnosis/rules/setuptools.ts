import type { Phase } from '../../phase.js';
import { OLD_WORDS } from '../old-words.js';
import { type Finding, minorOf, type Rule, type Surroundings } from '../rule.js';

const WITHOUT_PROJECT = `# The [project] table goes, which setuptools before 61 passed over.
awk '/^\\[/ { gone = /^\\[+project[].]/ } !gone' pyproject.toml > pyproject.new
mv pyproject.new pyproject.toml
`;

const NO_DISCOVERY = `# Nothing is packed but what the setup script names, as by setuptools before 61.
grep -qs '^\\[tool\\.setuptools\\]' pyproject.toml || printf '\\n[tool.setuptools]\\npy-modules = []\\n' >> pyproject.toml
`;

/** What setuptools and its neighbours dropped or became strict about, release by release (https://setuptools.pypa.io/en/stable/history.html). */
export const setuptoolsRules: readonly Rule[] = [
  {
    match: /ModuleNotFoundError: No module named ['"]?pkg_resources|ImportError: .*\bpkg_resources\b/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'setuptools 82 dropped pkg_resources, which this setup script imports. An older setuptools helps.',
    edit: OLD_WORDS.pkgResources.edit,
    why: OLD_WORDS.pkgResources.why,
    refine: (_match, { phase }) => undeclaredSetuptools('pkg_resources', 'setuptools<81', phase),
  },
  {
    match:
      /No module named ['"]?distutils\.msvccompiler|cannot import name ['"]msvccompiler|No module named ['"]distutils\.log/,
    weight: 'requirement',
    class: 'build-requirement',
    cause:
      'setuptools 74 dropped an old module that this build still imports (numpy.distutils does). An older setuptools helps.',
    edit: { requires: { constraints: ['setuptools<74'] } },
    why: 'Versions before 74 still bring distutils.msvccompiler.',
  },
  {
    match: /ModuleNotFoundError: No module named ['"]?distutils/,
    weight: 'requirement',
    class: 'build-requirement',
    cause:
      'Python 3.12 removed distutils, and the setuptools of this build is too old to bring its own (it is often pinned by the project), or is missing. A newer setuptools, or an older Python, helps.',
    refine: (_match, { phase }) => undeclaredSetuptools('distutils', 'setuptools', phase),
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
    match: /module ['"]pkgutil['"] has no attribute ['"]ImpImporter['"]/,
    weight: 'requirement',
    class: 'build-requirement',
    cause:
      'The setuptools of this build is too old for Python 3.12 and newer; the project often pins it. A newer one helps.',
    edit: { requires: { additions: ['setuptools>=66.1'] } },
    why: 'setuptools 66.1 is the first that works without pkgutil.ImpImporter.',
    guess: true,
  },
  {
    match: /use_2to3 is invalid/,
    weight: 'requirement',
    class: 'build-requirement',
    cause:
      'The sdist is written for Python 2 and converted by setuptools, which 58 dropped. An older setuptools helps, where Python still runs it.',
    edit: { requires: { constraints: ['setuptools<58'] } },
    why: 'setuptools 57 is the last that converts the code of Python 2.',
    refine: (_match, { python }) =>
      python === undefined || minorOf(python) < 12
        ? {}
        : {
            class: 'python-too-new',
            cause:
              'The setup script asks setuptools to convert code of Python 2 (use_2to3), which only versions do that do not run on Python 3.12 and newer. Where the code is that of Python 3 already, doing without the conversion helps; else a newer release, or an older Python.',
            edit: OLD_WORDS.use2to3.edit,
            why: OLD_WORDS.use2to3.why,
            guess: true,
          },
  },
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
    match: /Invalid dash-separated (?:options|key)|Invalid uppercase key|dash-separated .* will not be supported/,
    weight: 'requirement',
    class: 'build-requirement',
    cause:
      'setup.cfg spells options with dashes or upper case, which setuptools 78 refuses. An older setuptools helps.',
    edit: { requires: { constraints: ['setuptools<78'] } },
    why: 'Versions before 78 still accept the old spelling.',
    refine: ([line]) => (/(?:Deprecat|will not be supported|Warning)/i.test(line) ? 'ignore' : {}),
  },
  {
    match: /error: invalid command ['"]bdist_wheel['"]/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'Neither wheel nor a setuptools that makes wheels by itself is among the build requirements.',
    edit: { requires: { additions: ['wheel'] } },
    why: 'wheel brings the command bdist_wheel.',
  },
  {
    match: /error: Multiple top-level packages discovered in a flat-layout/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'setuptools from 61 finds packages by itself and refuses this layout. Telling it to find none helps.',
    edit: { prepare: NO_DISCOVERY },
    why: 'Versions before 61 packed what setup.py names, and nothing else.',
    guess: true,
  },
  {
    match: /configuration error: [`'"]project[`'"] must contain \[.*['"](?:name|version)['"]/,
    weight: 'requirement',
    class: 'build-requirement',
    cause:
      'pyproject.toml has a [project] table without a name or version, which setuptools reads from 61 on and refuses. It was meant for other tools, and setup.cfg or setup.py says the rest.',
    edit: { prepare: WITHOUT_PROJECT },
    why: 'Versions before 61, which the release was made with, passed the table over.',
    guess: true,
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
    match:
      /project\.license[`'"]? must be (?:valid exactly by one definition|string)|`project\.license` must|Unknown (?:properties|property):? .*license-files|`license-files`/,
    weight: 'requirement',
    class: 'build-requirement',
    cause:
      'The license is written in the form of PEP 639, which this setuptools is too old for. setuptools 77 or newer helps.',
    edit: { requires: { additions: ['setuptools>=77'] } },
    why: 'setuptools 77 is the first that reads an SPDX license expression.',
  },
  {
    match: /AttributeError: install_layout/,
    weight: 'requirement',
    class: 'build-requirement',
    cause:
      "Debian's own setuptools and another one are mixed in the environment that builds. Building in an environment of its own (pip's build isolation, or a virtual environment) helps.",
  },
  {
    match: /(?:AttributeError|ImportError|TypeError): .*\b(?:setuptools|distutils|pkg_resources|_distutils)\b/,
    weight: 'exception',
    class: 'build-requirement',
    cause:
      'The setup script uses something of setuptools or distutils that this version does not have. A setuptools of the age of the release usually helps.',
  },
];

/** What a finished wheel imports says nothing about how it was built. */
function undeclaredSetuptools(module: string, requirement: string, phase: Phase | undefined): Partial<Finding> {
  if (phase !== 'test') return {};
  return {
    class: 'test-failed',
    cause: `The wheel imports ${module}, which only ${requirement} brings, and does not require it. Whoever installs the wheel needs ${requirement} as well.`,
    edit: { test: { requires: [requirement] } },
    why: `${requirement} brings ${module}.`,
    guess: true,
  };
}

/** Before 66.1 setuptools does not run on Python 3.12 and newer. */
function olderSetuptools(
  before: string,
  why: string,
  { python, phase }: Surroundings,
): ReturnType<NonNullable<Rule['refine']>> {
  if (phase === 'test') return 'ignore';
  if (python !== undefined && minorOf(python) >= 12) {
    return {
      class: 'python-too-new',
      cause: `The setup script needs setuptools before ${before}, which does not run on this Python. A newer release of the project, or an older Python, helps.`,
    };
  }
  return { edit: { requires: { constraints: [`setuptools<${before}`] } }, why };
}
