import { Router } from 'express';
import type { BrowseStore, BuilderUse } from '../core/browse.js';
import { imageDigests, type LoadedImage, securityWarning } from '../core/image.js';
import { foldProjectName } from '../core/project-name.js';
import type { BuildStore } from '../core/store.js';
import type { Guards } from './authentication.js';

export interface BrowseDeps {
  store: Pick<BuildStore, 'buildCounts'>;
  browse: BrowseStore;
  images: readonly LoadedImage[];
  /** Milliseconds since the epoch. */
  clock: () => number;
}

const MAX_PROJECTS = 200;

/** What people browse: projects, images, and what belongs to one attempt. */
export function browseRoutes({ store, browse, images, clock }: BrowseDeps, guards: Guards): Router {
  const router = Router();

  router.get('/summary', guards.read, async (_request, response) => {
    const [builds, wheels] = await Promise.all([store.buildCounts(), browse.wheelTotals()]);
    response.json({ builds, ...wheels, ...browse.downloadTotals() });
  });

  router.get('/projects', guards.read, async (request, response) => {
    const search = foldProjectName(String(request.query.search ?? ''));
    const projects = await browse.projects(search, MAX_PROJECTS);
    response.json({
      projects: projects.map(({ lastActive, ...project }) => ({ ...project, lastActive: iso(lastActive) })),
    });
  });

  router.get('/attempts/:id/inputs', guards.read, async (request, response) => {
    response.json({ inputs: await browse.inputs(String(request.params.id)) });
  });

  router.get('/attempts/:id/log/times', guards.read, async (request, response) => {
    response.json({ chunks: await browse.logTimes(String(request.params.id)) });
  });

  router.get('/images', guards.read, async (_request, response) => {
    const today = iso(clock()).slice(0, 10);
    const uses = await browse.builderUse(
      images.flatMap((image) =>
        image.definition.interpreters.map((interpreter) => imageDigests(image, interpreter).target),
      ),
    );
    response.json({ images: images.map((image) => viewImage(image, today, uses)) });
  });

  return router;
}

function viewImage(image: LoadedImage, today: string, uses: readonly BuilderUse[]) {
  const { definition } = image;
  const warning = securityWarning(definition, today);
  return {
    name: definition.name,
    family: definition.family,
    policy: definition.policy,
    arch: definition.architecture,
    base:
      'reference' in definition.base ? definition.base.reference : `debootstrap ${definition.base.debootstrap.suite}`,
    securityUntil: definition['security-until'],
    ...(warning === undefined ? {} : { warning }),
    interpreters: definition.interpreters.map((interpreter) => {
      const builderDigest = imageDigests(image, interpreter).target;
      const use = uses.find((each) => each.builderDigest === builderDigest);
      return {
        python: interpreter.tag,
        version: interpreter.version,
        builderDigest,
        builds: use?.builds ?? 0,
        ...(use && { firstUsed: iso(use.firstUsed), lastUsed: iso(use.lastUsed) }),
      };
    }),
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
