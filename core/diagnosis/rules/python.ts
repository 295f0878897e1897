import type { Phase } from '../../phase.js';
import { OLD_WORDS } from '../old-words.js';
import type { Finding, Rule } from '../rule.js';

const FROM_STDLIB_REMOVED =
  /^(?:imp|asyncore|asynchat|smtpd|distutils|cgi|cgitb|pipes|telnetlib|crypt|nntplib|lib2to3|imghdr|sndhdr|audioop|chunk|msilib|nis|ossaudiodev|spwd|sunau|uu|xdrlib|binhex|formatter|parser|symbol|macpath)$/;

/** Projects whose import name is another; a fact about each, not a guess. Everything else is known by its own name. */
const PROJECT_OF: Readonly<Record<string, string>> = {
  Cython: 'cython',
  pkg_resources: 'setuptools',
  yaml: 'pyyaml',
  jinja2: 'jinja2',
  skbuild: 'scikit-build',
  scikit_build_core: 'scikit-build-core',
  mesonpy: 'meson-python',
  setuptools_scm: 'setuptools-scm',
  setuptools_rust: 'setuptools-rust',
  hatch_vcs: 'hatch-vcs',
  flit_core: 'flit-core',
  poetry: 'poetry-core',
  cppy: 'cppy',
  google: 'protobuf',
  sipbuild: 'sip',
  gi: 'pygobject',
  attr: 'attrs',
  dateutil: 'python-dateutil',
  sklearn: 'scikit-learn',
  PIL: 'pillow',
  git: 'gitpython',
  bs4: 'beautifulsoup4',
  past: 'future',
  pdm: 'pdm-backend',
  pyqtbuild: 'pyqt-builder',
  pyximport: 'cython',
  Crypto: 'pycryptodome',
  OpenSSL: 'pyopenssl',
};

/** Packages that several projects share. */
const NAMESPACE =
  /^(?:google|poetry|pdm|ruamel|zope|backports|jaraco|sphinxcontrib|mpl_toolkits|azure|paste|flask_ext|oslo|repoze|plone|xstatic)$/;

