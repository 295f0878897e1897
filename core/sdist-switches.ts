// Switches that a project's own build files read, by which a library is taken from the system or a part is left out.
import type { Failure, FailureClass, Proposal } from './failure.js';
import type { SdistText } from './sdist-text.js';

/** A way in which a project lets its build be changed; a command line's flag can only be given, so that there is no `no`. */
interface Switch {
  name: string;
  where: string;
  yes: Record<string, unknown>;
  no?: Record<string, unknown>;
}

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

export function switchIdeas(failure: Failure, texts: readonly SdistText[]): Proposal[] {
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
export function filledTemplate(failure: Failure, texts: readonly SdistText[]): Proposal[] {
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
