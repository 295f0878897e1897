// How an attempt's end, as its worker reports it, becomes a published file, a failure, or builds to wait for.
import { hash } from 'node:crypto';
import type { AttemptEnding, AttemptOutcome, WheelReport } from '../core/attempt.js';
import { isRefusal, WheelwrightError } from '../core/errors.js';
import type { Failure } from '../core/failure.js';
import type { Settings } from '../core/settings.js';
import type { EndingAttempt, LeaseRef, NewFile } from '../core/store.js';
import { priorityOfNeed, submitBuilds } from '../core/submission.js';
import { wheelServesTarget } from '../core/tag.js';
import { compareVersions } from '../core/version.js';
import type { ApiContext } from './context.js';
import { wakeWaitingOne } from './loops.js';

/**
 * Ends an attempt, after what it has left to tell; the same report again is a no-op.
 * @throws WheelwrightError `conflict` for a stale lease, `invalid` when the wheel neither comes along nor was uploaded first, `unavailable` when the upstream is needed and away
 */
export async function finishAttempt(
  context: ApiContext,
  lease: LeaseRef,
  { outcome, progress, wheel }: Omit<AttemptEnding, 'next'>,
): Promise<void> {
  const { store } = context;
  const attempt = await store.endingAttempt(lease);
  // Then what it had to tell was kept before it ended.
  const ended = attempt.finishedAt !== undefined;
  if (ended) await store.finish(lease, outcome, undefined, context.clock());
  else {
    if (progress !== undefined) {
      const { from, text, ...more } = progress;
      await context.logs.append(lease, from, text, context.clock(), more);
    }
    const bytes = wheel === undefined ? undefined : Buffer.from(wheel, 'base64');
    const final = await endAttempt(context, lease, outcome, attempt, bytes);
    await note(context, attempt, final);
  }
  context.signals.changed(lease.attemptId);
  // There is room on its worker now, and the build may be queued again.
  context.dispatch.wake();
  await wakeWaitingOne(context);
}

async function note(context: ApiContext, { id, build }: EndingAttempt, outcome: AttemptOutcome): Promise<void> {
  const { metrics, log, store, clock } = context;
  const attempt = await store.attempt(id);
  if (attempt !== undefined) metrics.attemptEnded(outcome, attempt, clock());
  const fields = { attemptId: id, buildId: build.id, project: build.project, outcome: outcome.kind };
  log.info({ ...fields, ...(outcome.kind === 'lost' && { reason: outcome.reason }) }, 'attempt ended');
}

/** Returns the outcome that was recorded, which may be another than the one reported. */
async function endAttempt(
  context: ApiContext,
  lease: LeaseRef,
  outcome: AttemptOutcome,
  attempt: EndingAttempt,
  bytes: Buffer | undefined,
): Promise<AttemptOutcome> {
  switch (outcome.kind) {
    case 'succeeded':
      return publish(context, lease, outcome, attempt, bytes);
    case 'deferred':
      return waitForRequirements(context, lease, outcome, attempt.build);
    case 'failed':
    case 'lost':
    case 'cancelled':
      return record(context, lease, outcome);
    default:
      return outcome satisfies never;
  }
}

async function record(context: ApiContext, lease: LeaseRef, outcome: AttemptOutcome): Promise<AttemptOutcome> {
  await context.store.finish(lease, outcome, undefined, context.clock());
  return outcome;
}

/** @param bytes of the wheel, where they were not uploaded before */
async function publish(
  context: ApiContext,
  lease: LeaseRef,
  outcome: AttemptOutcome & { kind: 'succeeded' },
  attempt: EndingAttempt,
  bytes: Buffer | undefined,
): Promise<AttemptOutcome> {
  const { blobs } = context;
  const { wheel } = outcome;
  await assertSent(context, wheel, bytes);
  let checked: { file: NewFile; metadata: Uint8Array };
  try {
    checked = await checkedFile(context, wheel, bytes, attempt.build);
  } catch (error) {
    if (!(error instanceof WheelwrightError) || error.code !== 'invalid') throw error;
    return record(context, lease, { kind: 'failed', failure: badWheel(error) });
  }
  const { file, metadata } = checked;
  const provenance = await context.makeProvenance(file, attempt);
  // All at once, so that they share the time that the disk takes.
  const [stored] = await Promise.all([
    blobs.put([provenance], { maxBytes: provenance.byteLength }),
    blobs.put([metadata], { maxBytes: metadata.byteLength }),
    bytes && blobs.put([bytes], { maxBytes: bytes.byteLength }),
  ]);
  try {
    const signed = { ...file, provenanceSha256: stored.sha256 };
    await context.store.finish(lease, outcome, signed, context.clock());
    return outcome;
  } catch (error) {
    const present = await context.store.file(wheel.filename);
    if (present === undefined || present.sha256 === wheel.sha256) throw error;
    // Another build published this name meanwhile. The next try is answered by that wheel, or gets the next build number.
    return record(context, lease, {
      kind: 'lost',
      reason: `${wheel.filename} was published by another build meanwhile`,
    });
  }
}

