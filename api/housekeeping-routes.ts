import { json, Router } from 'express';
import { housekeepingRequestSchema } from '../client/housekeeping.js';
import type { Guards } from './authentication.js';
import type { ApiContext } from './context.js';
import { housekeepOne } from './housekeeping.js';

/** A round of housekeeping when somebody asks for one, instead of when its time comes. */
export function housekeepingRoutes(context: ApiContext, guards: Guards): Router {
  const router = Router();
  router.post('/housekeeping', guards.scope('admin'), json({ limit: '10kb' }), async (request, response) => {
    const { dryRun } = housekeepingRequestSchema.parse(request.body ?? {});
    response.json(await housekeepOne(context, dryRun));
  });
  return router;
}
