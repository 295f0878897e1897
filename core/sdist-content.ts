// What CMake fetches while it configures (FetchContent) and an sdist therefore lacks. Distributions have the sources of most of it.
// https://cmake.org/cmake/help/latest/module/FetchContent.html
import { libraryOf } from './downloaded-library.js';
import type { Failure, Proposal } from './failure.js';
import type { PackageIndex } from './package-index.js';
import type { SdistText } from './sdist-text.js';
import { MAX_SOURCE_BYTES, type SourceIndex, type SourcePackage } from './source-package.js';
import { compareVersions } from './version.js';

const FOLDER = 'fetch-content';

/** In which a package that is found in one folder is known in all. */
const KNOWS_GLOBAL = 'cmake>=3.24';
/** What binds C++ to Python is a Python package as well, and a distribution's may be older than the interpreter. How each tells where its CMake files are. */
const BINDINGS: Readonly<Record<string, string>> = { pybind11: '--cmakedir', nanobind: '--cmake_dir' };

interface Content {
  /** As the project calls it. */
  name: string;
  url: string;
  /** As its address calls it, without `lib`. */
  library: string;
  /** That the project asks for, where its tag or archive says so. */
  version?: string;
}

/** Files that may declare what is to be fetched. */
export function mayDeclareContent(path: string): boolean {
  return /^(?:[^/]+\/){0,3}(?:CMakeLists\.txt|[\w.-]+\.cmake)$/.test(path);
}

/**
 * The failure with all that the project would fetch, where what it could not fetch is one of it: bindings as Python packages, libraries as sources from the
 * distribution's later suites, whose versions are the likelier ones.
 * @param texts the files that {@link mayDeclareContent} names
 */
export async function withContent(
  failure: Failure,
  texts: readonly SdistText[],
  base: PackageIndex,
  later: SourceIndex,
  signal: AbortSignal,
): Promise<Failure> {
  if (failure.class !== 'network-needed') return failure;
  const contents = texts.flatMap(contentsOf);
  const top = topOf(texts);
  const failed = contents.find(({ url }) => failure.line.includes(url.replace(/(?:\.git)?\/?$/, '')));
  if (failed === undefined || top === undefined) return failure;
  const bindings = new Map<string, Content>();
  const found = new Map<string, { content: Content; source: SourcePackage }>();
  for (const content of contents) {
    if (content.library in BINDINGS) bindings.set(content.name, content);
    else if (!found.has(content.name)) {
      const source = await sourceOf(content, base, later, signal);
      if (source !== undefined) found.set(content.name, { content, source });
    }
  }
  if (!bindings.has(failed.name) && !found.has(failed.name)) return failure;
  const sources = [...found.values()];
  const packages = [...bindings.values()];
  const additions = packages.map(({ library, version }) =>
    version === undefined ? library : `${library}>=${version}`,
  );
  if (additions.length > 0) additions.push(KNOWS_GLOBAL);
  const had = [
    ...packages.map(({ library }) => `the Python package ${library}`),
    ...sources.map(({ source: { name, version, suite } }) => `the source of ${name} ${version} in ${suite}`),
  ];
  const proposal: Proposal = {
    edit: {
      ...(additions.length === 0 ? {} : { requires: { additions } }),
      ...(sources.length === 0
        ? {}
        : {
            sources: sources.map(({ content, source: { suite, name, filename, sha256 } }) => ({
              debian: { suite, package: name, filename },
              sha256,
              to: `${FOLDER}/${content.name}`,
            })),
          }),
      prepare: scriptFor(top, packages),
    },
    why: `CMake would fetch ${[...bindings.keys(), ...found.keys()].join(', ')}, in place of which it can be given ${had.join(', ')}`,
    guess: true,
  };
  const others = [failure.proposal, ...(failure.ideas ?? [])].filter((idea) => idea !== undefined);
  // Who looks for an installed one before fetching is content with the package.
  return looksFirst(failed, texts)
    ? { ...failure, ideas: [...(failure.ideas ?? []), proposal] }
    : { ...failure, proposal, ...(others.length === 0 ? {} : { ideas: others }) };
}