async function assertSent(context: ApiContext, wheel: WheelReport, bytes: Buffer | undefined): Promise<void> {
  if (bytes === undefined) {
    if (await context.blobs.has(wheel.sha256)) return;
    throw new WheelwrightError('invalid', `the wheel ${wheel.filename} has not been stored`, {
      hint: 'Send its bytes with PUT artifacts/<filename> first, and report the sha256 that the answer gives.',
    });
  }
  if (bytes.byteLength > context.settings.WHEELWRIGHT_WHEEL_BYTES) throw tooLarge(wheel.filename, context.settings);
  if (hash('sha256', bytes) === wheel.sha256) return;
  throw new WheelwrightError('invalid', `the bytes of ${wheel.filename} do not have the sha256 that is reported`, {
    hint: 'They were changed or cut off on their way. Send them again.',
  });
}

export function tooLarge(filename: string, settings: Settings): WheelwrightError {
  return new WheelwrightError('too-large', `${filename} is larger than ${settings.WHEELWRIGHT_WHEEL_BYTES} bytes`, {
    hint: 'WHEELWRIGHT_WHEEL_BYTES sets the limit.',
  });
}

/** @throws WheelwrightError `invalid` for a wheel that must not be published. */
async function checkedFile(
  context: ApiContext,
  wheel: WheelReport,
  bytes: Buffer | undefined,
  build: EndingAttempt['build'],
): Promise<{ file: NewFile; metadata: Uint8Array }> {
  const path = context.blobs.path(wheel.sha256);
  const facts = await context.checkWheel(path, { filename: wheel.filename, ...(bytes && { bytes }) });
  const { project, version } = facts.name;
  if (project !== build.project || compareVersions(version, build.version) !== 0) {
    throw new WheelwrightError(
      'invalid',
      `the wheel is of ${project} ${version}, not of ${build.project} ${build.version}`,
    );
  }
  if (!wheelServesTarget(wheel.filename, build.target)) {
    const { python, policy, arch } = build.target;
    throw new WheelwrightError('invalid', `${wheel.filename} does not install on ${python} with ${policy}_${arch}`);
  }
  const { requiresPython } = facts.metadata;
  const file: NewFile = {
    filename: wheel.filename,
    project: build.project,
    version: build.version,
    channel: build.channel,
    sha256: wheel.sha256,
    sizeBytes: facts.sizeBytes,
    metadataSha256: hash('sha256', facts.metadataBytes),
    ...(requiresPython === undefined ? {} : { requiresPython }),
    origin: 'build',
    grafted: wheel.grafted,
    needs: wheel.needs,
    ...(build.recipe.cpu === undefined || wheel.filename.endsWith('-any.whl') ? {} : { cpu: build.recipe.cpu }),
    ownsProject: false,
  };
  return { file, metadata: facts.metadataBytes };
}

function badWheel(error: WheelwrightError): Failure {
  return {
    class: 'bad-wheel',
    phase: 'publish',
    line: error.message,
    lineNumber: 0,
    cause: `The wheel was built, but may not be published: ${error.message}. ${error.hint ?? ''}`.trim(),
  };
}

async function waitForRequirements(
  context: ApiContext,
  lease: LeaseRef,
  outcome: AttemptOutcome & { kind: 'deferred' },
  build: EndingAttempt['build'],
): Promise<AttemptOutcome> {
  const needs: string[] = [];
  for (const requirement of outcome.requirements) {
    const { python, policy } = build.target;
    try {
      const { builds } = await submitBuilds(
        context.submission,
        { requirement, pythons: [python], policy },
        priorityOfNeed(build.priority),
        context.stopping,
      );
      for (const { id, status } of builds) {
        needs.push(id);
        // Somebody did not want it then; now it is wanted.
        if (status === 'cancelled') await context.store.retry(id, context.clock());
      }
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const cause = `It needs ${requirement}, which exists as no wheel, and cannot be built either: ${error.message}. ${error.hint ?? ''}`;
      return record(context, lease, { kind: 'failed', failure: needFailure(error.message, cause) });
    }
  }
  const result = await context.store.defer(lease, [...new Set(needs)], context.clock());
  switch (result.kind) {
    case 'deferred':
      return outcome;
    case 'cycle': {
      const cause = `Each of these needs another one to be built first: ${result.projects.join(', ')}. A wheel of one of them from elsewhere (an upload), or a recipe that changes what it requires, breaks the circle.`;
      return record(context, lease, { kind: 'failed', failure: needFailure('', cause) });
    }
    case 'no-progress': {
      const cause = `It was built already that this needs (${result.projects.join(', ')}), and its wheel still does not satisfy ${outcome.requirements.join(', ')}. Constrain the requirement in the recipe to the version that was built.`;
      return record(context, lease, { kind: 'failed', failure: needFailure('', cause) });
    }
    default:
      return result satisfies never;
  }
}

function needFailure(line: string, cause: string): Failure {
  return { class: 'build-requirement', phase: 'fetch', line, lineNumber: 0, cause: cause.trim() };
}
