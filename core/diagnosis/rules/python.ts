import { OLD_WORDS } from '../old-words.js';
import { minorOf, type Rule } from '../rule.js';

/** Python code that was written for an older Python. */
export const pythonRules: readonly Rule[] = [
  {
    match:
      /RuntimeError: Cannot install on Python version (\S+);|(?:RuntimeError|SystemExit|Exception|ERROR|Error|error): .*(?:Python (?:version )?(?:>=?|<=?) ?3|only (?:supports|versions)|(?:not|n't) (?:yet )?support(?:ed)? (?:Python|on Python)|Python (?:version )?3\.\d+(?:\.\d+)? (?:is|was) (?:not|un)[ -]?supported|(?:requires|need) (?:a )?Python (?:version )?[<\d])/i,
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
    match: /KeyError: ['"](?:__)?version(?:__)?['"]/i,
    weight: 'requirement',
    class: 'python-too-new',
    cause:
      'From Python 3.13, exec() no longer changes the local variables of a function (PEP 667), and this setup script reads its version that way. A newer release of the project, or an older Python, helps.',
    edit: OLD_WORDS.localsOfExec.edit,
    why: OLD_WORDS.localsOfExec.why,
    guess: true,
    refine: (_match, { python }) => (python !== undefined && minorOf(python) < 13 ? 'ignore' : {}),
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
    match: /^(?:\w+\.)*\w+: .*\b__(?:firstlineno|static_attributes)__/,
    weight: 'exception',
    class: 'python-too-new',
    cause:
      "From Python 3.13 every class has the attributes __firstlineno__ and __static_attributes__, which the project's code takes for ones that it was given. A newer release of the project, or an older Python, helps.",
  },
  {
    match: /TypeError: ForwardRef\._evaluate\(\) missing \d+ required keyword-only argument/,
    weight: 'exception',
    class: 'python-too-new',
    cause:
      'The code calls a private function of typing, which takes other arguments since Python 3.12.4. A newer release of the project, or an older Python, helps.',
  },
  {
    match: /UnicodeDecodeError: ['"]ascii['"]/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'The setup script reads a file in the locale’s encoding, which is ASCII here.',
    edit: { environment: { LC_ALL: 'C.UTF-8', PYTHONUTF8: '1' } },
    why: 'Python then reads files as UTF-8.',
  },
];
