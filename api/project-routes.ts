import { Router } from 'express';
import type { Project } from '../client/contract.js';
import { WheelwrightError } from '../core/errors.js';
import { normalizeProjectName } from '../core/project-name.js';
import type { BuildRecord, FileRecord } from '../core/store.js';
import { compareVersions } from '../core/version.js';
import type { Guards } from './authentication.js';
import { viewFile } from './build-view.js';
import type { ApiContext } from './context.js';

const PAGE = 200;
/** Newest builds that are looked at; a project with more shows its newest ones. */
const MAX_BUILDS = 2_000;

export function projectRoutes({ store, browse, view }: ApiContext, guards: Guards): Router {
  const router = Router();
  router.get('/projects/:name', guards.read, async (request, response) => {
    const name = normalizeProjectName(String(request.params.name));
    const files = await store.filesOfProject(name);
    const builds: BuildRecord[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.builds({ project: name, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
      builds.push(...page.builds);
      cursor = page.nextCursor;
    } while (cursor !== undefined && builds.length < MAX_BUILDS);
    if (files.length === 0 && builds.length === 0) {
      throw new WheelwrightError('not-found', `nothing of ${name} was built or uploaded here`, {
        hint: `Ask for it: wheelwright build ${name}. The index may offer an upstream's wheels all the same.`,
      });
    }
    const dependents = await browse.dependents(name);
    response.json({ ...viewProject(name, builds, files, view.indexUrl), dependents });
  });
  return router;
}

function viewProject(
  name: string,
  builds: readonly BuildRecord[],
  files: readonly FileRecord[],
  indexUrl: string,
): Omit<Project, 'dependents'> {
  const versions = [...new Set([...builds, ...files].map(({ version }) => version))];
  return {
    name,
    releases: versions
      .sort((a, b) => compareVersions(b, a))
      .map((version) => ({
        version,
        files: files
          .filter((file) => file.version === version)
          .map((file) => ({ ...viewFile(file, indexUrl), channel: file.channel })),
        targets: newestPerTarget(builds.filter((build) => build.version === version)).map(viewTarget),
      })),
  };
}

/** A target has several builds where a recipe or a builder changed; builds come newest first. */
function newestPerTarget(builds: readonly BuildRecord[]): BuildRecord[] {
  const newest = new Map<string, BuildRecord>();
  for (const build of builds) {
    const { policy, arch, python } = build.target;
    const target = `${policy} ${arch} ${python}`;
    if (!newest.has(target)) newest.set(target, build);
  }
  return [...newest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, build]) => build);
}

function viewTarget({
  id,
  target,
  status,
  files,
  attempts,
}: BuildRecord): Project['releases'][number]['targets'][number] {
  const failure =
    status === 'failed' ? attempts.findLast((attempt) => attempt.failure !== undefined)?.failure : undefined;
  return {
    policy: target.policy,
    arch: target.arch,
    python: target.python,
    buildId: id,
    status,
    files: files.map(({ filename }) => filename),
    ...(failure === undefined ? {} : { failure }),
  };
}
