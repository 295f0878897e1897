// Words of older Pythons and their tools that stand in an sdist's own files, each of which ends a build, and the edit that settles it. The rules know them by what a log says.
import { REWRITE_OLD_API, USES_OLD_API } from './python-api.js';

export interface OldWord {
  /** Files of the sdist that it stands in. */
  files: RegExp;
  word: RegExp;
  /** Stands in files that were written for newer ones all the same. */
  unless?: RegExp;
  edit: Record<string, unknown>;
  why: string;
}

/** What setup scripts used of it, by importlib; other uses fail as before, for want of an attribute. */
const STAND_IN_FOR_IMP = `# A stand-in for imp, which Python 3.12 dropped, for the setup script.
[ -e imp.py ] || cat > imp.py <<'END'
import importlib.util
from importlib import reload
from types import ModuleType as new_module


def load_source(name, path, file=None):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
END
`;

const MODERN_CONFIGPARSER = `grep -rlE --include='*.py' 'SafeConfigParser|\\.readfp\\(' . | xargs -r sed -i \\
  -e 's/SafeConfigParser/ConfigParser/g' -e 's/\\.readfp(/.read_file(/g'
`;

const WITHOUT_MODE_U = `grep -rlE --include='*.py' "open\\(.*['\\"]r?U[bt]?['\\"]" . |
  xargs -r sed -i -E "/open\\(/ s/(['\\"])r?U([bt]?['\\"])/\\1r\\2/g"
`;

const IMPLICIT_NOEXCEPT = `# Functions do not raise exceptions unless they say so, as before Cython 3.
find . -name '*.pyx' -o -name '*.pxd' | while read -r source; do
  sed -i '1i # cython: legacy_implicit_noexcept=True' "$source"
done
`;

const OLD_CYTHON_COMMAND = `# The command build_ext of Cython before 3, which Cython 3 has under another name, for the setup script.
awk '!done && /^(import|from) / && !/__future__/ {
  print "import Cython.Distutils, Cython.Distutils.old_build_ext"
  print "Cython.Distutils.build_ext = Cython.Distutils.old_build_ext.old_build_ext"
  done = 1
} { print }' setup.py > setup.py.new
mv setup.py.new setup.py
`;

const NAMED_NAMESPACE = `# What exec() defines is looked for where it puts it, which from Python 3.13 on is no longer locals().
sed -i -E \\
  -e 's/^( +)exec\\(([A-Za-z_.]+\\(.*\\)|[A-Za-z_]+)\\) *$/\\1defined = {}\\n\\1exec(\\2, defined)/' \\
  -e 's/\\blocals\\(\\)\\[/defined[/' setup.py
`;

const SCRIPTS = /^[^/]+\.py$/;

export const OLD_WORDS = {
  use2to3: {
    files: /^setup\.py$/,
    word: /\buse_2to3\w* *=/,
    edit: { prepare: "sed -i 's/use_2to3[a-z_]* *= *[^,)]*,\\{0,1\\}//g' setup.py\n" },
    why: 'Much code that asks to be converted runs on Python 3 as it is.',
  },
  pkgResources: {
    files: /^setup\.py$/,
    word: /^(?:import|from) pkg_resources\b/m,
    edit: { requires: { constraints: ['setuptools<81'] } },
    why: 'Versions before 81 still bring pkg_resources.',
  },
  imp: {
    files: /^setup\.py$/,
    word: /^(?:import|from) imp\b/m,
    edit: { prepare: STAND_IN_FOR_IMP, environment: { PYTHONPATH: '.' } },
    why: 'Setup scripts mostly load a file by it, which importlib does as well.',
  },
  configparser: {
    files: SCRIPTS,
    word: /\.SafeConfigParser\(|\.readfp\(/,
    edit: { prepare: MODERN_CONFIGPARSER },
    why: 'It calls them by the names that Python has kept.',
  },
  localsOfExec: {
    files: /^setup\.py$/,
    word: /^ +exec\((?:[A-Za-z_.]+\(.*\)|[A-Za-z_]+)\) *$(?=[\s\S]*\blocals\(\)\[)/m,
    edit: { prepare: NAMED_NAMESPACE },
    why: 'With a namespace of its own, exec() does the same in every Python 3.',
  },
  modeU: {
    files: SCRIPTS,
    word: /\bopen\(.*['"]r?U[bt]?['"]/,
    edit: { prepare: WITHOUT_MODE_U },
    why: "The mode 'r' does what 'U' and 'rU' did, in every Python 3.",
  },
  cythonSources: {
    files: /^setup\.py$/,
    word: /\.cython_sources\b/,
    edit: { prepare: OLD_CYTHON_COMMAND },
    why: 'Cython 3 still has the command that the setup script builds upon.',
  },
  noexcept: {
    files: /\.pyx$/,
    // Functions that C may call.
    word: /^cdef [^\n()]*\([^()]*\) *(?:with gil|nogil) *:/m,
    unless: /\bnoexcept\b/,
    edit: { prepare: IMPLICIT_NOEXCEPT },
    why: 'Cython before 3 would accept it, but its C code is not for every later Python.',
  },
  pythonApi: {
    files: /\.(?:c|h|cc|cpp|cxx|hpp)$/,
    word: USES_OLD_API,
    edit: { prepare: REWRITE_OLD_API },
    why: 'It puts the successors of the C API in place of what Python no longer has.',
  },
} as const satisfies Record<string, OldWord>;
