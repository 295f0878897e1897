// What a source includes right after the header that a build missed, or its scripts ask for besides: builds stop at the first, and each of the others would cost one.
import type { Failure, MissingPart } from './failure.js';
import type { PackageIndex, PackageMatch } from './package-index.js';
import { packagesOf } from './recipe/edit.js';
import { dependenciesAfter, mayMiss } from './sdist-dependencies.js';
import { ALWAYS_THERE, mayInclude, NOT_A_LIBRARY } from './sdist-headers.js';
import { isSetupScript, namedInSetup } from './sdist-setup-script.js';
import type { SdistText } from './sdist-text.js';

const WHERE = /^(?:\/build\/src\/|\.\/)*([\w./+-]+):(\d+):\d+: fatal error: ([\w./+-]+): No such file/;
const INCLUDE = /^\s*#\s*include\s*[<"]([\w./+-]+)[>"]/;
/** May stand between includes that all hold. */
const BETWEEN = /^\s*(?:\/\/.*|\/\*.*\*\/\s*|extern "C" \{|\})?\s*$/;
const CYTHON_SOURCE = /\.p(?:yx|xd|xi)$/;
const CYTHON_EXTERN = /^\s*cdef extern from\s+['"]<?([\w./+-]+\.h(?:pp)?)>?['"]/gm;
/** Of headers, and of what scripts name: each is a question to the distribution's index. */
const MAX_ASKED = 8;

/**
 * Whether a text of the sdist tells what else a build asks for that missed a header or library: the source, the script of the build, and in place of C code that Cython
 * generates in the build, what it is made from.
 */
export function tellsFurther(failure: Failure, path: string): boolean {
  if (failure.class !== 'missing-header' && failure.class !== 'missing-library') return false;
  if (isSetupScript(path) || mayMiss(failure, path)) return true;
  const [, file] = WHERE.exec(failure.line) ?? [];
  if (file === undefined) return false;
  return isFile(path, file) || (/\.c(?:pp|xx)?$/.test(file) && CYTHON_SOURCE.test(path) && mayInclude(path));
}

function isFile(path: string, file: string): boolean {
  return path === file || file.endsWith(`/${path}`);
}

/**
 * The failure with the packages of the other headers, or dependencies, in its proposal; unchanged where that is a guess, or the source is not among the texts.
 * @param paths all files of the sdist, which an include can mean as well
 * @param installed names of the packages that the build had
 */
export async function withFurtherIncludes(
  failure: Failure,
  texts: readonly SdistText[],
  paths: readonly string[],
  installed: ReadonlySet<string>,
  index: PackageIndex,
  signal: AbortSignal,
): Promise<Failure> {
  const { proposal } = failure;
  const apt = packagesOf(proposal);
  if (proposal === undefined || proposal.guess || apt.length === 0) return failure;
  const found: PackageMatch[] = [];
  for (const part of askedNext(failure, texts, paths)) {
    const [best] = await index.whoHas(part, signal);
    const known = [...installed, ...apt, ...found.map((match) => match.package)];
    if (best === undefined || ALWAYS_THERE.test(best.package) || known.includes(best.package)) continue;
    if (best.certain && best.package.endsWith('-dev')) found.push(best);
  }
  if (found.length === 0) return failure;
  return {
    ...failure,
    proposal: {
      ...proposal,
      edit: { ...proposal.edit, system: { apt: [...apt, ...found.map((match) => match.package)] } },
      why: [proposal.why, ...found.map((match) => `${match.package} has /${match.path}, which is asked for next`)].join(
        '; ',
      ),
    },
  };
}

function askedNext(failure: Failure, texts: readonly SdistText[], paths: readonly string[]): MissingPart[] {
  const headers = (includedAfter(failure, texts) ?? includedByCython(failure, texts)).filter(
    (header) => !NOT_A_LIBRARY.test(header) && !isOwn(header, failure, paths),
  );
  return [
    ...headers.map((name) => ({ kind: 'header' as const, name })).slice(0, MAX_ASKED),
    ...[...dependenciesAfter(failure, texts), ...namedInSetup(failure, texts)].slice(0, MAX_ASKED),
  ];
}

/** Not by a file in a folder that has the missing header too: the compiler does not look there. */
function isOwn(header: string, { line }: Failure, paths: readonly string[]): boolean {
  const [, , , missed = ''] = WHERE.exec(line) ?? [];
  const own = paths.filter((path) => path === header || path.endsWith(`/${header}`));
  return own.some((path) => !paths.includes(path.slice(0, path.length - header.length) + missed));
}

/** Up to the first line that may depend on something else; undefined where the file is not among the texts. */
function includedAfter({ line }: Failure, texts: readonly SdistText[]): string[] | undefined {
  const [, file = '', number, header = ''] = WHERE.exec(line) ?? [];
  const source = texts.find(({ path }) => isFile(path, file));
  if (source === undefined) return undefined;
  const lines = source.text.split('\n').slice(Number(number) - 1);
  if (INCLUDE.exec(lines[0] ?? '')?.[1] !== header) return [];
  const headers: string[] = [];
  for (const text of lines.slice(1)) {
    const [, included] = INCLUDE.exec(text) ?? [];
    if (included !== undefined) headers.push(included);
    else if (!BETWEEN.test(text)) break;
  }
  return headers;
}

/** What the project's Cython code includes anywhere, where the file was generated from some of it: modules of one project mostly use one set of libraries. */
function includedByCython({ line }: Failure, texts: readonly SdistText[]): string[] {
  const [, file = ''] = WHERE.exec(line) ?? [];
  const code = texts.filter(({ path }) => CYTHON_SOURCE.test(path));
  const origin = file.replace(/\.c(?:pp|xx)?$/, '.pyx');
  if (!code.some(({ path }) => isFile(path, origin))) return [];
  return [...new Set(code.flatMap(({ text }) => [...text.matchAll(CYTHON_EXTERN)].map(([, header = '']) => header)))];
}
