import type { PlannedTry, SolveFacts } from './solve-try.js';

export const SOLVE_STATUSES = ['running', 'solved', 'gave-up', 'cancelled'] as const;
export type SolveStatus = (typeof SOLVE_STATUSES)[number];

/** A request to find a recipe with which a requirement can be built. */
export interface NewSolve {
  /** As asked for. */
  requirement: string;
  /** Normalised. */
  project: string;
  /** Interpreter tags; the first is solved on. */
  pythons: string[];
  policy: string;
  /** YAML of the recipe that edits are merged into; undefined where there was none. */
  baseYaml?: string;
  facts: SolveFacts;
  /** Name of the token that it was asked for with. */
  askedBy: string;
}

export interface SolveRecord extends NewSolve {
  id: string;
  status: SolveStatus;
  /** Why it gave up, or why it answers with less than was asked for. */
  reason?: string;
  /** YAML of the recipe that works; undefined where none is needed. */
  recipe?: string;
  /** Id of the build whose recipe works. */
  solvedBy?: string;
  submissionId?: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
  finishedAt?: number;
  /** In order; `parent` is an index into them. */
  steps: (PlannedTry & { buildId: string })[];
}

export type SolveEnd =
  | { status: 'solved'; solvedBy: string; recipe?: string; submissionId?: string; reason?: string }
  | { status: 'gave-up' | 'cancelled'; reason: string };

export interface SolveStore {
  /** Begins with a build as its first try; one that still runs for the same build and request is given back instead. */
  add(solve: NewSolve, first: PlannedTry & { buildId: string }, now: number): Promise<SolveRecord>;
  solve(id: string): Promise<SolveRecord | undefined>;
  /** Those that have not ended, the oldest first. */
  running(): Promise<SolveRecord[]>;
  /** Adds the step after the `known` ones; a no-op when it is there already. */
  addStep(id: string, known: number, step: PlannedTry & { buildId: string }, now: number): Promise<void>;
  /** Replaces what is known; a no-op for one that has ended. */
  setFacts(id: string, facts: SolveFacts): Promise<void>;
  /** A no-op for one that has ended. */
  end(id: string, end: SolveEnd, now: number): Promise<void>;
}
