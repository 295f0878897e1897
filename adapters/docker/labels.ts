import { hostname } from 'node:os';
import { isProcessRunning } from '../host/process.js';

export const INSTANCE_LABEL = 'wheelwright.instance';
const ATTEMPT_LABEL = 'wheelwright.attempt';
/** Milliseconds since the epoch, after which nobody can still be using it. */
export const DEADLINE_LABEL = 'wheelwright.deadline';
/** `<host>:<pid>` of the worker. */
const OWNER_LABEL = 'wheelwright.owner';

export type Labels = Record<string, string>;

/** Whose container or volume it is, and until when. */
export interface Ownership {
  instance: string;
  owner: string;
}

export function thisOwner(): string {
  return `${hostname()}:${process.pid}`;
}

export function makeLabels(ownership: Ownership, attemptId: string, deadline: number): Labels {
  return {
    [INSTANCE_LABEL]: ownership.instance,
    [OWNER_LABEL]: ownership.owner,
    [ATTEMPT_LABEL]: attemptId,
    [DEADLINE_LABEL]: String(deadline),
  };
}

/** Longer than a look into an image takes on the slowest engine. */
const LOOK_MS = 60 * 60_000;

/** Of a container that is never started, made to look into an image; it is of no attempt. */
export function makeLookLabels(instance: string, now: number): Labels {
  return { [INSTANCE_LABEL]: instance, [DEADLINE_LABEL]: String(now + LOOK_MS) };
}

/**
 * Whether nobody uses it any more: its worker has let go of the attempt, is gone from this host, or the deadline has passed.
 * What a living worker elsewhere owns is left alone.
 */
export function isOrphan(
  labels: Labels,
  self: { owner: string; live: ReadonlySet<string>; now: number; isRunning: (owner: string) => boolean },
): boolean {
  const attempt = labels[ATTEMPT_LABEL];
  if (attempt !== undefined && self.live.has(attempt)) return false;
  if (Number(labels[DEADLINE_LABEL] ?? 0) < self.now) return true;
  if (attempt === undefined) return false;
  const owner = labels[OWNER_LABEL] ?? '';
  return owner === self.owner || !self.isRunning(owner);
}

/** Processes of other hosts count as running: their deadline decides. */
export function isOwnerRunning(owner: string): boolean {
  const [host, pid] = owner.split(':');
  return host !== hostname() || isProcessRunning(Number(pid));
}