/** setuptools, Cython and Python itself through the ages: old sdists against new tools. */
export const pythonRules: readonly Rule[] = [
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
    match: /No module named ['"]?numpy\.distutils/,
    weight: 'requirement',
    class: 'python-too-new',
    cause:
      'The setup script uses numpy.distutils, which no numpy for Python 3.12 or newer has. Python 3.11, or a newer release of the project, helps.',
    refine: (_match, { python }) =>
      python !== undefined && minor(python) <= 11
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
      python === undefined || minor(python) < 12
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
  {
    match: /KeyError: ['"](?:__)?version(?:__)?['"]/i,
    weight: 'requirement',
    class: 'python-too-new',
    cause:
      'From Python 3.13, exec() no longer changes the local variables of a function (PEP 667), and this setup script reads its version that way. A newer release of the project, or an older Python, helps.',
    refine: (_match, { python }) => (python !== undefined && minor(python) < 13 ? 'ignore' : {}),
  },
  {
    match:
      /setuptools-scm was unable to detect version|Error getting the version from source `vcs`|setuptools_scm.*unable to detect version/,
    weight: 'requirement',
    class: 'bad-sdist',
    cause:
      'The version comes from a version control system, and the sdist does not carry it. It can be told by an environment variable.',
    refine: () => ({}),
  },
  {
    match: /(?:BackendUnavailable|Cannot import build backend)[:\s]*['"]?([\w.:]*)/,
    weight: 'exception',
    class: 'build-requirement',
    cause:
      'The build backend {1} cannot be imported: it is not among the build requirements, or does not run on this Python.',
  },
  {
    match: /The Poetry configuration is invalid/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'pyproject.toml says something that this poetry-core does not know: usually it is older than the project.',
    edit: { requires: { additions: ['poetry-core>=2'] } },
    why: 'Newer ones know more and still take what is older.',
    guess: true,
  },
  {
    match: /Unable to determine which files to ship inside the wheel/,
    weight: 'requirement',
    class: 'build-requirement',
    cause:
      'hatchling finds no folder with the name of the project, and says so since 1.19; older ones took all that there was.',
    edit: { requires: { constraints: ['hatchling<1.19'] } },
    why: 'The project may be older than that.',
    guess: true,
  },
  {
    match: /AttributeError: install_layout/,
    weight: 'requirement',
    class: 'build-requirement',
    cause:
      "Debian's own setuptools and another one are mixed in the environment that builds. Building in an environment of its own (pip's build isolation, or a virtual environment) helps.",
  },
  {
    match: /UnknownPluginError: Unknown (?:version source|build hook|metadata hook): (\S+)/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: "hatchling's plugin {1} is not among the build requirements.",
    refine: ([, name = '']) => ({
      edit: { requires: { additions: [`hatch-${name}`] } },
      why: `hatch-${name} is where a plugin of that name usually is.`,
      ...(name === 'vcs' ? {} : { guess: true as const }),
    }),
  },
  {
    match: /ERROR Missing dependencies:|Missing build dependencies/,
    weight: 'exception',
    class: 'build-requirement',
    cause: 'Build requirements that the project declares are not installed.',
  },
  {
    // Old copies of versioneer.py, which many projects carry.
    match:
      /module ['"]configparser['"] has no attribute ['"]SafeConfigParser|ConfigParser['"] object has no attribute ['"]readfp/,
    weight: 'exception',
    class: 'python-too-new',
    cause:
      'The setup script uses SafeConfigParser or readfp(), which Python 3.12 removed. ConfigParser and read_file() do the same since Python 3.2.',
    edit: OLD_WORDS.configparser.edit,
    why: OLD_WORDS.configparser.why,
    guess: true,
  },
  {
    match:
      /(?:AttributeError: module ['"](?:collections|inspect|asyncio|configparser|fractions|ast|locale|time|types|typing|unittest|platform|gettext|base64|math|sys|logging|importlib\.resources|pkgutil)['"] has no attribute ['"](\w+)['"])|ImportError: cannot import name ['"](\w+)['"] from ['"](?:collections|inspect|fractions|configparser|asyncio|importlib|typing|ast)['"]/,
    weight: 'exception',
    class: 'python-too-new',
    cause:
      'The code uses {1}{2}, which newer Pythons removed from the standard library. A newer release of the project, or an older Python, helps.',
  },
  {
    match:
      /AttributeError: ['"]?(?:ConfigParser|SafeConfigParser|Constant|_SixMetaPathImporter|FrozenImporter)['"]? object has no attribute ['"](?:readfp|s|n|find_spec)/,
    weight: 'exception',
    class: 'python-too-new',
    cause:
      'The code uses a method that newer Pythons removed. A newer release of the project, or an older Python, helps.',
  },
  {
    match:
      /RuntimeError: Cannot install on Python version (\S+);|(?:RuntimeError|SystemExit|Exception|ERROR|Error|error): .*(?:Python (?:version )?(?:>=?|<=?) ?3|only (?:supports|versions)|(?:not|n't) (?:yet )?support(?:ed)? (?:Python|on Python)|(?:requires|need) (?:a )?Python (?:version )?[<\d])/i,
    weight: 'requirement',
    class: 'python-too-new',
    cause:
      'The project says that it does not run on this Python. A newer release of the project, or another Python, helps.',
    // Which build requirement it is that pip passes over stands below.
    refine: ([line], { installingRequirements }) =>
      installingRequirements && /Ignored the following/.test(line) ? 'ignore' : {},
  },
  {
    match:
      /SyntaxError: (?:Missing parentheses in call to ['"]print|multiple exception types must be parenthesized|leading zeros in decimal integer literals|invalid hexadecimal literal)|NameError: name ['"](?:unicode|xrange|raw_input|execfile|unichr|basestring)['"] is not defined|ModuleNotFoundError: No module named ['"](?:ConfigParser|StringIO|urllib2|commands|__builtin__|cPickle)['"]/,
    weight: 'requirement',
    class: 'python-too-new',
    cause: 'The code is written for Python 2. A newer release of the project, or another project, is needed.',
  },
  {
    match: /ModuleNotFoundError: No module named ['"]?([\w.]+)['"]?|ImportError: No module named ['"]?([\w.]+)['"]?/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'The build imports {1}{2}, which is not among its declared build requirements.',
    refine([, a, b], { phase }) {
      const name = a ?? b ?? '';
      const top = name.split('.')[0] ?? name;
      if (FROM_STDLIB_REMOVED.test(top)) {
        return {
          class: 'python-too-new',
          cause: `Newer Pythons no longer have the standard module ${top}, which the code imports. A newer release of the project, or an older Python, helps.`,
          ...(top === 'imp' && phase === 'build'
            ? {
                edit: OLD_WORDS.imp.edit,
                why: OLD_WORDS.imp.why,
                guess: true,
              }
            : {}),
        };
      }
      if (phase === 'test') {
        return {
          class: 'test-failed',
          cause: `The wheel imports ${name}, which neither it nor anything that it requires brings. A requirement of the test, or of the project, is not declared.`,
          edit: { test: { requires: [PROJECT_OF[top] ?? top] } },
          why: `A project of that name usually brings ${top}.`,
          guess: true,
        };
      }
      if (name !== top && !NAMESPACE.test(top)) {
        // Python names the part that it did not find: what stands before it was there.
        return {
          cause: `The build imports ${name}, which the ${top} that it finds does not have: it was written for another version of ${PROJECT_OF[top] ?? top}.`,
        };
      }
      return {
        edit: { requires: { additions: [PROJECT_OF[top] ?? top] } },
        why: `The project ${PROJECT_OF[top] ?? top} brings the module ${top}.`,
        ...(PROJECT_OF[top] === undefined &&
        !/^(?:numpy|wheel|setuptools|pybind11|cffi|packaging|toml|tomli|six|cython|hatchling|pbr|nanobind|maturin|pythran|ninja|cmake)$/.test(
          top,
        )
          ? { guess: true as const }
          : {}),
      };
    },
  },
  {
    match:
      /ImportError: (?:the )?[`'"]?([\w.]+)[`'"]? (?:package |module )?(?:should|must|needs to|has to) be imported before [`'"]?([\w.]*\w)/,
    weight: 'requirement',
    class: 'test-failed',
    cause:
      'The wheel is the compiled part of {1}: {2} can only be imported after {1}, which it does not require itself.',
    refine([, first = '', second = ''], { phase }) {
      const top = first.split('.')[0] ?? first;
      if (phase === 'build' || phase === 'fetch') return 'ignore';
      return {
        edit: { test: { requires: [PROJECT_OF[top] ?? top], imports: [first, second] } },
        why: `The test imports ${first} first, from the project of that name.`,
        guess: true,
      };
    },
  },
  {
    match: /UnicodeDecodeError: ['"]ascii['"]/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'The setup script reads a file in the locale’s encoding, which is ASCII here.',
    edit: { environment: { LC_ALL: 'C.UTF-8', PYTHONUTF8: '1' } },
    why: 'Python then reads files as UTF-8.',
  },
  {
    match: /error: Multiple top-level packages discovered in a flat-layout/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'setuptools from 61 finds packages by itself and refuses this layout. An older setuptools helps.',
    edit: { requires: { constraints: ['setuptools<61'] } },
    why: 'Versions before 61 pack what setup.py names.',
    guess: true,
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

function minor(python: string): number {
  return Number(python.split('.')[1] ?? '0');
}
