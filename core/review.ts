// Recipes on their way from somebody's idea to what everybody's builds use.
import { isFinished } from './build.js';
import { WheelwrightError } from './errors.js';
import type { CatalogueRecipe } from './recipe/catalogue.js';
import type { SolveEdit } from './solve-try.js';
import type { BuildRecord, RecipeRevision } from './store.js';

export const SUBMISSION_STATUSES = ['open', 'approved', 'rejected'] as const;
export type SubmissionStatus = (typeof SUBMISSION_STATUSES)[number];

export interface NewSubmission {
  /** Normalised. */
  project: string;
  recipeDigest: string;
  /** What its trials build. */
  requirement: string;
  /** Of the solve that it comes from. */
  evidence: SolveEdit[];
  solveId?: string;
  who: string;
  reason?: string;
  /** Ids of the builds that try it. */
  trials: string[];
}

export interface SubmissionRecord extends Omit<NewSubmission, 'who' | 'reason'> {
  id: string;
  /** The recipe's text. */
  yaml: string;
  status: SubmissionStatus;
  /** Milliseconds since the epoch. */
  createdAt: number;
  decidedAt?: number;
  /** Oldest first. */
  comments: SubmissionComment[];
  /** Oldest first. */
  history: { action: 'submitted' | 'approved' | 'rejected'; who: string; reason?: string; at: number }[];
}

export interface SubmissionComment {
  who: string;
  text: string;
  /** 1-based, of the recipe's text; absent where it is about the whole. */
  line?: number;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface Decision {
  who: string;
  reason?: string;
}

export interface ReviewStore {
  /** An open submission of the same recipe is given back instead, with the new trials added to it. */
  add(submission: NewSubmission, now: number): Promise<{ submission: SubmissionRecord; created: boolean }>;
  submission(id: string): Promise<SubmissionRecord | undefined>;
  /** Newest first. */
  submissions(filter: { status?: SubmissionStatus; project?: string; limit: number }): Promise<SubmissionRecord[]>;
  /**
   * Makes it the project's current recipe, and moves what was built with it to the stable channel, in one transaction.
   * @throws WheelwrightError `not-found`, or `conflict` when it is decided already or a trial has not succeeded
   */
  approve(id: string, decision: Decision, now: number): Promise<void>;
  /** @throws WheelwrightError `not-found`, or `conflict` when it is decided already */
  reject(id: string, decision: Decision & { reason: string }, now: number): Promise<void>;
  /**
   * Decided ones can be talked about as well.
   * @throws WheelwrightError `not-found`, or `invalid` for a line that the recipe does not have
   */
  comment(id: string, comment: Omit<SubmissionComment, 'at'>, now: number): Promise<void>;
  /** The newest approved recipe of a project. */
  approved(project: string): Promise<CatalogueRecipe | undefined>;
  /** The current approved recipe of each project that has one, by project. */
  allApproved(): Promise<Pick<RecipeRevision, 'project' | 'yaml'>[]>;
}

/** @throws WheelwrightError `invalid` for a line that the recipe does not have. */
export function assertHasLine({ yaml }: Pick<SubmissionRecord, 'yaml'>, line: number | undefined): void {
  const lines = yaml.trimEnd().split('\n').length;
  if (line === undefined || line <= lines) return;
  throw new WheelwrightError('invalid', `the recipe has ${lines} lines, and the comment is about line ${line}`, {
    hint: 'Lines are counted in the submitted recipe, from 1.',
  });
}

/** @throws WheelwrightError `conflict` unless it is open. */
export function assertOpen({ id, status }: Pick<SubmissionRecord, 'id' | 'status'>): void {
  if (status === 'open') return;
  throw new WheelwrightError('conflict', `the submission ${id} is ${status} already`, {
    hint: 'A decision is not taken back. Submit the recipe again, as it should be.',
  });
}

/** A recipe is approved when every trial has succeeded. @throws WheelwrightError `conflict` naming those that have not. */
export function assertTried(trials: readonly Pick<BuildRecord, 'id' | 'status' | 'target'>[]): void {
  const open = trials.filter(({ status }) => status !== 'succeeded');
  if (open.length === 0 && trials.length > 0) return;
  const running = open.some(({ status }) => !isFinished(status));
  const named = open.map(({ id, status, target }) => `${target.python} on ${target.policy} (${status}, build ${id})`);
  throw new WheelwrightError('conflict', `not every trial of the recipe has succeeded: ${named.join(', ') || 'none'}`, {
    hint: running
      ? 'Wait for the trials to end.'
      : 'Mend the recipe and submit it again, or retry a trial that failed by no fault of its own.',
  });
}
