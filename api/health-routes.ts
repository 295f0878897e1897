import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { Router } from 'express';
import type { ApiContext } from './context.js';

type PartState = { ok: true } | { ok: false; reason: string };

/** `/healthz`: the process answers. `/readyz`: each part that a request may need, by name; 503 when one does not work. */
export function healthRoutes({ store, settings, stopping }: ApiContext): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.type('text/plain').send('ok\n');
  });
  router.get('/readyz', async (_request, response) => {
    const parts = {
      database: await state(() => store.ping()),
      disk: await state(() => access(settings.WHEELWRIGHT_DATA, constants.W_OK)),
      service: stopping.aborted ? { ok: false, reason: 'it is stopping' } : { ok: true },
    };
    const ready = Object.values(parts).every(({ ok }) => ok);
    response.status(ready ? 200 : 503).json({ ready, parts });
  });
  return router;
}

async function state(probe: () => Promise<unknown>): Promise<PartState> {
  try {
    await probe();
    return { ok: true };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}
