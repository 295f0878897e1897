// The worker's side of the API. Every write carries the lease token and is refused once the lease does not hold.
import { json, type Request, type Response, Router, raw } from 'express';
import {
  claimRequestSchema,
  endingSchema,
  inputsSchema,
  LEASE_HEADER,
  outcomeSchema,
  phaseStartSchema,
  progressSchema,
  workerGreetingSchema,
  workerLeaveSchema,
  workerRegistrationSchema,
} from '../client/contract.js';
import type { AttemptEnding, AttemptInput, AttemptOutcome, Lease } from '../core/attempt.js';
import type { Channel } from '../core/build.js';
import { WheelwrightError } from '../core/errors.js';
import type { LeaseRef, Progress } from '../core/store.js';
import { assertProtocol, type WorkerRef } from '../core/worker.js';
import { type Guards, scopesOf } from './authentication.js';
import { viewBuild } from './build-view.js';
import { connectionSignal } from './connection-signal.js';
import type { ApiContext } from './context.js';
import { withDepends } from './depends.js';
import { finishAttempt, tooLarge } from './finish.js';
import { lineNumber } from './parameters.js';

const MAX_LOG_CHUNK_BYTES = 4 * 2 ** 20;
/** JSON may take six bytes for one. */
const MAX_PROGRESS_BYTES = 6 * MAX_LOG_CHUNK_BYTES;
const MAX_INPUTS_BYTES = 4 * 2 ** 20;
const MAX_OUTCOME_BYTES = 2 ** 20;
/** What workers may send and older apis did not take; see core's Lease. */
const TAKES = ['end', 'wheel'];

export function workerRoutes(context: ApiContext, guards: Guards): Router {
  const { store, logs, blobs, signals, clock, settings, log } = context;
  const router = Router();
  const worker = guards.scope('worker', 'worker-trial');

  // In the order of how often they are called, since they are tried in turn.
  router.post('/attempts/:id/heartbeat', worker, async (request, response) => {
    response.json(await store.heartbeat(leaseOf(request), settings.WHEELWRIGHT_LEASE_MS, clock()));
  });

  router.post('/attempts/:id/end', worker, json({ limit: MAX_PROGRESS_BYTES }), async (request, response) => {
    const { next, ...ending } = endingSchema.parse(request.body) as AttemptEnding;
    await finishAttempt(context, leaseOf(request), ending);
    const signal = connectionSignal(response, context.stopping);
    const lease =
      next && (await giveWork(context, { name: next.worker, session: next.session }, 0, signal).catch(noWork));
    response.json(lease === undefined ? {} : { next: lease });
  });
  // The attempt has ended all the same, and the worker's next claim tells it what is wrong.
  const noWork = (err: unknown) => log.warn({ err }, 'no attempt could be given with the end of another') as undefined;

  router.post('/worker/registration', worker, json({ limit: '100kb' }), async (request, response) => {
    const { protocol, name, version } = workerGreetingSchema.parse(request.body);
    assertProtocol(protocol, { name, version });
    const { protocol: _, ...facts } = workerRegistrationSchema.parse(request.body);
    assertTrust(facts.trust, response);
    await context.workers.register(facts, clock());
    log.info({ worker: name, version, slots: facts.slots }, 'worker registered');
    // With another worker there, a build may belong to somebody else than before.
    context.dispatch.wake();
    response.status(204).end();
  });

  router.post('/worker/leave', worker, json({ limit: '10kb' }), async (request, response) => {
    const { worker: name, session } = workerLeaveSchema.parse(request.body);
    await context.workers.leave({ name, session }, clock());
    log.info({ worker: name }, 'worker left');
    context.dispatch.wake();
    response.status(204).end();
  });

  router.post('/worker/claims', worker, json({ limit: '10kb' }), async (request, response) => {
    const { worker: name, session = '', waitMs } = claimRequestSchema.parse(request.body);
    const waited = context.metrics.slotWaits(name);
    const signal = connectionSignal(response, context.stopping);
    const lease = await giveWork(context, { name, session }, waitMs, signal).finally(waited);
    if (lease === undefined) return void response.status(204).end();
    response.json(lease);
  });

  router.post('/attempts/:id/phase', worker, json({ limit: '10kb' }), async (request, response) => {
    const lease = leaseOf(request);
    await store.startPhase(lease, phaseStartSchema.parse(request.body).phase, clock());
    signals.changed(lease.attemptId);
    response.status(204).end();
  });

  router.post('/attempts/:id/inputs', worker, json({ limit: MAX_INPUTS_BYTES }), async (request, response) => {
    const { inputs } = inputsSchema.parse(request.body);
    await store.addInputs(leaseOf(request), inputs as AttemptInput[]);
    response.status(204).end();
  });

  const text = raw({ type: () => true, limit: MAX_LOG_CHUNK_BYTES });
  router.post('/attempts/:id/log', worker, text, async (request, response) => {
    const lease = leaseOf(request);
    const body: unknown = request.body;
    const piece = Buffer.isBuffer(body) ? body.toString('utf8') : '';
    const nextLine = await logs.append(lease, lineNumber(request.query.from), piece, clock());
    signals.changed(lease.attemptId);
    response.json({ nextLine });
  });

  router.post('/attempts/:id/progress', worker, json({ limit: MAX_PROGRESS_BYTES }), async (request, response) => {
    const lease = leaseOf(request);
    const { from, text: piece, ...more } = progressSchema.parse(request.body);
    const nextLine = await logs.append(lease, from, piece, clock(), more as Progress);
    signals.changed(lease.attemptId);
    response.json({ nextLine });
  });

  router.put('/attempts/:id/artifacts/:filename', worker, async (request, response) => {
    await store.checkLease(leaseOf(request));
    const maxBytes = settings.WHEELWRIGHT_WHEEL_BYTES;
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
      throw tooLarge(String(request.params.filename), settings);
    }
    // Ended early, the stream must stay open for the answer that says why.
    response.json(await blobs.put(request.iterator({ destroyOnReturn: false }), { maxBytes }));
  });

  router.post('/attempts/:id/finish', worker, json({ limit: MAX_OUTCOME_BYTES }), async (request, response) => {
    const outcome = outcomeSchema.parse(request.body) as AttemptOutcome;
    const lease = leaseOf(request);
    await finishAttempt(context, lease, { outcome });
    // https://www.rfc-editor.org/rfc/rfc7240#section-4.2: a worker has no use for the build.
    if (request.get('prefer') === 'return=minimal') return void response.status(204).end();
    const build = await store.buildOfAttempt(lease.attemptId);
    response.json(build && viewBuild(build, context.view));
  });

  return router;
}

