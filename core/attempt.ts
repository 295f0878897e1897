import type { Channel, Sdist, Target } from './build.js';
import type { Failure } from './failure.js';
import type { Phase } from './phase.js';
import type { EffectiveRecipe } from './recipe/recipe.js';
import type { Resources } from './resources.js';

export const ATTEMPT_STATUSES = ['leased', 'running', 'succeeded', 'failed', 'lost', 'cancelled', 'deferred'] as const;
/** `deferred`: it found that other builds must come first, and its build waits for them. */
export type AttemptStatus = (typeof ATTEMPT_STATUSES)[number];

/** A lost attempt (worker or engine gone) is tried again by itself this many times in all; a failed one never is. */
export const MAX_LOST_ATTEMPTS = 3;

/** Milliseconds to wait before the next try after the nth loss: 5 s, 20 s, 80 s. */
export function lostBackoffMs(losses: number): number {
  return 5_000 * 4 ** (losses - 1);
}

/** Everything a worker needs to know to make one attempt; plain JSON. */
export interface BuildOrder {
  buildId: string;
  project: string;
  version: string;
  sdist: Sdist;
  recipe: EffectiveRecipe;
  target: Target;
  channel: Channel;
  /** Simple index that build and test requirements come from (ours, merged with upstream); absolute, ends in `/simple/`. */
  indexUrl: string;
  /** The recipe's `depends`, as far as they have been built for this target; the worker defers while one is missing. */
  depends?: SharingWheel[];
  /** Recipes of the builds that made those, each after what it depends on itself: this builder is made from theirs, so that shared libraries are the same files. */
  lineage?: EffectiveRecipe[];
  /** Build number for the file name (PEP 427) when this release already has a wheel for the same tag; bytes under a name never change. */
  buildTag?: number;
}

/** A wheel of ours that shares native libraries with the one that is to be built. */
export interface SharingWheel {
  project: string;
  version: string;
  filename: string;
  sha256: string;
  url: string;
  /** File names of the libraries in it. */
  grafted: string[];
}

/** What a worker holds while it works: every write must carry the token, and a stale token is refused. */
export interface Lease {
  attemptId: string;
  attemptNumber: number;
  token: string;
  /** Milliseconds from the claim or the last heartbeat until the attempt counts as lost. */
  leaseMs: number;
  /** What the attempt may use of its worker. */
  resources: Resources;
  order: BuildOrder;
  /** What the api takes and an older one does not: `end`, the call of {@link AttemptEnding}, and `wheel` in it. */
  takes?: readonly string[];
}

/** One thing an attempt took in. `sha256` is missing where only a version identifies it (system packages). */
export interface AttemptInput {
  kind:
    | 'sdist'
    | 'build-requirement'
    | 'test-requirement'
    | 'system-package'
    | 'image'
    | 'toolchain'
    | 'source'
    | 'tool';
  name: string;
  version: string;
  sha256?: string;
}

/** What an attempt has told since the last time: lines of its log, the phases that began among them, and what was taken in. */
export interface AttemptProgress {
  /** Number of the text's first line. */
  from: number;
  /** Whole lines, or nothing. */
  text: string;
  phases: PhaseStart[];
  inputs: AttemptInput[];
}

/** How an attempt ended, with what it has not told yet, and who has room now for another one. */
export interface AttemptEnding {
  outcome: AttemptOutcome;
  progress?: AttemptProgress;
  /** The bytes of the wheel in base64, where they were not sent before. */
  wheel?: string;
  next?: { worker: string; session: string };
}

export interface PhaseStart {
  /** Counts the phases of the attempt from 1: the same again is a no-op. */
  seq: number;
  phase: Phase;
  /** Number of its first line in the log. */
  firstLine: number;
  /** Milliseconds since it began. */
  agoMs: number;
}

/** What a worker found out about the wheel that it made; the API checks the archive itself all the same. */
export interface WheelReport {
  filename: string;
  sha256: string;
  sizeBytes: number;
  grafted: string[];
  needs: string[];
}

/**
 * How an attempt ended, as the worker reports it. `handedBack`: the worker was stopped in an orderly way, so the build is tried again at once, and the loss does not count.
 */
export type AttemptOutcome =
  | { kind: 'succeeded'; wheel: WheelReport }
  | { kind: 'failed'; failure: Failure }
  | { kind: 'deferred'; requirements: string[] }
  | { kind: 'lost'; reason: string; handedBack?: true | undefined }
  | { kind: 'cancelled' };
