import { reasonOf } from '../core/errors.js';
import type { Upstream } from '../core/upstream.js';

export interface UpstreamState {
  /** Whether the newest answer was one; true as long as nothing was asked. */
  ok: boolean;
  reason?: string;
  /** When the upstream last answered or failed; milliseconds since the epoch. */
  at?: number;
}

/** An upstream that remembers how it last answered, so that /readyz can tell without asking it anything. */
export function watchUpstream<T extends Pick<Upstream, 'project'>>(
  upstream: T,
  clock: () => number,
): { upstream: T; state(): UpstreamState } {
  let state: UpstreamState = { ok: true };
  const watched: T = {
    ...upstream,
    async project(name: string, signal: AbortSignal) {
      try {
        const page = await upstream.project(name, signal);
        state = { ok: true, at: clock() };
        return page;
      } catch (error) {
        // Who gave up says nothing about the upstream.
        if (!signal.aborted) state = { ok: false, reason: reasonOf(error), at: clock() };
        throw error;
      }
    },
  };
  return { upstream: watched, state: () => state };
}
