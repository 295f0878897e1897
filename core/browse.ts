// What people look at beyond single builds. Only reading; behind an interface of its own, since no rule of the domain rests on it.
import type { AttemptInput } from './attempt.js';
import type { RecipeRevision } from './store.js';

/** A project that was built or uploaded here. */
export interface ProjectSummary {
  /** Normalised. */
  name: string;
  /** Files on the index, both channels. */
  files: number;
  builds: number;
  /** Milliseconds since the epoch. */
  lastActive: number;
}

/** What was built in the images of one definition. */
export interface BuilderUse {
  builderDigest: string;
  builds: number;
  /** Milliseconds since the epoch. */
  firstUsed: number;
  lastUsed: number;
}

export interface BrowseStore {
  /** Wheels on the index, and the time that the builds of those made here took. */
  wheelTotals(): Promise<{ wheels: number; buildMs: number }>;
  /** How often the index has sent a wheel that was built here, and the milliseconds that building it each time would have taken. */
  downloadTotals(): { downloads: number; savedMs: number };
  /** Projects whose name contains a text, all for an empty one; alphabetically. */
  projects(containing: string, limit: number): Promise<ProjectSummary[]>;
  /** Projects that took a wheel of this one to be built or tested, alphabetically. */
  dependents(project: string): Promise<string[]>;
  /** Of those of the builder images that were used at all. */
  builderUse(digests: readonly string[]): Promise<BuilderUse[]>;
  recipeRevision(digest: string): Promise<RecipeRevision | undefined>;
  /** What an attempt took in. */
  inputs(attemptId: string): Promise<AttemptInput[]>;
  /** Pairs of a 1-based line number and when the lines from there on were stored, in milliseconds since the epoch; ascending. */
  logTimes(attemptId: string): Promise<[line: number, at: number][]>;
}
