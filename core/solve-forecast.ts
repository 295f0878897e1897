// Which older releases would fail as a newer one did, by their sdists and without a build: those that ask for the same header, or for a library that is newer
// than what the build found, or use what that library does not have yet.

import type { Failure } from './failure.js';
import { literal } from './literal.js';
import { mayInclude } from './sdist-headers.js';
import type { SdistText } from './sdist-text.js';
import { compareVersions } from './version.js';

/** What a release lacked, in a form that can be looked for in others. */
export type Shortfall =
  /** No package has it, or not the one that was installed. */
  | { kind: 'header'; name: string }
  /** No package has it: what pkg-config, CMake or the linker is asked for. */
  | { kind: 'part'; name: string }
  /** The library that is there does not have this function, constant or member. */
  | { kind: 'symbol'; name: string }
  /** `found`: what is there; undefined where it is not known. */
  | { kind: 'version'; needed: string; found?: string; line: string };

const ABSENT_SYMBOL =
  /undefined symbol: (\w+)|has no member named [‘'`](\w+)|[‘'`](?:\w+::)*(\w+)(?:\([^)]*\))?[’'](?:; did you mean .*| undeclared| was not declared| is not a member of)/;

/** @returns undefined where the failure is not about something that a base or a library of it lacks */
export function shortfallOf({ class: kind, missing = [], line, proposal, found }: Failure): Shortfall | undefined {
  const header = missing.find((part) => part.kind === 'header')?.name;
  if (kind === 'missing-header' && header !== undefined) return { kind: 'header', name: header };
  const part = missing.find((each) => ['pkg-config', 'cmake', 'library'].includes(each.kind) && each.loose !== true);
  if (kind === 'missing-library' && proposal === undefined && part !== undefined && part.name.length > 2)
    return { kind: 'part', name: part.name };
  if (kind !== 'library-too-old') return undefined;
  const [, linked, member, declared] = ABSENT_SYMBOL.exec(line) ?? [];
  const symbol = linked ?? member ?? declared;
  // A plain word stands in sources for other things as well.
  if (symbol !== undefined) return /[A-Z_\d]/.test(symbol) ? { kind: 'symbol', name: symbol } : undefined;
  const named = [...new Set(line.replaceAll(/\w+:\/\/\S+/g, '').match(/\d+(?:\.\d+)+/g) ?? [])];
  const [older, newer, ...others] = named.sort(compareVersions);
  if (older === undefined || others.length > 0) return undefined;
  if (newer !== undefined) return { kind: 'version', needed: newer, found: older, line };
  return { kind: 'version', needed: older, ...(found === undefined ? {} : { found }), line };
}

/** Texts of an sdist that may say what it asks for. */
export function mayAsk({ kind }: Shortfall, path: string): boolean {
  switch (kind) {
    case 'header':
    case 'symbol':
      return mayInclude(path);
    case 'part':
      return BUILD_FILE.test(path);
    case 'version':
      return BUILD_FILE.test(path) || mayInclude(path);
    default:
      return kind satisfies never;
  }
}

const BUILD_FILE =
  /^(?:[^/]+\.(?:py|toml|cfg)|(?:[^/]+\/){0,2}(?:CMakeLists\.txt|meson\.build|configure\.(?:ac|in)|[\w-]+\.cmake))$/;

/**
 * How to tell that another release lacks the same.
 * @param asking texts of the release that failed, as {@link mayAsk} names them
 * @returns undefined where those do not show how it asks
 */
export function foretells(
  shortfall: Shortfall,
  asking: readonly SdistText[],
): ((texts: readonly SdistText[]) => boolean) | undefined {
  if (shortfall.kind !== 'version') {
    const name = literal(shortfall.name);
    const named = {
      header: `(?:include\\s*[<"]|cdef extern from\\s+['"]<?)${name}[>"']`,
      part: `(?<![\\w+.-])${name}(?![\\w+-]|\\.\\w)`,
      symbol: `\\b${name}\\b`,
    }[shortfall.kind];
    const uses = (texts: readonly SdistText[]) => texts.some(({ text }) => new RegExp(named).test(text));
    return uses(asking) ? uses : undefined;
  }
  const { needed, found } = shortfall;
  const files = filesThatAsk(shortfall, asking);
  const words = wordsBefore(needed, files);
  if (words.length === 0) return undefined;
  const paths = new Set(files.map(({ path }) => path));
  const minimum = new RegExp(`\\b(?:${words.map(literal).join('|')})\\b${BETWEEN}(${VERSION})`, 'g');
  return (texts) =>
    texts.some(
      ({ path, text }) =>
        paths.has(path) &&
        [...text.matchAll(minimum)].some(([, version = '']) => {
          const asked = dotted(version);
          return found === undefined ? compareVersions(asked, needed) >= 0 : compareVersions(asked, found) > 0;
        }),
    );
}

