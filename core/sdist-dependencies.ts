// What a script of meson, CMake or autoconf asks for after the library that a build missed: they stop at the first, and each of the others would cost a build.
import type { Failure, MissingPart } from './failure.js';
import { literal } from './literal.js';
import type { SdistText } from './sdist-text.js';

interface Language {
  script: RegExp;
  opens: RegExp;
  closes: RegExp;
  /** Beyond it, what holds is decided elsewhere. */
  ends: RegExp;
  /** A block that every build on Linux goes into. */
  holds: RegExp;
  /** What a statement asks for, as long as it cannot do without; `text` is the whole script. */
  asks(statement: string, text: string): MissingPart[];
}

/** Those that the build tool, the interpreter, the compiler, toolchains or build requirements bring. */
const NO_LIBRARY =
  /^(?:python\w*|numpy|pybind11|nanobind|cython|scikit[-_]?build|threads|openmp|dl|m|swig|java|jni|cuda\w*|git|pkgconfig|blas|lapack)$/i;

const MESON: Language = {
  script: /meson\.build$/,
  opens: /^(?:if|foreach)\b/,
  closes: /^end(?:if|foreach)\b/,
  ends: /^(?:elif|else|subdir)\b/,
  holds: /^if host_machine\.system\(\) == 'linux'$/,
  asks(statement) {
    const [, name = '', options = ''] = /\bdependency\(\s*'([\w.+-]+)'(.*)/.exec(statement) ?? [];
    return /\brequired *:(?! *true\b)/.test(options) ? [] : parts('pkg-config', [name]);
  },
};

const CMAKE: Language = {
  script: /(?:CMakeLists\.txt|\.cmake)$/,
  opens: /^(?:if|foreach|while|function|macro)\s*\(/i,
  closes: /^end(?:if|foreach|while|function|macro)\s*\(/i,
  ends: /^(?:else|elseif)\s*\(/i,
  holds: /^if\s*\(\s*(?:UNIX|LINUX|"?\$?\{?CMAKE_SYSTEM_NAME\}?"?\s+(?:MATCHES|STREQUAL)\s+"?Linux"?)\s*\)/,
  asks(statement, text) {
    const [, command = '', name = '', options = ''] =
      /^(find_package|pkg_check_modules)\s*\(\s*([\w.+-]+)(.*)\)/i.exec(statement) ?? [];
    const words = options.split(/\s+/);
    // Or it gives up in words of its own.
    if (
      !words.includes('REQUIRED') &&
      !new RegExp(`\\bNOT\\s+${literal(name)}_FOUND\\s*\\)\\s*message\\s*\\(\\s*(?:FATAL|SEND)_ERROR`).test(text)
    )
      return [];
    return command.toLowerCase() === 'find_package'
      ? parts('cmake', [name])
      : parts(
          'pkg-config',
          words.filter((word) => !/^[A-Z_]*$/.test(word)).map((word) => word.replace(/[<>=].*/, '')),
        );
  },
};

const AUTOCONF: Language = {
  script: /configure\.(?:ac|in)$/,
  opens: /^(?:if|for|while|case)\b/,
  closes: /^(?:fi|done|esac)\b/,
  ends: /^(?:else|elif)\b/,
  holds: /^$/,
  asks(statement) {
    const [, macro = '', inside = ''] =
      /^(PKG_CHECK_MODULES|AC_CHECK_LIB|AC_SEARCH_LIBS|AC_CHECK_HEADERS?)\((.*)\)/.exec(statement) ?? [];
    const [first = '', second = '', ...actions] = inside.split(',').map((text) => text.replaceAll(/[[\]]/g, '').trim());
    const endsBuild = /\bAC_MSG_(?:ERROR|FAILURE)\b/.test(inside);
    // Without an action for what is missing it ends the build; the others go on.
    if (macro === 'PKG_CHECK_MODULES')
      return endsBuild || actions.length < 2 ? parts('pkg-config', modulesOf(second)) : [];
    if (!endsBuild) return [];
    if (macro.startsWith('AC_CHECK_HEADER')) return parts('header', first.split(/\s+/));
    return parts('library', macro === 'AC_CHECK_LIB' ? [first] : second.split(/\s+/).slice(0, 1));
  },
};

const LANGUAGES = [MESON, CMAKE, AUTOCONF];

/** `glib-2.0 >= 2.40 zlib` names two modules. */
function modulesOf(list: string): string[] {
  return list.replaceAll(/[<>=]+\s*[\w.$]+/g, '').split(/\s+/);
}

function parts(kind: MissingPart['kind'], names: readonly string[]): MissingPart[] {
  return names
    .filter((name) => /^[A-Za-z][\w.+/-]*$/.test(name) && !NO_LIBRARY.test(name))
    .map((name) => ({ kind, name }));
}

/** As seen from the folder that meson-python builds in, and by CMake from that of the sdist. */
const WHERE =
  /^(?:\.\.\/)+src\/([\w./+-]*meson\.build):(\d+):\d+: ERROR: Dependency |^CMake Error at (?:\/build\/src\/)?([\w./+-]*CMakeLists\.txt):(\d+) /;

/** Whether a text of the sdist may be the script that missed a library. */
export function mayMiss(failure: Failure, path: string): boolean {
  const [, meson, , cmake] = WHERE.exec(failure.line) ?? [];
  const file = meson ?? cmake;
  if (failure.class !== 'missing-library') return false;
  if (file !== undefined) return path === file;
  return /^(?:[^/]+\/){0,2}(?:CMakeLists\.txt|[\w-]+\.cmake|configure\.(?:ac|in))$/.test(path);
}

/** What the rest of that script asks for and cannot do without, in its order. */
export function dependenciesAfter(failure: Failure, texts: readonly SdistText[]): MissingPart[] {
  const [, , mesonLine, , cmakeLine] = WHERE.exec(failure.line) ?? [];
  const line = Number(mesonLine ?? cmakeLine ?? 1);
  const names = (failure.missing ?? []).flatMap(({ name, or = [] }) => [name, ...or]);
  for (const { path, text } of texts) {
    const language = LANGUAGES.find(({ script }) => script.test(path));
    if (language === undefined || !mayMiss(failure, path)) continue;
    const statements = statementsFrom(text, line);
    const at =
      line > 1 ? 0 : statements.findIndex((each) => language.asks(each, text).some(({ name }) => names.includes(name)));
    if (at >= 0) return askedAfter(language, statements.slice(at + 1), text);
  }
  return [];
}

/** Up to where the block of the first statement ends; what lies in blocks of its own depends on something. */
function askedAfter(language: Language, statements: readonly string[], text: string): MissingPart[] {
  const { opens, closes, ends, holds, asks } = language;
  const found: MissingPart[] = [];
  /** Of each open block whether it may be passed over. */
  const open: boolean[] = [];
  for (const statement of statements) {
    if (closes.test(statement) && open.pop() === undefined) break;
    if (ends.test(statement)) {
      if (open.length === 0) break;
      open[open.length - 1] = true;
    }
    if (!open.includes(true)) found.push(...asks(statement, text));
    if (opens.test(statement)) open.push(!holds.test(statement));
  }
  return found;
}

/** In one line each, without comments. */
function statementsFrom(text: string, line: number): string[] {
  const statements: string[] = [];
  let open: string[] = [];
  let depth = 0;
  for (const part of text.split('\n').slice(line - 1)) {
    const code = part.replace(/^\s*(?:#|dnl\b).*|\s#[^'#]*$/, '').trim();
    if (code !== '') open.push(code);
    depth += count(code, '(') - count(code, ')');
    if (depth > 0) continue;
    if (open.length > 0) statements.push(open.join(' '));
    open = [];
    depth = 0;
  }
  return statements;
}

function count(text: string, sign: string): number {
  return text.split(sign).length - 1;
}
