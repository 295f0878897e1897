import type { RecipeCatalogue } from '../core/recipe/catalogue.js';
import type { ReviewStore } from '../core/review.js';

/** The recipes that builds use: what was approved here, before the files that ship. */
export function currentRecipes(
  reviews: Pick<ReviewStore, 'approved' | 'allApproved'>,
  shipped: RecipeCatalogue,
): RecipeCatalogue {
  return {
    async recipe(project) {
      const approved = await reviews.approved(project);
      return approved === undefined ? shipped.recipe(project) : { ...approved, origin: 'submission' };
    },

    async projects() {
      const approved = (await reviews.allApproved()).map(({ project }) => project);
      return [...new Set([...(await shipped.projects()), ...approved])].sort();
    },
  };
}
