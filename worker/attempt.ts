import { tmpdir } from 'node:os';
import type { AttemptOutcome, Lease } from '../core/attempt.js';
import { isDiskFull } from '../core/disk-full.js';
import { reasonOf, WheelwrightError } from '../core/errors.js';
import type { AttemptSite, AttemptVoice } from './attempt-site.js';
import type { Evidence } from './evidence.js';
import { explain } from './explanation.js';
import { runPhases } from './phase-sequence.js';

/**
 * Makes one attempt and says how it ended. `later` takes what must be cleared away once the end has been reported.
 * @throws only an aborted signal's reason; broken infrastructure makes the outcome `lost`.
 */
export async function makeAttempt(
  lease: Lease,
  site: AttemptSite,
  voice: AttemptVoice,
  later: (clear: () => Promise<void>) => void,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  const evidence: Evidence = { recipe: lease.order.recipe, installed: [], log: voice.log, signal };
  try {
    const result = await runPhases(lease, site, voice, later, evidence, signal);
    switch (result.kind) {
      case 'done': {
        const { content: _content, ...wheel } = result.value;
        return { kind: 'succeeded', wheel };
      }
      case 'failed': {
        // What fails while an attempt is being broken off says nothing of the package.
        signal.throwIfAborted();
        const failure = await explain(result.failure, evidence);
        voice.log.say(`failed: ${failure.class}: ${failure.cause}`);
        return { kind: 'failed', failure };
      }
      case 'deferred':
        return { kind: 'deferred', requirements: result.requirements };
      default:
        return result satisfies never;
    }
  } catch (error) {
    signal.throwIfAborted();
    const fault = isDiskFull(error) ? workerDiskFull(error) : error;
    const reason = reasonOf(fault);
    const hint = fault instanceof WheelwrightError && fault.hint !== undefined ? ` ${fault.hint}` : '';
    voice.log.say(`lost: ${reason}.${hint}`);
    return { kind: 'lost', reason };
  }
}

function workerDiskFull(cause: unknown): WheelwrightError {
  return new WheelwrightError('unavailable', `the disk of the worker is full (${tmpdir()})`, {
    hint: 'Sources and wheels pass through there: make room, or name another folder by TMPDIR. The attempt is tried again by itself.',
    cause,
  });
}
