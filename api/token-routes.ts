import { json, Router } from 'express';
import type { ListedToken } from '../adapters/sqlite/tokens.js';
import { tokenRequestSchema } from '../client/tokens.js';
import { WheelwrightError } from '../core/errors.js';
import { type Guards, nameOf, scopesOf } from './authentication.js';
import type { ApiContext } from './context.js';

/** Tokens, for administrators; and `/tokens/own`, by which anyone learns what their token may do. */
export function tokenRoutes({ tokens, clock, log }: ApiContext, guards: Guards): Router {
  const router = Router();
  const admin = guards.scope('admin');

  router.get('/tokens', admin, async (_request, response) => {
    response.json({ tokens: (await tokens.list()).map(viewToken) });
  });

  router.post('/tokens', admin, json({ limit: '10kb' }), async (request, response) => {
    const { name, scopes } = tokenRequestSchema.parse(request.body);
    const { id, secret } = await tokens.create(name, scopes, clock());
    log.info({ tokenId: id, name, scopes, by: nameOf(response) }, 'token created');
    response.status(201).json({ id, name, scopes, secret });
  });

  router.get('/tokens/own', guards.any, (_request, response) => {
    response.json({ name: nameOf(response), scopes: scopesOf(response) });
  });

  router.delete('/tokens/:id', admin, async (request, response) => {
    const id = String(request.params.id);
    if (!(await tokens.revoke(id, clock()))) {
      throw new WheelwrightError('not-found', `there is no token ${JSON.stringify(id.slice(0, 80))} to revoke`, {
        hint: '`wheelwright token list` shows the tokens with their ids, and which were revoked already.',
      });
    }
    log.info({ tokenId: id, by: nameOf(response) }, 'token revoked');
    response.status(204).end();
  });
  return router;
}

function viewToken({ id, name, scopes, createdAt, revokedAt }: ListedToken) {
  return {
    id,
    name,
    scopes,
    createdAt: new Date(createdAt).toISOString(),
    ...(revokedAt === undefined ? {} : { revokedAt: new Date(revokedAt).toISOString() }),
  };
}
