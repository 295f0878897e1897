import { Router } from 'express';
import { indexUrl, type Settings } from '../core/settings.js';
import type { Guards } from './authentication.js';

/** GET /service: what a reader must know of this installation to use it. */
export function serviceRoutes(guards: Guards, settings: Settings): Router {
  const router = Router();
  router.get('/service', guards.read, (_request, response) => {
    const index = indexUrl(settings);
    response.json({
      indexUrl: `${index}/simple/`,
      trialIndexUrl: `${index}/trial/simple/`,
      defaultPolicy: settings.WHEELWRIGHT_DEFAULT_POLICY,
      defaultPythons: settings.WHEELWRIGHT_DEFAULT_PYTHONS,
    });
  });
  return router;
}
