import type { Logger } from 'pino';
import type { WorkerApi } from '../client/worker-api.js';
import type { AttemptOutcome, Lease } from '../core/attempt.js';
import { type ErrorCode, WheelwrightError } from '../core/errors.js';
import type { WorkerRef } from '../core/worker.js';
import { makeAttempt } from './attempt.js';
import { AttemptEnd } from './attempt-end.js';
import { AttemptLog } from './attempt-log.js';
import { append, openReport } from './attempt-report.js';
import type { AttemptSite, AttemptVoice } from './attempt-site.js';
import type { PhaseContext } from './phase-context.js';
import { persistently } from './retry.js';

const HEARTBEAT_MS = 1_000;

/** An attempt that has ended. */
export interface LeaseEnd {
  /** The next one, where the api gave it at once. */
  next: Lease | undefined;
  /** Resolves when what the attempt made on its worker is gone. */
  cleared: Promise<void>;
}

/**
 * Makes the attempt of one lease and reports how it ended. `stopping` aborts when the worker must not wait any longer.
 * @param room resolves when there is room for it: until then it is only kept alive
 * @param nextFor says who takes another attempt when this one ends, if anyone does then
 */
export async function workOnLease(
  lease: Lease,
  site: AttemptSite & { api: WorkerApi; logger: Logger },
  stopping: AbortSignal,
  room: Promise<void>,
  nextFor: () => WorkerRef | undefined,
): Promise<LeaseEnd> {
  const { api, logger } = site;
  const ended = new AbortController();
  /** What may still be said after the attempt was broken off; only a lost lease forbids it. */
  const silenced = new AbortController();
  const end = (reason: AttemptEnd) => {
    if (reason.kind === 'superseded') silenced.abort(reason);
    ended.abort(reason);
  };
  const onStopping = () => end(new AttemptEnd('stopping'));
  stopping.addEventListener('abort', onStopping);
  if (stopping.aborted) onStopping();

  let diagnosis: PhaseContext['diagnosis'] | undefined;
  const log = new AttemptLog({
    append: async (firstLine, text, marks) => {
      const piece = { firstLine, text, marks };
      await refusedMeansLost(
        () => persistently(() => append(api, lease, piece, silenced.signal), silenced.signal),
        end,
      );
    },
    onLine: (text, number) => diagnosis?.line(text, number),
    limitBytes: site.settings.WHEELWRIGHT_LOG_BYTES,
  });
  const report = openReport(api, lease, log);
  /** From then on a heartbeat may be refused because the end has arrived: only the answer to the report says how it was taken. */
  let reporting = false;
  const stopBeating = beat(lease, api, (reason) => reporting || end(reason), silenced.signal);
  const clears: (() => Promise<void>)[] = [];
  const fields = {
    attemptId: lease.attemptId,
    buildId: lease.order.buildId,
    project: lease.order.project,
    version: lease.order.version,
  };
  logger.info(fields, 'attempt started');
  let next: Lease | undefined;
  try {
    await room;
    const outcome = await attemptOutcome(
      lease,
      site,
      { log, listen: (next) => (diagnosis = next), deliver: (wheel) => report.deliver(wheel, ended.signal) },
      (clear) => clears.push(clear),
      ended.signal,
    );
    reporting = true;
    next = await refusedMeansLost(() => report.end(outcome, nextFor, silenced.signal), end);
    const reason = outcome.kind === 'lost' ? { reason: outcome.reason } : {};
    logger.info({ ...fields, outcome: outcome.kind, ...reason }, 'attempt ended');
  } catch (error) {
    logger.warn({ ...fields, err: error }, 'attempt dropped: its end could not be reported');
  } finally {
    stopBeating();
    stopping.removeEventListener('abort', onStopping);
  }
  const clear = async () => {
    for (const one of clears.reverse()) {
      await one().catch((error: unknown) =>
        logger.warn({ ...fields, err: error }, 'something of the attempt was left behind'),
      );
    }
  };
  return { next, cleared: clear() };
}

async function attemptOutcome(
  lease: Lease,
  site: AttemptSite,
  voice: AttemptVoice,
  later: (clear: () => Promise<void>) => void,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  try {
    signal.throwIfAborted();
    return await makeAttempt(lease, site, voice, later, signal);
  } catch (error) {
    const reason = signal.reason as unknown;
    if (!(reason instanceof AttemptEnd) || reason.kind === 'superseded') throw error;
    voice.log.say(`ended: ${reason.message}`);
    return reason.kind === 'cancelled'
      ? { kind: 'cancelled' }
      : { kind: 'lost', reason: reason.message, handedBack: true };
  }
}

/**
 * Says once a second that the attempt is alive, and hears whether it still should be, until the returned function is called. A call that is under way then is not broken
 * off, which would cost its connection.
 */
function beat(lease: Lease, api: WorkerApi, end: (reason: AttemptEnd) => unknown, signal: AbortSignal): () => void {
  let stopped = false;
  // A connection can die in silence. Two more fit into the lease then, each on a new one.
  const answerMs = Math.ceil(lease.leaseMs / 3);
  const once = async () => {
    try {
      const { cancelRequested } = await api.heartbeat(lease, AbortSignal.any([signal, AbortSignal.timeout(answerMs)]));
      if (cancelRequested && !stopped) end(new AttemptEnd('cancelled'));
    } catch (error) {
      if (isRefusal(error) && !stopped) end(new AttemptEnd('superseded'));
    }
    if (!stopped) timer = setTimeout(once, HEARTBEAT_MS);
  };
  // The claim was the first.
  let timer = setTimeout(once, HEARTBEAT_MS);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

async function refusedMeansLost<T>(call: () => Promise<T>, end: (reason: AttemptEnd) => void): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (isRefusal(error)) end(new AttemptEnd('superseded'));
    throw error;
  }
}

const REFUSALS: ReadonlySet<ErrorCode> = new Set(['conflict', 'not-found', 'unauthorized', 'forbidden']);

/** The API knows the lease no more, or the worker's token was revoked: whatever is done under them counts for nothing. */
function isRefusal(error: unknown): boolean {
  return error instanceof WheelwrightError && REFUSALS.has(error.code);
}
