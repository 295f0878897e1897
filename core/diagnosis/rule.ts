import type { FailureClass, MissingPart } from '../failure.js';
import type { Phase } from '../phase.js';

/**
 * How much a line says about why a build ended, most first. Among lines of equal weight the earliest wins.
 * `header` .. `tool`: tools that give up, in the order in which they are nearest to the cause. `hint`: may be a probe that went on.
 * `python-api`: a compiler's error about Python itself, which explains the others beside it.
 * `exception` and `compile`: specific, but often the consequence of something else. `sentence`: a script's own words, not marked as an error. `download` names what was wanted, `network` does not.
 * `generic`: known only by its form.
 */
export const WEIGHTS = [
  'resources',
  'header',
  'linker',
  'dependency',
  'toolchain',
  'tool',
  'requirement',
  'python-api',
  'compile',
  'exception',
  'hint',
  'sentence',
  'download',
  'network',
  'generic',
] as const;
export type Weight = (typeof WEIGHTS)[number];

/** What a reducer has seen around the line being matched; all of it bounded. */
export interface Surroundings {
  /** `3.13`, where the log or its context says so. */
  python?: string;
  phase?: Phase;
  /** Normalised name of the project that is built, where it is known beforehand. */
  project?: string;
  /** Between the announcement that build requirements are installed and the next step. */
  installingRequirements: boolean;
  /** Names that pkg-config was asked for most recently. */
  askedPkgConfig: readonly string[];
  /** The function that the compiler was last asked to call without having seen it declared. */
  undeclared?: string;
  /** The CMake command whose fatal error is being told, e.g. `find_program`; empty where it is not named. */
  cmakeError?: string;
}

export interface Finding {
  class: FailureClass;
  cause: string;
  missing?: MissingPart[];
  edit?: Record<string, unknown>;
  why?: string;
  /** The edit often helps but the line alone does not prove it. */
  guess?: boolean;
}

/**
 * One way in which builds fail. `cause`, `missing`, `edit` and `why` may name groups of `match` as `{1}`.
 * `refine` settles what a table cannot: it changes the finding, or says that the line means nothing here.
 */
export interface Rule extends Finding {
  match: RegExp;
  weight: Weight;
  only?: 'cmake-error';
  /** `match[0]` is the whole line. */
  refine?: (match: RegExpExecArray, around: Surroundings) => Partial<Finding> | 'ignore';
}

/** 13 for `3.13`. */
export function minorOf(python: string): number {
  return Number(python.split('.')[1]);
}

/** What a rule says about one line; undefined when it does not apply. */
export function applyRule(rule: Rule, line: string, around: Surroundings): Finding | undefined {
  if (rule.only === 'cmake-error' && around.cmakeError === undefined) return undefined;
  const match = rule.match.exec(line);
  if (match === null) return undefined;
  // What settles a doubtful case often stands beside the words that matched.
  match[0] = line;
  const refined = rule.refine?.(match, around) ?? {};
  if (refined === 'ignore') return undefined;
  const { match: _match, weight: _weight, only: _only, refine: _refine, ...table } = rule;
  return fill({ ...table, ...refined }, match) as Finding;
}

function fill(value: unknown, match: RegExpExecArray): unknown {
  if (typeof value === 'string') return value.replaceAll(/\{(\d)\}/g, (_, group) => match[Number(group)] ?? '');
  if (Array.isArray(value)) return value.map((item) => fill(item, match));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [fill(key, match) as string, fill(item, match)]),
    );
  }
  return value;
}