/** Waits up to `waitMs` for an attempt for this worker. @throws WheelwrightError `conflict` when it is not registered */
async function giveWork(
  context: ApiContext,
  worker: WorkerRef,
  waitMs: number,
  signal: AbortSignal,
): Promise<Lease | undefined> {
  const claimed = await context.dispatch.next(worker, waitMs, signal);
  if (claimed === undefined) return undefined;
  const { askedAt, ...lease } = claimed;
  const { attemptId, order } = lease;
  context.metrics.attemptStarted(lease.attemptNumber === 1 ? context.clock() - askedAt : undefined);
  context.log.info({ attemptId, buildId: order.buildId, worker: worker.name }, 'attempt leased');
  return { ...(await withDepends(context, lease)), takes: TAKES };
}

/** What a worker publishes as stable is installed by everybody: its token says whether it may, whatever the worker says. */
function assertTrust(trust: readonly Channel[], response: Response): void {
  const scopes = scopesOf(response);
  if (scopes.includes('worker') || scopes.includes('admin') || trust.every((channel) => channel === 'trial')) return;
  throw new WheelwrightError('forbidden', 'the token is for workers that build by unapproved recipes only', {
    hint: 'Set WHEELWRIGHT_WORKER_TRUST=trial, or give the worker a token with the scope worker.',
  });
}

function leaseOf(request: Request): LeaseRef {
  const token = request.headers[LEASE_HEADER];
  if (typeof token !== 'string') {
    throw new WheelwrightError('invalid', `the header ${LEASE_HEADER} is missing`, {
      hint: 'It carries the token that the claim answered.',
    });
  }
  return { attemptId: String(request.params.id), token };
}
