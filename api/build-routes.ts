import { json, Router } from 'express';
import { buildRequestSchema } from '../client/contract.js';
import { WheelwrightError } from '../core/errors.js';
import { placementOf } from '../core/resources.js';
import { nobodyFor } from '../core/schedule.js';
import type { BuildRecord } from '../core/store.js';
import { PRIORITY, submitBuilds } from '../core/submission.js';
import { SILENT_AFTER_MS, workerState } from '../core/worker.js';
import { type Guards, nameOf } from './authentication.js';
import { viewBuild } from './build-view.js';
import type { ApiContext } from './context.js';
import { wakeWaitingOne } from './loops.js';
import { buildFilterSchema } from './parameters.js';
import { startSolve } from './solver.js';

/** Larger than any recipe may be. */
const MAX_REQUEST_BYTES = 2 ** 20;

export function buildRoutes(context: ApiContext, guards: Guards): Router {
  const { store, workers, queue, signals, clock } = context;
  const router = Router();
  const view = (build: BuildRecord) => viewBuild(build, context.view);
  const whyNobody = async ({ recipe, target, channel }: BuildRecord) => {
    const now = clock();
    const there = (await workers.workers(now - SILENT_AFTER_MS)).filter(
      (worker) => workerState(worker, now) === 'active',
    );
    return nobodyFor(placementOf(recipe, target, channel), there);
  };
  const changed = async (build: BuildRecord) => {
    if (build.status === 'queued') await queue.add({ buildId: build.id, notBefore: 0 });
    for (const attempt of build.attempts) signals.changed(attempt.id);
    await wakeWaitingOne(context);
  };

  router.post('/builds', guards.scope('build'), json({ limit: MAX_REQUEST_BYTES }), async (request, response) => {
    const { requirement, python, policy, recipe, solve } = buildRequestSchema.parse(request.body);
    const submission = { requirement, pythons: python, policy, recipe };
    if (solve === true) {
      const started = await startSolve(context, submission, nameOf(response));
      response.status(202).json({ builds: [view(started.build)], solves: [{ id: started.solve.id }] });
      return;
    }
    const { builds, created } = await submitBuilds(context.submission, submission, PRIORITY.asked, context.stopping);
    response.status(created ? 202 : 200).json({ builds: builds.map(view) });
  });

  router.get('/builds', guards.read, async (request, response) => {
    const { builds, nextCursor } = await store.builds(buildFilterSchema.parse(request.query));
    response.json({ builds: builds.map(view), ...(nextCursor === undefined ? {} : { nextCursor }) });
  });

  router.get('/builds/:id', guards.read, async (request, response) => {
    const id = String(request.params.id);
    const build = await store.build(id);
    if (build === undefined) {
      throw new WheelwrightError('not-found', `there is no build ${JSON.stringify(id)}`, {
        hint: '`wheelwright list` shows the builds and their ids.',
      });
    }
    const nobody = build.status === 'queued' ? await whyNobody(build) : undefined;
    response.json({ ...view(build), ...(nobody === undefined ? {} : { nobody }) });
  });

  router.post('/builds/:id/retry', guards.scope('build'), async (request, response) => {
    const build = await store.retry(String(request.params.id), clock());
    await changed(build);
    response.status(202).json(view(build));
  });

  router.post('/builds/:id/cancel', guards.scope('build'), async (request, response) => {
    const build = await store.cancel(String(request.params.id), clock());
    await changed(build);
    response.status(202).json(view(build));
  });

  return router;
}