/** `9.4.0`, and as a tuple `9, 4, 0`. */
const VERSION = String.raw`\d+(?:\.\d+|, *\d+)+`;
/** What stands between a name and its version: ` = (`, `>=`, ` = parse("`, ` version (`, ` v`. Bounded, since a text of someone's choice is searched. */
const BETWEEN = String.raw`(?: version)?[\s"'()\[\]<>=:,!]{1,12}(?:[\w.]{1,60}\(["'(]{0,2})?v?`;
/** Words that stand before versions of all kinds of things. */
const SAYS_NOTHING =
  /^(?:version|python\w*|requires?|required|min|minimum|minimal|least|than|setuptools|cython|numpy|cmake)$/i;

/** Characters before a version by which a message is known again. */
const WORDS_AROUND = 12;

/** Comments and documents name versions of all times: the files that have the line's own words, else those of the build. */
function filesThatAsk({ needed, line }: { needed: string; line: string }, texts: readonly SdistText[]): SdistText[] {
  const at = line.indexOf(needed);
  const said = line.slice(Math.max(0, at - WORDS_AROUND), at + needed.length).trim();
  const saying = said.length >= needed.length + WORDS_AROUND / 2 ? texts.filter(({ text }) => text.includes(said)) : [];
  return saying.length > 0 ? saying : texts.filter(({ path }) => BUILD_FILE.test(path));
}

/** The names that the texts give a version after. */
function wordsBefore(version: string, texts: readonly SdistText[]): string[] {
  const before = new RegExp(`\\b([A-Za-z][\\w-]{2,60})\\b${BETWEEN}(${VERSION})`, 'g');
  const words = texts.flatMap(({ text }) =>
    [...text.matchAll(before)].flatMap(([, word = '', asked = '']) =>
      compareVersions(dotted(asked), version) === 0 && !SAYS_NOTHING.test(word) ? [word] : [],
    ),
  );
  return [...new Set(words)];
}

function dotted(version: string): string {
  return version.replaceAll(/, */g, '.');
}

/**
 * Looks for the newest of the releases that is not foretold to fail, in few looks: by leaps, then by halves. That those before one which is not foretold to fail
 * are not either is taken for granted.
 * @param versions newest first
 * @returns those of them that were looked at and are foretold to fail
 */
export async function foretold(
  versions: readonly string[],
  fails: (version: string) => Promise<boolean>,
): Promise<string[]> {
  const failing: string[] = [];
  const failsAt = async (at: number): Promise<boolean> => {
    const version = versions[at];
    if (version === undefined || !(await fails(version))) return false;
    failing.push(version);
    return true;
  };
  let low = -1;
  let high = 0;
  for (let leap = 1; high < versions.length && (await failsAt(high)); leap *= 2) {
    low = high;
    high += leap;
  }
  high = Math.min(high, versions.length);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await failsAt(middle)) low = middle;
    else high = middle;
  }
  return failing;
}