const DECLARED = /FetchContent_Declare\s*\(\s*"?([\w.+-]+)"?\s([^)]*)\)/gi;
/** Libraries that only tests use. */
const OF_TESTS = /^(?:googletest|gtest|gmock|catch2?|doctest|benchmark|googlebenchmark)$/i;

function contentsOf({ text }: SdistText): Content[] {
  return [...text.replaceAll(/#.*$/gm, '').matchAll(DECLARED)].flatMap(([, name = '', rest = '']) => {
    const [, url] = /\b(?:GIT_REPOSITORY|URL)\s+"?(https?:\/\/[^\s"$]+)/.exec(rest) ?? [];
    const library = url === undefined ? undefined : libraryOf(url);
    if (url === undefined || library === undefined || OF_TESTS.test(name) || OF_TESTS.test(library)) return [];
    const [, tag = url] = /\bGIT_TAG\s+"?([^\s"]+)/.exec(rest) ?? [];
    const version = /(?<![\da-f.])\d+(?:[._]\d+)+(?![\da-f])/.exec(tag)?.[0].replaceAll('_', '.');
    return [{ name, url, library, ...(version === undefined ? {} : { version }) }];
  });
}

/** The project's first file of CMake, which is read before any that fetches. */
function topOf(texts: readonly SdistText[]): string | undefined {
  const depth = (path: string) => path.split('/').length;
  return texts
    .filter(({ path, text }) => path.endsWith('CMakeLists.txt') && /^\s*project\s*\(/im.test(text))
    .map(({ path }) => path)
    .sort((a, b) => depth(a) - depth(b))[0];
}

function looksFirst({ name, library }: Content, texts: readonly SdistText[]): boolean {
  return texts.some(({ text }) =>
    [...text.matchAll(/\b(?:find_package|find_library|pkg_\w+)\s*\(([^)]*)\)/gi)].some(([, words = '']) =>
      [name, library].some((each) => normal(words).includes(normal(each))),
    ),
  );
}

async function sourceOf(
  { name, library, version }: Content,
  base: PackageIndex,
  later: SourceIndex,
  signal: AbortSignal,
): Promise<SourcePackage | undefined> {
  const [match] = await base.whoHas({ kind: 'cmake', name: library }, signal);
  const bare = library.toLowerCase().replaceAll('_', '-');
  for (const binary of new Set([`lib${bare}-dev`, `${bare}-dev`, ...(match === undefined ? [] : [match.package])])) {
    const all = await later.sourcesOf(binary, signal);
    const fit = all.filter(
      (source) =>
        source.sizeBytes <= MAX_SOURCE_BYTES &&
        [name, library].some((each) => normal(source.name).includes(normal(each))),
    );
    const best =
      version === undefined
        ? fit.find(({ stable }) => stable)
        : fit.find((source) => compareVersions(source.version, version) >= 0);
    if (fit.length > 0) return best ?? fit.at(-1);
  }
  return undefined;
}

function normal(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z\d]/g, '')
    .replace(/^lib/, '');
}

/** CMake takes a folder that is named so in place of fetching. Archives mostly have one folder that holds all. */
function scriptFor(top: string, bindings: readonly Content[]): string {
  const stubs = bindings.map(
    ({ name, library }) => `mkdir -p ${FOLDER}/${name}
cat > ${FOLDER}/${name}/CMakeLists.txt <<'END'
execute_process(COMMAND python -m ${library} ${BINDINGS[library]} OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE)
find_package(${library} CONFIG REQUIRED GLOBAL HINTS "\${folder}")
END
`,
  );
  return `# What CMake would fetch is taken from what the recipe brings.
${stubs.join('')}for folder in ${FOLDER}/*; do
  name=$(basename "$folder" | tr '[:lower:]' '[:upper:]')
  set -- "$folder"/*
  [ $# -eq 1 ] && [ -d "$1" ] && folder=$1
  sed -i "1i set(FETCHCONTENT_SOURCE_DIR_$name \\"$PWD/$folder\\" CACHE PATH \\"\\")" ${top}
done
`;
}
