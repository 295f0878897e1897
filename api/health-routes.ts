import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Router } from 'express';
import { reasonOf } from '../core/errors.js';
import type { ApiContext } from './context.js';

type PartState = { ok: boolean; reason?: string };

/** Below this, a wheel on its way in may not fit. */
const LOW_DISK_BYTES = 512 * 2 ** 20;

/**
 * `/healthz`: the process answers. `/readyz`: each part by name; 503 when one does not work without which requests fail. The upstream is told and does not
 * count: what is pinned or held here goes on without it.
 */
export function healthRoutes({ store, queue, settings, stopping, upstreamState }: ApiContext): Router {
  const data = settings.WHEELWRIGHT_DATA;
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.type('text/plain').send('ok\n');
  });
  router.get('/readyz', async (_request, response) => {
    const [database, disk, blobs, queueState] = await Promise.all([
      state(() => store.ping()),
      state(() => checkSpace(data)),
      state(() => access(join(data, 'blobs'), constants.R_OK | constants.W_OK)),
      state(() => queue.ping()),
    ]);
    const service: PartState = stopping.aborted ? { ok: false, reason: 'it is stopping' } : { ok: true };
    const needed = { database, disk, blobs, queue: queueState, service };
    const ready = Object.values(needed).every(({ ok }) => ok);
    response.status(ready ? 200 : 503).json({ ready, parts: { ...needed, upstream: upstreamState() } });
  });
  return router;
}

async function checkSpace(folder: string): Promise<void> {
  await access(folder, constants.W_OK);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < LOW_DISK_BYTES) throw new Error(`only ${Math.floor((bavail * bsize) / 2 ** 20)} MiB are free`);
}

async function state(probe: () => Promise<unknown>): Promise<PartState> {
  try {
    await probe();
    return { ok: true };
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
}
