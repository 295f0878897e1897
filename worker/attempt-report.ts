// How the api hears of an attempt's wheel and of its end.
import type { WorkerApi } from '../client/worker-api.js';
import type { AttemptOutcome, AttemptProgress, Lease } from '../core/attempt.js';
import { WheelwrightError } from '../core/errors.js';
import type { Tested } from '../core/phases.js';
import type { WorkerRef } from '../core/worker.js';
import type { AttemptLog, LogPiece } from './attempt-log.js';
import { persistently } from './retry.js';
import { readSpooled } from './spool.js';

export interface AttemptReport {
  /** Brings the wheel to the api: now, or with the end where it is small and the api takes it there. */
  deliver(wheel: Tested, signal: AbortSignal): Promise<void>;
  /**
   * Says how the attempt ended, and all that is left to tell.
   * @param next says who takes another attempt now, if anyone does
   * @returns that attempt, where the api gave one at once
   */
  end(outcome: AttemptOutcome, next: () => WorkerRef | undefined, signal: AbortSignal): Promise<Lease | undefined>;
}

export function openReport(api: WorkerApi, lease: Lease, log: AttemptLog): AttemptReport {
  let held: (Tested & { content: Uint8Array }) | undefined;
  const takes = (what: string) => lease.takes?.includes(what) === true;
  const upload = async (wheel: Tested, signal: AbortSignal) => {
    const { filename, sizeBytes } = wheel;
    await persistently(() => api.putArtifact(lease, filename, readSpooled(wheel), sizeBytes, signal), signal);
  };
  return {
    async deliver(wheel, signal) {
      const { content } = wheel;
      if (takes('wheel') && typeof content !== 'string') held = { ...wheel, content };
      else await upload(wheel, signal);
    },
    async end(outcome, nextFor, signal) {
      if (takes('end')) {
        const rest = await log.rest();
        const wheel = outcome.kind === 'succeeded' ? held : undefined;
        const inOne = () => {
          const next = nextFor();
          return api.end(
            lease,
            {
              outcome,
              ...(rest && { progress: progressOf(rest) }),
              ...(wheel && { wheel: Buffer.from(wheel.content).toString('base64') }),
              ...(next && { next: { worker: next.name, session: next.session } }),
            },
            signal,
          );
        };
        try {
          return await persistently(inOne, signal);
        } catch (error) {
          if (!isUnknownCall(error)) throw error;
        }
        if (wheel !== undefined) await upload(wheel, signal);
        if (rest !== undefined) await persistently(() => append(api, lease, rest, signal), signal);
      } else await log.flush();
      await persistently(() => api.finish(lease, outcome, signal), signal);
      return undefined;
    },
  };
}

/** Lines alone, which is nearly all of a log, go as they are. */
export async function append(api: WorkerApi, lease: Lease, piece: LogPiece, signal: AbortSignal): Promise<number> {
  const { firstLine, text, marks } = piece;
  if (marks.phases.length === 0 && marks.inputs.length === 0) return api.appendLog(lease, firstLine, text, signal);
  return api.progress(lease, progressOf(piece), signal);
}

function progressOf({ firstLine, text, marks: { phases, inputs } }: LogPiece): AttemptProgress {
  const now = performance.now();
  const began = phases.map(({ at, ...phase }) => ({ ...phase, agoMs: Math.max(0, Math.round(now - at)) }));
  return { from: firstLine, text, phases: began, inputs };
}

/** So answers an api that was set back to an older version since it gave the lease; where it means something else, the calls that it does know say so again. */
function isUnknownCall(error: unknown): boolean {
  return error instanceof WheelwrightError && (error.code === 'not-found' || error.code === 'invalid');
}
