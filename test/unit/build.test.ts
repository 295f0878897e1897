import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUILD_STATUSES, type BuildEvent, type BuildStatus, isFinished, transitionBuild } from '../../core/build.js';

const EVENTS: BuildEvent[] = ['enqueue', 'claim', 'succeed', 'fail', 'requeue', 'wait', 'cancel', 'retry'];

function next(status: BuildStatus, event: BuildEvent): BuildStatus | undefined {
  try {
    return transitionBuild(status, event);
  } catch {
    return undefined;
  }
}

test('the states and what leads from one to another', () => {
  const table = BUILD_STATUSES.map((status) => {
    const moves = EVENTS.flatMap((event) => (next(status, event) ? [`${event} -> ${next(status, event)}`] : []));
    return `${status}: ${moves.join(', ')}`;
  });
  expect(table).toEqual([
    'planned: enqueue -> queued, succeed -> succeeded, wait -> waiting, cancel -> cancelled',
    'queued: claim -> running, succeed -> succeeded, cancel -> cancelled',
    'running: succeed -> succeeded, fail -> failed, requeue -> queued, wait -> waiting, cancel -> cancelled',
    'waiting: enqueue -> queued, succeed -> succeeded, fail -> failed, cancel -> cancelled',
    'succeeded: ',
    'failed: retry -> queued',
    'cancelled: retry -> queued',
  ]);
});

test('whatever happens, a build runs only after a claim, and ends only once unless somebody retries it', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...EVENTS)), (events) => {
      let status: BuildStatus = 'planned';
      for (const event of events) {
        const moved = next(status, event);
        if (moved === undefined) continue;
        if (moved === 'running') expect(event).toBe('claim');
        if (isFinished(status)) expect(event).toBe('retry');
        status = moved;
      }
    }),
  );
});
