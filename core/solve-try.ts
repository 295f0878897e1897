import { type Failure, type FailureClass, isSameFailure, type Proposal } from './failure.js';
import type { Recipe } from './recipe/recipe.js';

/** Builds that one solve may take in all, those that make its recipe smaller included. */
export const MAX_TRIES = 8;
/** As many where, beyond those, every failure is a new one that proves its own mending: what lacks many libraries gets there, one after the other. */
export const MAX_PROVEN_TRIES = 12;

/** The line of a log that led to an edit. */
export interface SolveEvidence {
  buildId: string;
  class: FailureClass;
  line: string;
  /** 1-based in the log of the build's last attempt; 0 where no line says it. */
  lineNumber: number;
}

/** One change of the recipe, why it was made, and what made us think of it. */
export interface SolveEdit {
  /** A partial recipe, merged in as overrides are. */
  edit: Record<string, unknown>;
  why: string;
  guess?: true;
  evidence: SolveEvidence;
}

/** `first`: as asked for. `edit`: with one more edit. `older-release`: the same on an older version. `without`: with one edit fewer, after a success. */
export const TRY_PURPOSES = ['first', 'edit', 'older-release', 'without'] as const;
export type TryPurpose = (typeof TRY_PURPOSES)[number];

export interface PlannedTry {
  purpose: TryPurpose;
  version: string;
  /** In the order in which they were made. */
  edits: SolveEdit[];
  /** Index of the try that it is a change of; undefined for the first. */
  parent?: number;
}

export interface SolveTry extends PlannedTry {
  buildId: string;
  /** `libraries`: file names of the shared libraries that the wheel brings or needs, e.g. `libtag-2f1d0c3e.so.1.17.0`. */
  outcome:
    | { kind: 'succeeded'; durationMs: number; libraries?: readonly string[] }
    | { kind: 'failed'; failure?: Failure };
}

/** What is known beforehand, once for the whole solve. */
export interface SolveFacts {
  /** The recipe that the solve starts with; edits are merged over it. */
  recipe: Recipe;
  /** ISO date of the day on which the solve began. */
  today: string;
  /** ISO dates on which versions were released, where the index says so. */
  releasedOn: Readonly<Record<string, string>>;
  /** Versions before the first try's that could be built instead, newest first: one per series, or all of them where there are hardly any series. */
  olderVersions: readonly string[];
  /** All of them; missing in solves that began before it was kept. */
  allOlderVersions?: readonly string[] | undefined;
  /** Older versions that by their sdists would fail as a newer one did (core/solve-forecast.ts). */
  foretold?: readonly string[];
  /** ISO date from which tools work with the interpreter and have wheels for it; missing in solves that began before it was kept. */
  toolsFrom?: string;
  /** By version, its build requirements without upper bounds, where one of them exists as no wheel and could not be built either. */
  freed?: Readonly<Record<string, Proposal>>;
  /** ISO date of about when the libraries of the base were released; missing in solves that began before it was kept. */
  librariesFrom?: string | undefined;
  /** The requirement names one version, so another one is no answer to it. */
  pinned: boolean;
  /** The newest release of all. */
  newest?: string;
  /** Policies newer than the one that is built for. */
  newerPolicies: readonly string[];
  /** Where the index has wheels of the first try's version for older interpreters only: the newest of them, e.g. `cp311`, the oldest later release that has one for this interpreter, and the newest interpreter of this installation that the version was made for. */
  wheels?: { upTo: string; firstRelease: string; python?: string };
}

/** Whether both failed, and in the same way as far as is known. */
export function sameFailure(a: SolveTry['outcome'], b: SolveTry['outcome']): boolean {
  if (a.kind !== 'failed' || b.kind !== 'failed') return false;
  const [first, second] = [a.failure, b.failure];
  return first === undefined || second === undefined ? first === second : isSameFailure(first, second);
}
