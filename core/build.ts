import { WheelwrightError } from './errors.js';

export const BUILD_STATUSES = ['planned', 'queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled'] as const;
export type BuildStatus = (typeof BUILD_STATUSES)[number];

/** `trial`: the recipe has not been approved by anyone, so the wheel is served under /trial/simple/ only. */
export const CHANNELS = ['stable', 'trial'] as const;
export type Channel = (typeof CHANNELS)[number];

/** A resolved build environment. `builderDigest` identifies the builder image and its clean twin by their definition. */
export interface Target {
  /** The platform tag's policy, e.g. `manylinux_2_31`. */
  policy: string;
  /** As in platform tags, e.g. `x86_64`. */
  arch: string;
  /** The interpreter tag, e.g. `cp313`. */
  python: string;
  /** Name of the folder in images/ that defines it. */
  image: string;
  builderDigest: string;
}

/** The source archive of one release, pinned by hash. */
export interface Sdist {
  filename: string;
  url: string;
  sha256: string;
  sizeBytes?: number;
}

export type BuildEvent = 'enqueue' | 'claim' | 'succeed' | 'fail' | 'requeue' | 'wait' | 'cancel' | 'retry' | 'expire';

const TRANSITIONS: Record<BuildEvent, { from: readonly BuildStatus[]; to: BuildStatus }> = {
  enqueue: { from: ['planned', 'waiting'], to: 'queued' },
  claim: { from: ['queued'], to: 'running' },
  // A build succeeds without an attempt when another interpreter's wheel serves it too.
  succeed: { from: ['planned', 'queued', 'running', 'waiting'], to: 'succeeded' },
  fail: { from: ['running', 'waiting'], to: 'failed' },
  requeue: { from: ['running'], to: 'queued' },
  wait: { from: ['planned', 'running'], to: 'waiting' },
  cancel: { from: ['planned', 'queued', 'running', 'waiting'], to: 'cancelled' },
  // Its wheel was a trial that nobody approved, or an administrator deleted it.
  expire: { from: ['succeeded'], to: 'cancelled' },
  retry: { from: ['failed', 'cancelled'], to: 'queued' },
};

/** @throws WheelwrightError `conflict` when the event cannot happen in that status. */
export function transitionBuild(status: BuildStatus, event: BuildEvent): BuildStatus {
  const { from, to } = TRANSITIONS[event];
  if (!from.includes(status)) {
    throw new WheelwrightError('conflict', `a ${status} build cannot ${event}`, {
      hint: `Only a build that is ${from.join(' or ')} can. Look at its present state first; it may have changed meanwhile.`,
    });
  }
  return to;
}

export function isFinished(status: BuildStatus): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled';
}
