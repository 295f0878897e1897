import express, { type Express, Router } from 'express';
import { attemptRoutes } from './attempt-routes.js';
import { createGuards } from './authentication.js';
import { browseRoutes } from './browse-routes.js';
import { buildRoutes } from './build-routes.js';
import { checkRoutes } from './check-routes.js';
import type { ApiContext } from './context.js';
import { fileRoutes } from './file-routes.js';
import { fleetRoutes } from './fleet-routes.js';
import { healthRoutes } from './health-routes.js';
import { housekeepingRoutes } from './housekeeping-routes.js';
import { indexUpkeepRoutes } from './index-upkeep-routes.js';
import { type LegacyUploadDeps, legacyUpload } from './legacy.js';
import { problemHandler, unknownRoute } from './problem.js';
import { projectRoutes } from './project-routes.js';
import { recipeRoutes } from './recipe-routes.js';
import { reviewRoutes } from './review-routes.js';
import { serviceRoutes } from './service.js';
import { sessionCookie, sessionRoutes } from './session.js';
import { tokenRoutes } from './token-routes.js';
import { upstreamRoutes } from './upstream-routes.js';
import { workerRoutes } from './worker-routes.js';

/** The whole HTTP interface of the API on one Express application; `web` answers whatever is no call of the API. */
export function createApp(context: ApiContext, web: Router): Express {
  const { metrics } = context;
  const readTokenRequired = context.settings.WHEELWRIGHT_READ_TOKEN_REQUIRED;
  const guards = createGuards(context.tokens, { readTokenRequired });
  const api = Router();
  api.use((_request, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  api.use(sessionCookie);
  // First, since routes are tried in turn and workers call by far the most.
  api.use(workerRoutes(context, guards));
  api.use(sessionRoutes({ tokens: context.tokens, readTokenRequired }));
  api.use(serviceRoutes(guards, context.settings));
  api.use(buildRoutes(context, guards));
  api.use(attemptRoutes(context, guards));
  api.use(projectRoutes(context, guards));
  api.use(fileRoutes(context, guards));
  api.use(browseRoutes(context, guards));
  api.use(fleetRoutes(context, guards));
  api.use(upstreamRoutes(context, guards));
  api.use(recipeRoutes(context, guards));
  api.use(reviewRoutes(context, guards));
  api.use(checkRoutes(context, context.requiresDist, guards));
  api.use(tokenRoutes(context, guards));
  api.use(indexUpkeepRoutes(context, guards));
  api.use(housekeepingRoutes(context, guards));

  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  app.use((request, response, next) => {
    const startedAt = context.clock();
    response.on('close', () => {
      metrics.requestEnded(request.method, response.statusCode, context.clock() - startedAt);
    });
    next();
  });
  app.use('/api/v1', api);
  app.post('/legacy/', legacyUpload(legacyDeps(context)));
  app.use(healthRoutes(context));
  app.get('/metrics', async (_request, response) => {
    response.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  app.use(web);
  app.use(unknownRoute);
  app.use(problemHandler(context.log));
  return app;
}

function legacyDeps({ tokens, settings, ...context }: ApiContext): LegacyUploadDeps {
  return {
    ...context,
    maxBytes: settings.WHEELWRIGHT_WHEEL_BYTES,
    async authenticate(secret) {
      const token = await tokens.find(secret);
      return token?.revoked === false ? token : undefined;
    },
  };
}
