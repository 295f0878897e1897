import type { Phase } from './phase.js';

export const FAILURE_CLASSES = [
  'bad-request',
  'no-sdist',
  'bad-sdist',
  'missing-header',
  'missing-tool',
  'missing-library',
  'library-too-old',
  'python-too-new',
  'build-requirement',
  'toolchain-missing',
  'system-package',
  'compile-error',
  'silent-fallback',
  'network-needed',
  'out-of-memory',
  'disk-full',
  'output-limit',
  'timed-out',
  'bad-wheel',
  'cpu-bound',
  'repair-refused',
  'missing-in-clean-image',
  'test-failed',
  'infrastructure',
  'unknown',
] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** A change to a recipe that would probably mend the failure: a partial recipe to merge in, and why. */
export interface Proposal {
  /** A partial recipe in the form of core/recipe/recipe.ts, e.g. `{ system: { apt: ['libpq-dev'] } }`. */
  edit: Record<string, unknown>;
  why: string;
  /** It often helps in such a case, but the log alone does not prove that it is right: worth a try, not worth trusting. */
  guess?: true;
}

export const MISSING_KINDS = ['header', 'library', 'soname', 'pkg-config', 'cmake', 'tool', 'package'] as const;

/** Something that the build looked for and did not find, in the words in which it asked for it. */
export interface MissingPart {
  kind: (typeof MISSING_KINDS)[number];
  name: string;
  /** Read from a sentence, in which the name may mean something else. */
  loose?: true;
  /** Other names of the same kind that would do as well. */
  or?: string[];
}

/** Why an attempt failed, in the words of its log. `line` is the decisive line and `lineNumber` its 1-based number in the attempt's log. */
export interface Failure {
  class: FailureClass;
  phase?: Phase;
  line: string;
  /** 0 where no line of the log says it, e.g. a time limit. */
  lineNumber: number;
  /** One or two sentences for a person: what it means and what usually helps. */
  cause: string;
  proposal?: Proposal;
  /** Further changes worth a try where the proposal does not help or there is none, the likeliest first; none is proven. */
  ideas?: Proposal[];
  /** What an index of packages can be asked for; the build needs all of them. */
  missing?: MissingPart[];
  /** Version of the library that the line finds too old, of the distribution's package that was installed. */
  found?: string;
}

/** Whether two builds ended for the same thing, wherever and with whatever process numbers and times. */
export function isSameFailure(a: Failure, b: Failure): boolean {
  return a.class === b.class && essence(a.line) === essence(b.line);
}

/** A line without what changes from run to run: folders and numbers of processes, times. */
function essence(line: string): string {
  return line.replaceAll(/(?:\/[\w.+-]+)+\/(?=[\w.+-])/g, '').replaceAll(/\d+/g, '0');
}

/** What cargo, rustc or PyO3 say, in which Python's build requirements have no part: no other maturin mends it. */
export function isOfCrates({ line }: Failure): boolean {
  return /\bcargo\b|\bcrates?\b|Cargo\.(?:toml|lock)|^error\[E\d{4}\]: |\bPyO3\b/.test(line);
}
