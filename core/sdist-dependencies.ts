// What a meson.build asks for after the dependency that a build missed: meson stops at the first, and each of the others would cost a build.
import type { Failure } from './failure.js';
import type { SdistText } from './sdist-text.js';

/** As seen from the folder that meson-python builds in. */
const WHERE = /^(?:\.\.\/)+src\/([\w./+-]*meson\.build):(\d+):\d+: ERROR: Dependency /;
const OPENS = /^(?:if|foreach)\b/;
const CLOSES = /^end(?:if|foreach)\b/;
/** Beyond it, what holds is decided elsewhere. */
const ENDS = /^(?:elif|else|subdir)\b/;
const DEPENDENCY = /\bdependency\(\s*'([\w.+-]+)'(.*)/;
/** Those that meson, the interpreter or build requirements bring. */
const NO_LIBRARY = /^(?:python\d?|numpy|pybind11|nanobind|threads|openmp|dl)$/;

/** File of the sdist in which meson missed a dependency, as far as its line says. */
export function askingFile({ class: kind, line }: Failure): string | undefined {
  return kind === 'missing-library' ? WHERE.exec(line)?.[1] : undefined;
}

/** Names by which the rest of that file asks for dependencies that it cannot do without, in their order. */
export function dependenciesAfter(failure: Failure, texts: readonly SdistText[]): string[] {
  const [, file, number] = WHERE.exec(failure.line) ?? [];
  const text = texts.find(({ path }) => path === file)?.text ?? '';
  const names: string[] = [];
  let depth = 0;
  // The first one is that of the line itself.
  for (const statement of statementsFrom(text, Number(number)).slice(1)) {
    if (CLOSES.test(statement)) depth -= 1;
    if (depth < 0 || (depth === 0 && ENDS.test(statement))) break;
    const [, name = '', options = ''] = depth === 0 ? (DEPENDENCY.exec(statement) ?? []) : [];
    if (name !== '' && !NO_LIBRARY.test(name) && !/\brequired *:(?! *true\b)/.test(options)) names.push(name);
    if (OPENS.test(statement)) depth += 1;
  }
  return names;
}

/** In one line each, without comments. */
function statementsFrom(text: string, line: number): string[] {
  const statements: string[] = [];
  let open = '';
  for (const part of text.split('\n').slice(line - 1)) {
    open = `${open} ${part.replace(/^\s*#.*|\s#[^']*$/, '')}`.trim();
    if (count(open, '(') > count(open, ')')) continue;
    if (open !== '') statements.push(open);
    open = '';
  }
  return statements;
}

function count(text: string, sign: string): number {
  return text.split(sign).length - 1;
}
