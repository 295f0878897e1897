// What a project's own build files say about how its build can be changed: switches that they read, and requirements that they pin. Nothing here is proven by a
// log, so each is a guess, and only one that has to do with what failed is worth a build.
import { type Failure, type FailureClass, isOfCrates, type Proposal } from './failure.js';
import { newerBindings } from './sdist-bindings.js';
import { freedForProposal, freedRequirements } from './sdist-bounds.js';
import { generatedAnew } from './sdist-generated.js';
import { filledTemplate, switchIdeas } from './sdist-switches.js';
import type { SdistText } from './sdist-text.js';

const MAX_IDEAS = 3;

/**
 * Changes worth a try after a failure, the likeliest first.
 * @param texts the files that mayHoldSwitches() names
 * @param paths all files of the sdist
 */
export function sdistIdeas(failure: Failure, texts: readonly SdistText[], paths: readonly string[]): Proposal[] {
  return [
    ...newerBindings(failure, paths),
    ...switchIdeas(failure, texts),
    ...filledTemplate(failure, texts),
    ...stoodIn(failure, paths),
    ...generatedAnew(failure, paths),
    ...unpinned(failure, texts),
  ].slice(0, MAX_IDEAS);
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

const NOT_FOUND = /No module named ['"]?([A-Za-z_]\w*)['"]?$/;

/** Of Cython code, which names the file that takes the declarations. */
const DECLARATIONS_NOT_FOUND = /^((?:[\w+-]+\/)*)[\w+-]+\.p(?:yx|xd|xi):\d+:\d+: '(\w+)\.pxd' not found/;

/** A module that a build misses although the sdist has it: unlike a setup.py that is run by hand, backends do not look where that script lies, and Cython 3 not beside the file. */
export function ownModule({ class: kind, line }: Failure, paths: readonly string[]): Proposal | undefined {
  if (kind !== 'build-requirement') return undefined;
  const [, folder = '', declarations] = DECLARATIONS_NOT_FOUND.exec(line.trim()) ?? [];
  const beside = paths.find((path) => path === `${folder}${declarations}.pxd`);
  if (beside !== undefined) {
    return {
      edit: { prepare: OLD_LANGUAGE_LEVEL },
      why: `the sdist has ${beside} itself, which Cython before 3 would find beside the file that names it`,
      guess: true,
    };
  }
  const [, name] = NOT_FOUND.exec(line.trim()) ?? [];
  const own = [`${name}.py`, `${name}/__init__.py`].find((path) => name !== undefined && paths.includes(path));
  return own === undefined
    ? undefined
    : {
        edit: { environment: { PYTHONPATH: '.' } },
        why: `the sdist has ${own} itself, and its setup script expects to find it beside itself`,
        guess: true,
      };
}

const OLD_LANGUAGE_LEVEL = `# Cython code that does not say for which level of the language it was written has that of Cython before 3.
grep -rL --include='*.pyx' --include='*.pxd' language_level . | xargs -r sed -i '1i # cython: language_level=2'
`;

/** As interpreters name the modules that are compiled for them. */
const COMPILED = /\.(?:cpython-\d+[\w-]*|abi3)\.so$/;

/** A module that the author's machine compiled and the sdist brings: setup scripts that take all of a folder put it into the wheel, beside the one that they compile. */
export function compiledElsewhere({ class: kind }: Failure, paths: readonly string[]): Proposal | undefined {
  const left = paths.find((path) => COMPILED.test(path));
  if (kind !== 'repair-refused' || left === undefined) return undefined;
  return {
    edit: { prepare: WITHOUT_COMPILED },
    why: `the sdist has ${left}, which was compiled elsewhere`,
    guess: true,
  };
}

const WITHOUT_COMPILED = `# Modules that were compiled elsewhere.
find . \\( -name '*.cpython-*.so' -o -name '*.abi3.so' \\) -delete
`;

/** Failures that build requirements older than this interpreter bring about. */
const PINS_HURT: readonly FailureClass[] = [
  'build-requirement',
  'python-too-new',
  'compile-error',
  'silent-fallback',
  'unknown',
];

function unpinned(failure: Failure, texts: readonly SdistText[]): Proposal[] {
  if (!PINS_HURT.includes(failure.class) || isOfCrates(failure)) return [];
  const freed = freedRequirements(texts);
  return freed === undefined || freedForProposal(failure, texts) !== undefined ? [] : [freed];
}
