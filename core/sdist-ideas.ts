// What a project's own build files say about how its build can be changed: switches that they read, and requirements that they pin. Nothing here is proven by a
// log, so each is a guess, and only one that has to do with what failed is worth a build.
import { parse as parseToml } from 'smol-toml';
import type { Failure, FailureClass, Proposal } from './failure.js';

export interface SdistText {
  /** Relative to the sdist's top folder. */
  path: string;
  text: string;
}

/** A way in which a project lets its build be changed; a command line's flag can only be given, so that there is no `no`. */
interface Switch {
  name: string;
  where: string;
  yes: Record<string, unknown>;
  no?: Record<string, unknown>;
}

const MAX_IDEAS = 3;

/** A file of settings for whoever builds, which counts once it has the name without this ending. */
const SETTINGS_TEMPLATE = /^([\w-]+\.(?:cfg|ini|toml))\.(?:template|example|sample|dist)$/;
/** `#system_ham = False`, as such a file has it. */
const SYSTEM_SETTING = /^[#;]? ?(?:use_)?system_\w+ *= *(?:False|false|0|no)\b/m;

/** Files at the top of an sdist that are read for switches. */
export function mayHoldSwitches(path: string): boolean {
  return (
    /^(?:[^/]+\.py|pyproject\.toml|meson_options\.txt|meson\.options|CMakeLists\.txt)$/.test(path) ||
    SETTINGS_TEMPLATE.test(path)
  );
}

/**
 * Changes worth a try after a failure, the likeliest first.
 * @param texts the files that {@link mayHoldSwitches} names
 * @param paths all files of the sdist
 */
export function sdistIdeas(failure: Failure, texts: readonly SdistText[], paths: readonly string[]): Proposal[] {
  return [
    ...switchIdeas(failure, texts),
    ...filledTemplate(failure, texts),
    ...stoodIn(failure, paths),
    ...generatedAnew(failure, paths),
    ...unpinned(failure, texts),
  ].slice(0, MAX_IDEAS);
}

/** A part that cannot be had may be left out, or taken from the system instead of from a network or a bundled copy. */
const SYSTEM_HELPS: readonly FailureClass[] = ['network-needed', 'missing-tool', 'compile-error', 'bad-sdist'];
const WITHOUT_HELPS: readonly FailureClass[] = [
  'missing-header',
  'missing-library',
  'missing-tool',
  'library-too-old',
  'toolchain-missing',
  'network-needed',
];

function switchIdeas(failure: Failure, texts: readonly SdistText[]): Proposal[] {
  const switches = texts.flatMap(switchesOf);
  const words = wordsOf(failure);
  // A copy that is not downloaded must come from somewhere: the switch and the system's package belong together.
  const system = failure.class === 'network-needed' ? (failure.proposal?.edit ?? {}) : {};
  const idea = ({ name, where }: Switch, edit: Record<string, unknown>, what: string): Proposal => ({
    edit: { ...system, ...edit },
    why: `${where} reads ${name}, which by its name ${what}`,
    guess: true,
  });
  const ideas: { proposal: Proposal; about: boolean }[] = [];
  for (const each of switches) {
    const about = words.some((word) =>
      each.name
        .toLowerCase()
        .replaceAll(/[^a-z0-9]/g, '')
        .includes(word),
    );
    if (SYSTEM_HELPS.includes(failure.class)) {
      if (/(?:^|[_-])(?:system|external|unbundled?)(?:[_-]|$)/i.test(each.name) && !isNegative(each.name)) {
        ideas.push({ about, proposal: idea(each, each.yes, 'takes a library from the system') });
        continue;
      }
      if (/bundled?|vendor(?:ed)?|embed(?:ded)?|internal|download|fetch/i.test(each.name)) {
        const off = isNegative(each.name) ? each.yes : each.no;
        if (off !== undefined)
          ideas.push({ about, proposal: idea(each, off, "decides about the project's own copy of a library") });
        continue;
      }
    }
    if (about && WITHOUT_HELPS.includes(failure.class) && failure.proposal === undefined) {
      if (isNegative(each.name)) ideas.push({ about, proposal: idea(each, each.yes, 'leaves that part out') });
      else if (each.no !== undefined && /(?:^|[_-])(?:with|use|enable|build|have|want)(?=[_-])/i.test(each.name)) {
        ideas.push({ about, proposal: idea(each, each.no, 'asks for that part') });
      }
    }
  }
  return [...ideas.filter(({ about }) => about), ...ideas.filter(({ about }) => !about)].map(
    ({ proposal }) => proposal,
  );
}

function isNegative(name: string): boolean {
  return /(?:^|[_-])(?:no|not|without|disable|skip|omit|ignore)(?:[_-]|$)/i.test(name);
}

/** Names of what failed, in letters and digits only: `libsodium` and `sodium`. */
function wordsOf({ missing = [], line }: Failure): string[] {
  const named = missing.flatMap(({ name, or = [] }) => [name, ...or]);
  const urls = [...line.matchAll(/\/([\w.+-]+?)(?:\.git|[-_]v?\d[\w.]*|\.tar|\.zip)?(?:['"\s]|$)/g)].map(
    ([, name]) => name ?? '',
  );
  return [...named, ...urls, /(?:about|find|found|requires?|needs?) (?:lib)?([A-Za-z]\w{2,})/.exec(line)?.[1] ?? '']
    .flatMap((name) => name.split(/[/.]/))
    .map((name) =>
      name
        .toLowerCase()
        .replace(/^lib/, '')
        .replaceAll(/[^a-z0-9]/g, ''),
    )
    .filter(
      (word) => word.length >= 3 && !/^(?:the|hpp|include|lib|python|version|tar|www|com|org|net|github)$/.test(word),
    );
}

const ENVIRONMENT =
  /(?:environ(?:\.get\(|\.pop\(|\[)|getenv\()\s*(?:key=)?['"]([A-Z][A-Z0-9_]{3,})['"]|['"]([A-Z][A-Z0-9_]{3,})['"] (?:not )?in os\.environ/g;
const ARGUMENT =
  /['"](--[a-z][a-z0-9-]{3,})['"] (?:not )?in sys\.argv|sys\.argv\.remove\(['"](--[a-z][a-z0-9-]{3,})['"]/g;
const CMAKE_OPTION = /^\s*(?:cmake_dependent_)?option\s*\(\s*([A-Za-z]\w+)/gim;
const MESON_OPTION = /option\(\s*['"]([\w-]+)['"][\s,]*(?:[^)]*?type\s*:\s*['"](\w+)['"])?/g;

/** What machines and people set for other purposes, and what names a place or a version. */
const NOT_A_SWITCH =
  /^(?:PATH|HOME|USER|SHELL|TERM|DISPLAY|TMPDIR|PYTHON\w*|VIRTUAL_ENV|CONDA\w*|CI|TRAVIS\w*|GITHUB\w*|APPVEYOR\w*|CIBUILDWHEEL|READTHEDOCS|CC|CXX|LD|AR|CFLAGS|CXXFLAGS|CPPFLAGS|LDFLAGS|LD_\w+|ARCHFLAGS|MACOSX_\w+|PKG_CONFIG\w*|DEBUG|MAX_JOBS|MAKEFLAGS|NPY_\w+|SOURCE_DATE_EPOCH|VCINSTALLDIR|ProgramFiles|\w+_(?:\w*DIRS?|PATHS?|ROOT|HOME|PREFIX|\w*FLAGS|VERSION|URL))$/;

function switchesOf({ path, text }: SdistText): Switch[] {
  const found: Switch[] = [];
  const where = (index: number) => `${path}:${text.slice(0, index).split('\n').length}`;
  const add = (name: string, at: number, yes: Record<string, unknown>, no?: Record<string, unknown>) => {
    if (!NOT_A_SWITCH.test(name) && !found.some((other) => other.name === name)) {
      found.push({ name, where: where(at), yes, ...(no === undefined ? {} : { no }) });
    }
  };
  const settings = (key: string, value: string) => ({ 'config-settings': { [key]: value } });
  if (path.endsWith('.py')) {
    for (const match of text.matchAll(ENVIRONMENT)) {
      const name = match[1] ?? match[2] ?? '';
      add(name, match.index, { environment: { [name]: '1' } }, { environment: { [name]: '0' } });
    }
    for (const match of text.matchAll(ARGUMENT)) {
      const name = match[1] ?? match[2] ?? '';
      add(name, match.index, settings('--global-option', name));
    }
  } else if (path === 'CMakeLists.txt') {
    // scikit-build, scikit-build-core, py-build-cmake and most setup scripts hand this variable on.
    const cmake = (name: string, value: string) => ({ environment: { CMAKE_ARGS: `-D${name}=${value}` } });
    for (const match of text.matchAll(CMAKE_OPTION)) {
      const [, name = ''] = match;
      add(name, match.index, cmake(name, 'ON'), cmake(name, 'OFF'));
    }
  } else if (path.startsWith('meson')) {
    for (const match of text.matchAll(MESON_OPTION)) {
      const [, name = '', type = 'boolean'] = match;
      if (type !== 'boolean' && type !== 'feature') continue;
      const [yes, no] = type === 'feature' ? ['enabled', 'disabled'] : ['true', 'false'];
      add(name, match.index, settings('setup-args', `-D${name}=${yes}`), settings('setup-args', `-D${name}=${no}`));
    }
  }
  return found;
}

/** All its switches for system libraries at once: a build without a network can have none of the copies that they stand against. */
function filledTemplate(failure: Failure, texts: readonly SdistText[]): Proposal[] {
  if (failure.class !== 'network-needed') return [];
  return texts.flatMap(({ path, text }) => {
    const [, name] = SETTINGS_TEMPLATE.exec(path) ?? [];
    if (name === undefined || !SYSTEM_SETTING.test(text)) return [];
    const fill = String.raw`sed -E 's/^[#;]? ?((use_)?system_\w+) *= *(False|false|0|no)\b/\1 = True/'`;
    return [
      {
        edit: {
          ...failure.proposal?.edit,
          prepare: `# Libraries of the system in place of downloads.\n${fill} ${path} > ${name}\n`,
        },
        why: `${path} has switches that take libraries from the system`,
        guess: true,
      },
    ];
  });
}

/** It warns at each of its tries before it gives up. */
const OF_MESON = /\bmeson\.build:\d+:\d+: ERROR|^WARNING: failed to download with error: /;

/** A subproject that meson.build asks for by name is always downloaded, whatever is installed; one whose folder is there is not. */
function stoodIn(failure: Failure, paths: readonly string[]): Proposal[] {
  if (failure.class !== 'network-needed' || !OF_MESON.test(failure.line)) return [];
  const wrap = paths.find((path) => /^subprojects\/[^/]+\.wrap$/.test(path));
  if (wrap === undefined) return [];
  return [
    {
      edit: { ...failure.proposal?.edit, prepare: STAND_INS },
      why: `meson downloads what ${wrap} and its like name, unless a folder of that subproject is there`,
      guess: true,
    },
  ];
}

const STAND_INS = `# Subprojects that meson would download: in their place, ones that take the libraries from where they are installed.
for wrap in subprojects/*.wrap; do
  name=$(basename "$wrap" .wrap)
  folder=$(sed -n 's/^directory *= *//p' "$wrap")
  folder=subprojects/\${folder:-$name}
  [ -e "$folder" ] && continue
  mkdir "$folder"
  provided=$(sed -n '/^\\[provide\\]/,$ s/^\\([^ =]*\\) *= *\\([A-Za-z_0-9]*\\)$/\\2 = dependency('"'\\1'"')/p' "$wrap" |
    grep -v "dependency('\\(dependency\\|program\\)_names')" || true)
  echo "project('$name', 'c', 'cpp')
\${provided:-$(echo "$name" | tr -- -. __)_dep = dependency('$name')}" > "$folder/meson.build"
done
`;

/** How code that an older Cython generated ends, or is left out. */
const GENERATED_CODE: readonly FailureClass[] = ['python-too-new', 'compile-error', 'silent-fallback'];

/** C code that an old Cython generated reaches into parts of Python that are others by now; generated by a new one it does not. */
function generatedAnew(failure: Failure, paths: readonly string[]): Proposal[] {
  if (!GENERATED_CODE.includes(failure.class) || (failure.missing ?? []).length > 0) return [];
  const generated = paths.find(
    (path) => /\.c(?:pp|xx)?$/.test(path) && paths.includes(path.replace(/\.c(?:pp|xx)?$/, '.pyx')),
  );
  if (generated === undefined) return [];
  return [
    {
      edit: { requires: { additions: ['cython'] }, prepare: GENERATE_ANEW },
      why: `the sdist has ${generated} and the Cython code that it was generated from`,
      guess: true,
    },
  ];
}

const OF_SOURCE = /^(?:\/build\/src\/|\.\/)*([\w./+-]+)\.c(?:pp|xx)?:\d+/;

/** Whether an idea is to generate the code anew that failed: what is rewritten in it by hand would be lost then, and may not be all of it. */
export function regenerates({ line }: Failure, { edit }: Proposal, paths: readonly string[]): boolean {
  const [, source] = OF_SOURCE.exec(line) ?? [];
  if (source === undefined || edit['prepare'] !== GENERATE_ANEW) return false;
  return paths.some((path) => `/${path}`.endsWith(`/${source}.pyx`));
}

/** Cython 3 reads code by rules of its own, of which these two break what was written for one before: it says by which the files there were generated. */
const GENERATE_ANEW = `# C code of an older Cython, generated anew.
level=$(grep -hoE "language_level.{0,6}[23]" setup.py setup.cfg pyproject.toml 2>/dev/null | grep -oE '[23]$' | head -n 1 || true)
case $(cython --version 2>&1) in *' 0.'*) silent= ;; *) silent='-X legacy_implicit_noexcept=True' ;; esac
find . -name '*.pyx' | while read -r source; do
  for generated in "\${source%.pyx}.c" "\${source%.pyx}.cpp" "\${source%.pyx}.cxx"; do
    [ -e "$generated" ] || continue
    case $generated in *.c) cplus= ;; *) cplus=--cplus ;; esac
    case $(head -n 1 "$generated") in *'Cython 0.'*) before="-\${level:-2} $silent" ;; *) before= ;; esac
    cython $cplus $before -o "$generated" "$source"
  done
done
`;

const NOT_FOUND = /No module named ['"]?([A-Za-z_]\w*)['"]?$/;

/** A module that a build misses although the sdist has it: unlike a setup.py that is run by hand, backends do not look where that script lies. */
export function ownModule({ class: kind, line }: Failure, paths: readonly string[]): Proposal | undefined {
  const [, name] = NOT_FOUND.exec(line.trim()) ?? [];
  if (kind !== 'build-requirement' || name === undefined) return undefined;
  const own = [`${name}.py`, `${name}/__init__.py`].find((path) => paths.includes(path));
  return own === undefined
    ? undefined
    : {
        edit: { environment: { PYTHONPATH: '.' } },
        why: `the sdist has ${own} itself, and its setup script expects to find it beside itself`,
        guess: true,
      };
}

/** Failures that build requirements older than this interpreter bring about. */
const PINS_HURT: readonly FailureClass[] = ['build-requirement', 'python-too-new', 'compile-error', 'unknown'];

/** What cargo or a registry of crates says is not mended by another maturin. */
const OF_CRATES = /\bcargo\b|\bcrates?\b|Cargo\.(?:toml|lock)/;

/** The build requirements without upper bounds: a release pins what was new in its days, which may not run on this Python. */
function unpinned(failure: Failure, texts: readonly SdistText[]): Proposal[] {
  const pyproject = texts.find(({ path }) => path === 'pyproject.toml');
  if (pyproject === undefined || !PINS_HURT.includes(failure.class) || OF_CRATES.test(failure.line)) return [];
  const declared = requirementsOf(pyproject.text);
  const free = declared.map(withoutUpperBound);
  if (free.every((text, at) => text === declared[at])) return [];
  return [
    {
      edit: { requires: { replace: true, additions: free } },
      why: `pyproject.toml bounds its build requirements from above (${declared.filter((text, at) => text !== free[at]).join(', ')}), and what it bounds them to may be older than this Python`,
      guess: true,
    },
  ];
}

function requirementsOf(text: string): string[] {
  try {
    const table = parseToml(text)['build-system'];
    const requires = typeof table === 'object' && !Array.isArray(table) && 'requires' in table ? table.requires : [];
    return Array.isArray(requires) ? requires.filter((item) => typeof item === 'string') : [];
  } catch {
    return [];
  }
}

/** `cython==0.29.36` becomes `cython>=0.29.36`, `numpy>=1.21,<2` becomes `numpy>=1.21`. */
function withoutUpperBound(requirement: string): string {
  const [text = '', ...marker] = requirement.split(';');
  const freed = text
    .replaceAll(/(?:===?|~=)\s*([\w.]+?)(?:\.\*)?(?=\s*(?:,|$|\)))/g, '>=$1')
    .replaceAll(/,?\s*<=?\s*[\w.*+-]+/g, '')
    .replace(/^(\s*[\w.-]+(?:\[[^\]]*\])?)\s*,\s*/, '$1')
    .trim();
  return freed === text.trim() ? requirement : [freed, ...marker].join(marker.length > 0 ? ' ;' : '');
}
