import { Router } from 'express';
import { isReserved } from '../core/index-policy.js';
import { normalizeProjectName } from '../core/project-name.js';
import type { ProjectStandings } from '../core/upload-rules.js';
import { upstreamMatrix } from '../core/upstream-matrix.js';
import type { Guards } from './authentication.js';
import type { ApiContext } from './context.js';

const RELEASES = 12;

/** What an upstream has of a project for the targets of this installation, beside what is here. */
export function upstreamRoutes(
  { browse, standings, submission, stopping }: Pick<ApiContext, 'browse' | 'standings' | 'submission' | 'stopping'>,
  guards: Guards,
): Router {
  const router = Router();
  router.get('/projects/:name/upstream', guards.read, async (request, response) => {
    const name = normalizeProjectName(String(request.params.name));
    const targets = submission.targets.map(({ policy, arch, python }) => ({ policy, arch, python }));
    const ours = await isOurs(standings, name);
    const page = ours ? undefined : await submission.projectPage(name, stopping);
    response.json({
      targets,
      releases: page === undefined ? [] : upstreamMatrix(page, targets, RELEASES),
      dependents: await browse.dependents(name),
    });
  });
  return router;
}

/** Whether a project belongs to this organisation, so that no upstream is asked for it. */
export async function isOurs(standings: ProjectStandings, project: string): Promise<boolean> {
  const { owned, reserved } = await standings.standing(project);
  return owned || isReserved(reserved, project);
}
