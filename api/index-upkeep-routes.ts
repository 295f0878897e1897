import { json, Router } from 'express';
import {
  deleteRequestSchema,
  statusRequestSchema,
  unyankRequestSchema,
  yankRequestSchema,
} from '../client/index-upkeep.js';
import { reservedNameOf } from '../core/index-upkeep.js';
import { normalizeProjectName } from '../core/project-name.js';
import { type Guards, nameOf } from './authentication.js';
import type { ApiContext } from './context.js';
import { renewBlobs } from './renew-blobs.js';

/** What administrators decide about what is on the index: yanks, deletions, statuses of projects, reserved names. */
export function indexUpkeepRoutes(
  context: Pick<ApiContext, 'indexUpkeep' | 'store' | 'blobs' | 'clock' | 'log'>,
  guards: Guards,
): Router {
  const { indexUpkeep, clock, log } = context;
  const router = Router();
  const admin = guards.scope('admin');
  const body = json({ limit: '2mb' });

  router.post('/projects/:name/yank', admin, body, async (request, response) => {
    const project = normalizeProjectName(String(request.params.name));
    const { files: wanted, reason } = yankRequestSchema.parse(request.body);
    const files = await indexUpkeep.yank(project, wanted, reason);
    log.info({ project, files, reason, by: nameOf(response) }, 'files yanked');
    response.json({ files });
  });

  router.post('/projects/:name/unyank', admin, body, async (request, response) => {
    const project = normalizeProjectName(String(request.params.name));
    const files = await indexUpkeep.unyank(project, unyankRequestSchema.parse(request.body).files);
    log.info({ project, files, by: nameOf(response) }, 'yank taken back');
    response.json({ files });
  });

  router.post('/projects/:name/delete', admin, body, async (request, response) => {
    const project = normalizeProjectName(String(request.params.name));
    const { files: wanted, reason } = deleteRequestSchema.parse(request.body);
    const meant = await indexUpkeep.meant(project, wanted);
    for (const filename of meant) await renewBlobs(context, filename);
    const files = await indexUpkeep.delete(project, meant, reason, clock());
    log.warn({ project, files, reason, by: nameOf(response) }, 'files deleted');
    response.json({ files });
  });

  router.put('/projects/:name/status', admin, body, async (request, response) => {
    const project = normalizeProjectName(String(request.params.name));
    const { status, reason } = statusRequestSchema.parse(request.body);
    await indexUpkeep.setStatus(project, status, reason);
    log.info({ project, status, reason, by: nameOf(response) }, 'status of a project set');
    response.status(204).end();
  });

  router.get('/reserved-names', guards.read, async (_request, response) => {
    response.json({ names: await indexUpkeep.reservedNames() });
  });

  router.put('/reserved-names/:name', admin, async (request, response) => {
    const name = reservedNameOf(String(request.params.name));
    await indexUpkeep.reserve(name, clock());
    log.info({ name, by: nameOf(response) }, 'name reserved');
    response.json({ name });
  });

  router.delete('/reserved-names/:name', admin, async (request, response) => {
    const name = reservedNameOf(String(request.params.name));
    await indexUpkeep.unreserve(name);
    log.info({ name, by: nameOf(response) }, 'name no longer reserved');
    response.json({ name });
  });
  return router;
}
