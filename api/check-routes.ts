import { json, Router } from 'express';
import { checkRequestSchema } from '../client/contract.js';
import { type CheckSources, checkFile } from '../core/check-walk.js';
import { parseDependencyFile } from '../core/dependency-file.js';
import { decideFile, isReserved, rulesFor } from '../core/index-policy.js';
import type { FileRecord } from '../core/store.js';
import { canonicalPolicy, tagOrder } from '../core/tag.js';
import type { Guards } from './authentication.js';
import { connectionSignal } from './connection-signal.js';
import type { ApiContext } from './context.js';

const MAX_FILE_BYTES = 8 * 2 ** 20;

/** POST /check: which requirements of a file have a wheel, which would compile, which can be had neither way. */
export function checkRoutes(context: ApiContext, requiresDist: CheckSources['requiresDist'], guards: Guards): Router {
  const { store, submission, standings, policy, clock, stopping } = context;
  const router = Router();
  const sources: CheckSources = {
    here: async (project) => {
      const { owned, reserved, status } = await standings.standing(project);
      const rules = rulesFor(policy, project);
      const isOffered = ({ filename, version, channel }: FileRecord) =>
        channel === 'stable' &&
        filename.endsWith('.whl') &&
        decideFile({ filename, version }, project, 'here', rules, clock()).offered;
      const none = status === 'quarantined' || rules.access === 'deny';
      return {
        wheels: none ? [] : (await store.filesOfProject(project)).filter(isOffered),
        owned: owned || isReserved(reserved, project),
      };
    },
    page: async (project, signal) => {
      const { status } = await standings.standing(project);
      if (status === 'quarantined') return { name: project, files: [], keptBack: 'the project is quarantined here' };
      return submission.projectPage(project, signal);
    },
    requiresDist,
  };

  router.post('/check', guards.read, json({ limit: MAX_FILE_BYTES }), async (request, response) => {
    const asked = checkRequestSchema.parse(request.body);
    const python = asked.python ?? submission.defaults.pythons[0] ?? 'cp313';
    const policy = canonicalPolicy(asked.policy ?? submission.defaults.policy);
    const arch = submission.targets.find((target) => target.policy === policy)?.arch ?? 'x86_64';
    const target = { python, policy, arch };
    tagOrder(target); // throws for a target that cannot be read, before anything is fetched
    const file = parseDependencyFile(asked.file, target);
    const rows = await checkFile(file, target, sources, connectionSignal(response, stopping));
    response.json({ kind: file.kind, target, rows });
  });
  return router;
}
