// The workers as operators see and steer them.
import { Router } from 'express';
import type { Worker } from '../client/workers.js';
import { WheelwrightError } from '../core/errors.js';
import type { Resources } from '../core/resources.js';
import { type WorkerRecord, workerState } from '../core/worker.js';
import type { Guards } from './authentication.js';
import type { ApiContext } from './context.js';

const SEEN_WITHIN_MS = 24 * 60 * 60_000;

export function fleetRoutes(
  { workers, dispatch, clock, log }: Pick<ApiContext, 'workers' | 'dispatch' | 'clock' | 'log'>,
  guards: Guards,
): Router {
  const router = Router();

  router.get('/workers', guards.read, async (_request, response) => {
    const now = clock();
    const records = await workers.workers(now - SEEN_WITHIN_MS);
    response.json({ workers: records.map((record) => viewWorker(record, now)) });
  });

  for (const action of ['drain', 'resume'] as const) {
    router.post(`/workers/:name/${action}`, guards.scope('admin'), async (request, response) => {
      const name = String(request.params.name);
      await workers.setDraining(name, action === 'drain');
      log.info({ worker: name, action }, 'worker steered');
      dispatch.wake();
      const record = (await workers.workers(0)).find((worker) => worker.name === name);
      if (record === undefined) throw new WheelwrightError('internal', `the worker ${name} is gone`);
      response.json(viewWorker(record, clock()));
    });
  }

  return router;
}

function viewWorker(record: WorkerRecord, now: number): Worker {
  const { name, version, engineVersion, architectures, labels, trust, budget, running } = record;
  const used = (kind: keyof Resources) => running.reduce((sum, reserved) => sum + reserved[kind], 0);
  return {
    name,
    state: workerState(record, now),
    version,
    engineVersion,
    architectures,
    labels,
    trust,
    slots: { total: record.slots, used: running.length },
    budget,
    used: { cpus: used('cpus'), memoryBytes: used('memoryBytes'), diskBytes: used('diskBytes') },
    registeredAt: new Date(record.registeredAt).toISOString(),
    lastSeen: new Date(record.lastSeen).toISOString(),
    running: running.map(({ attemptId, buildId, project, version: built }) => ({
      attemptId,
      buildId,
      project,
      version: built,
    })),
  };
}
