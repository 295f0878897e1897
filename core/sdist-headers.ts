// Which libraries a project's own sources use, for builds that end without saying what they lacked.
import type { Failure, FailureClass, MissingPart, Proposal } from './failure.js';
import type { PackageIndex, PackageMatch } from './package-index.js';
import { packagesOf } from './recipe/edit.js';
import type { SdistText } from './sdist-text.js';

const SILENT: readonly FailureClass[] = [
  'unknown',
  'compile-error',
  'missing-tool',
  'missing-library',
  'network-needed',
];
/** Each is a question to the distribution's index. */
const MAX_ASKED = 6;
/** Where these headers are from, every builder has already. */
export const ALWAYS_THERE =
  /^(?:libc6-dev|libcrypt-dev|libnsl-dev|libtirpc-dev|linux-libc-dev|libstdc\+\+|libgcc|gcc|g\+\+|libpython|python3|cpp)/;
const INCLUDE =
  /^\s*(?:#|%)\s*include\s*[<"]([\w./+-]+\.h(?:pp)?)[">]|cdef extern from\s+['"]<?([\w./+-]+\.h(?:pp)?)>?['"]/gm;
/** Of the interpreter, other systems, the kernel, or Python packages that bring headers of their own; and names that any project has for what it generates. */
export const NOT_A_LIBRARY =
  /^(?:[Vv]ersion|[Tt]ypes|[Uu]tils?|[Cc]ommon|[Ee]rrors?|[Ee]xport|[Gg]lobals?|[Dd]efs)\.h(?:pp)?$|^(?:Python|structmember|pyconfig|windows|winsock2?|io|direct|TargetConditionals|config|stdafx|jni|jni_md)\.h$|^(?:numpy|pybind11|nanobind|sys|netinet|arpa|asm|linux|mach|[A-Z]\w*(?:Foundation|Kit|Services|Bluetooth)|Foundation)\//;

/** Sources whose includes are worth reading: C and C++, what generates them, scripts that write probes, and those that cffi builds from (`ham_build.py`, wherever they lie). */
export function mayInclude(path: string): boolean {
  return (
    /\.(?:c|cc|cpp|cxx|h|hh|hpp|i|pyx|pxd|pxi)$|^[^/]+\.py$|(?:^|[/_-])(?:build|cffi)(?:[_-][\w-]*)?\.py$/.test(path) &&
    !/(?:^|\/)(?:tests?|docs?|examples?|vendor|third_?party|extern|deps)\//i.test(path)
  );
}

/**
 * The system packages of the programs that setup scripts look for and of the headers that the sources include most and do not bring, as one guess; undefined where the failure says more itself, or no package
 * has any of them.
 * @param owns whether the sdist itself has a file that such an include can mean
 */
export async function headerIdea(
  failure: Failure,
  texts: readonly SdistText[],
  owns: (header: string) => boolean,
  index: PackageIndex,
  signal: AbortSignal,
): Promise<Proposal | undefined> {
  if (!SILENT.includes(failure.class) || (failure.proposal !== undefined && !failure.proposal.guess)) return undefined;
  // What was to be downloaded has a name: another library does not stand in for it.
  if (failure.class === 'network-needed' && (failure.missing ?? []).length > 0) return undefined;
  // A name of pkg-config that no package has: other packages do not bring it.
  if (failure.proposal === undefined && failure.missing?.some(({ kind }) => kind === 'pkg-config')) return undefined;
  const found: PackageMatch[] = [];
  const parts: MissingPart[] = [
    ...toolsOf(texts).map((name) => ({ kind: 'tool' as const, name })),
    ...foreignHeaders(texts, owns).map((name) => ({ kind: 'header' as const, name })),
  ];
  for (const part of parts.slice(0, MAX_ASKED)) {
    const [best] = await index.whoHas(part, signal);
    if (best === undefined || !best.certain || ALWAYS_THERE.test(best.package)) continue;
    if (!found.some((other) => other.package === best.package)) found.push(best);
  }
  if (found.length === 0) return undefined;
  return {
    edit: { system: { apt: found.map((match) => match.package) } },
    why: `the sources use what no file of the sdist is: ${found.map(({ package: name, path }) => `${name} has /${path}`).join('; ')}`,
    guess: true,
  };
}

/**
 * The failure with the development package of the library that the missing program belongs to, where the sources include its headers: `proj` is asked for its version,
 * and proj.h is missed after that. Unchanged where the proposal is a guess or there is no such package.
 */
export async function withHeadersOfTool(
  failure: Failure,
  texts: readonly SdistText[],
  owns: (header: string) => boolean,
  index: PackageIndex,
  signal: AbortSignal,
): Promise<Failure> {
  const { proposal, missing = [] } = failure;
  const apt = packagesOf(proposal);
  const libraries = new Set([...apt, ...missing.map(({ name }) => name)].map(libraryOfPackage));
  if (failure.class !== 'missing-tool' || proposal === undefined || proposal.guess || apt.length === 0) return failure;
  for (const name of foreignHeaders(texts, owns).slice(0, MAX_ASKED)) {
    const [best] = await index.whoHas({ kind: 'header', name }, signal);
    if (best === undefined || !best.certain || apt.includes(best.package)) continue;
    if (!best.package.endsWith('-dev') || !libraries.has(libraryOfPackage(best.package))) continue;
    return {
      ...failure,
      proposal: {
        ...proposal,
        edit: { ...proposal.edit, system: { apt: [...apt, best.package] } },
        why: `${proposal.why}; ${best.package} has /${best.path}, which the sources include`,
      },
    };
  }
  return failure;
}

/** `proj` of `proj-bin` and of `libproj-dev`. */
function libraryOfPackage(name: string): string {
  return name.replace(/^lib/, '').replace(/-(?:dev|bin|tools|utils|compiler)$/, '');
}

const FIND_TOOL = /\b(?:find_executable|find_program|which)\(\s*\[?['"]([a-z][\w.+-]+)['"]/g;
/** Programs that every builder has, or that are toolchains of recipes. */
const NO_TOOL =
  /^(?:gcc|g\+\+|cc|c\+\+|clang.*|make|cmake|ninja|git|patch|curl|wget|pkg-config|python.*|pip|brew|swig|cargo|rustc|go|java.*|mvn|ant|gfortran|ccache|hg|svn|bash|sh|conda)$/;

/** Programs that setup scripts look for by name. */
function toolsOf(texts: readonly SdistText[]): string[] {
  const named = texts.flatMap(({ path, text }) => (path.endsWith('.py') ? [...text.matchAll(FIND_TOOL)] : []));
  return [...new Set(named.map(([, name = '']) => name))].filter((name) => !NO_TOOL.test(name)).slice(0, 3);
}

/** One header of each folder, those that most files include first. */
function foreignHeaders(texts: readonly SdistText[], owns: (header: string) => boolean): string[] {
  const files = new Map<string, number>();
  for (const { text } of texts) {
    const named = new Set([...text.matchAll(INCLUDE)].map(([, c, cython]) => c ?? cython ?? ''));
    for (const header of named) files.set(header, (files.get(header) ?? 0) + 1);
  }
  const foreign = [...files].filter(([header]) => !NOT_A_LIBRARY.test(header) && !owns(header));
  const byUse = foreign.sort(([a, m], [b, n]) => Number(b.includes('/')) - Number(a.includes('/')) || n - m);
  const seen = new Set<string>();
  return byUse.flatMap(([header]) => {
    const folder = header.includes('/') ? header.slice(0, header.indexOf('/')) : header;
    if (seen.has(folder)) return [];
    seen.add(folder);
    return [header];
  });
}
