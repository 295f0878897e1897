import { json, Router } from 'express';
import { z } from 'zod';
import type { BrowseStore } from '../core/browse.js';
import { WheelwrightError } from '../core/errors.js';
import { normalizeProjectName } from '../core/project-name.js';
import type { RecipeCatalogue } from '../core/recipe/catalogue.js';
import { diffTexts, editRecipe } from '../core/recipe/edit.js';
import { explainRecipe } from '../core/recipe/explain.js';
import { recipeJsonSchema } from '../core/recipe/keys.js';
import { lintRecipe } from '../core/recipe/lint.js';
import { MAX_RECIPE_CHARACTERS } from '../core/recipe/source.js';
import type { BuildStore } from '../core/store.js';
import { isVersion } from '../core/version.js';
import type { Guards } from './authentication.js';

export interface RecipeDeps {
  store: Pick<BuildStore, 'build'>;
  browse: Pick<BrowseStore, 'recipeRevision'>;
  recipes: RecipeCatalogue;
}

const lintSchema = z.strictObject({ recipe: z.string() });
const explainSchema = z.strictObject({
  recipe: z.string(),
  version: z.string().refine(isVersion, 'is not a version'),
  python: z.string(),
  policy: z.string(),
});

/** The catalogue, the lint that an editor calls as one types, and what a failed build proposes to change. */
export function recipeRoutes({ store, browse, recipes }: RecipeDeps, guards: Guards): Router {
  const router = Router();

  router.get('/recipes', guards.read, async (_request, response) => {
    const projects = await recipes.projects();
    response.json({ recipes: await Promise.all(projects.map((project) => summary(recipes, project))) });
  });

  router.get('/recipes/schema', guards.read, (_request, response) => {
    response.json(recipeJsonSchema());
  });

  router.get('/recipes/:project', guards.read, async (request, response) => {
    const project = normalizeProjectName(String(request.params.project));
    const found = await recipes.recipe(project);
    if (found === undefined) {
      throw new WheelwrightError('not-found', `the catalogue has no recipe for ${project}`, {
        hint: 'Most packages need none: ask for a build first. A failed one says what a recipe must hold.',
      });
    }
    response.json({ project, recipe: found.yaml });
  });

  router.post('/recipes/lint', guards.read, json({ limit: MAX_RECIPE_CHARACTERS * 4 }), (request, response) => {
    response.json({ faults: lintRecipe(lintSchema.parse(request.body).recipe).faults });
  });

  router.post('/recipes/explain', guards.read, json({ limit: MAX_RECIPE_CHARACTERS * 4 }), (request, response) => {
    const { recipe, ...target } = explainSchema.parse(request.body);
    response.json({ settings: explainRecipe(recipe, target) });
  });

  router.get('/builds/:id/proposal', guards.read, async (request, response) => {
    const build = await store.build(String(request.params.id));
    const proposal = build?.attempts.findLast(({ failure }) => failure?.proposal !== undefined)?.failure?.proposal;
    const revision = build && (await browse.recipeRevision(build.recipeDigest));
    if (proposal === undefined || revision === undefined) {
      throw new WheelwrightError('not-found', 'this build proposes no change of its recipe', {
        hint: 'Only a failed build whose cause is understood does.',
      });
    }
    const recipe = editRecipe(revision.yaml, proposal.edit);
    response.json({ recipe, diff: diffTexts(revision.yaml, recipe) });
  });

  return router;
}

/** A recipe of the catalogue in a line; one with faults is listed all the same, since someone must mend it. */
async function summary(recipes: RecipeCatalogue, project: string) {
  try {
    const found = await recipes.recipe(project);
    const { versions, toolchains, system, maintainers } = found?.recipe ?? {};
    return {
      project,
      versions,
      toolchains: toolchains ?? [],
      packages: system?.apt ?? [],
      maintainers: maintainers ?? [],
    };
  } catch (error) {
    if (!(error instanceof WheelwrightError)) throw error;
    return { project, toolchains: [], packages: [], maintainers: [], fault: error.message };
  }
}
