// Which libraries a setup script names, all of which a build needs in the end: pkg-config, the compiler and the linker stop at the first that is missing.
import type { Failure, MissingPart } from './failure.js';
import type { SdistText } from './sdist-text.js';

export function isSetupScript(path: string): boolean {
  return /^(?:setup\w*|build\w*|\w*_build)\.py$/.test(path);
}

/** What stands within a pair of brackets that holds no other, and what is before it. Bounded, since a text of someone's choice is searched. */
const BRACKETS = /([^\n[\]()]{0,80})[[(]([^[\]()]{0,4000})[\])]/g;
const TEXTS = /(["'])((?:(?!\1).)*)\1/g;
const PKG_CONFIG = /\bpkg[-_]?config/i;
const LINKED = /\blibraries['"]?\]?\s*(?:=|:|\+=|\.extend|\.append)\s*$/;

/**
 * Libraries that a setup script asks pkg-config for, those that it names beside the one that a build missed, and those that its extensions are linked with. No script says
 * which of them are optional in a form that could be read.
 */
export function namedInSetup(failure: Failure, texts: readonly SdistText[]): MissingPart[] {
  const { missing = [] } = failure;
  const [first] = missing;
  if (first === undefined || !KINDS.includes(first.kind)) return [];
  const missed = missing.flatMap(({ name, or = [] }) => [name, ...or]);
  const found: MissingPart[] = [];
  for (const { path, text } of texts) {
    if (!isSetupScript(path)) continue;
    for (const [, before = '', inside = ''] of text.replaceAll(/^\s*#.*$/gm, '').matchAll(BRACKETS)) {
      const names = [...inside.matchAll(TEXTS)].flatMap(([, , said = '']) => namesIn(said));
      const kind = PKG_CONFIG.test(`${before}${inside}`)
        ? 'pkg-config'
        : LINKED.test(before)
          ? 'library'
          : names.some((name) => missed.includes(name))
            ? first.kind
            : undefined;
      // Headers that are named beside each other are mostly the project's own.
      if (kind === undefined || kind === 'header') continue;
      found.push(...names.filter((name) => !missed.includes(name)).map((name) => ({ kind, name })));
    }
  }
  return found.filter(({ name }, at) => found.findIndex((other) => other.name === name) === at);
}

const KINDS: readonly MissingPart['kind'][] = ['header', 'library', 'pkg-config'];
/** Options and words of pkg-config and of the functions around it. */
const NO_NAME =
  /^(?:pkg-?config|cflags|libs?|libraries|include_dirs|library_dirs|exists|modversion|utf-?8|ascii|m|c|dl|rt|pthread|stdc\+\+)$/i;

/** `pkg-config --libs glib-2.0 zlib>=1.2` names two. */
function namesIn(said: string): string[] {
  return said
    .replaceAll(/\s*[<>=]+\s*[\w.]+/g, '')
    .split(/[\s,]+/)
    .filter((word) => /^[A-Za-z][\w.+-]*$/.test(word) && !NO_NAME.test(word));
}
