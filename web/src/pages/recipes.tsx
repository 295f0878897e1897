import { useState } from 'preact/hooks';
import { at } from '../base.js';
import { RecipeEditor } from '../recipe/recipe-editor.js';
import { usePlace } from '../router.js';
import { ProblemNote } from '../ui/problem.js';
import { useResource } from '../ui/resource.js';
import { useTitle } from '../ui/title.js';

interface Catalogue {
  recipes: {
    project: string;
    versions?: string;
    toolchains: string[];
    packages: string[];
    maintainers: string[];
    fault?: string;
  }[];
}

const EXAMPLE = 'project: my-package\nsystem: { apt: [] }\n';

/** The catalogue, and an editor that says what is wrong as one types; what is written there can be tried at once. */
export function RecipesPage() {
  useTitle('Recipes');
  const { query } = usePlace();
  const project = query.get('edit') ?? undefined;
  const from = query.get('from') ?? undefined;
  const submission = query.get('submission') ?? undefined;
  const [search, setSearch] = useState('');
  const { data, error } = useResource<Catalogue>('recipes');
  const found = data?.recipes.filter((recipe) => recipe.project.includes(search.trim().toLowerCase()));
  if (project !== undefined || from !== undefined || submission !== undefined) {
    return <EditPage project={project} from={from} submission={submission} />;
  }
  return (
    <div class="page">
      <div class="build-header">
        <h1>Recipes</h1>
        <div class="actions">
          <a class="button" href={at('submissions')}>
            Submissions
          </a>
          <a class="button" href={at('recipes?edit=')}>
            Write a recipe
          </a>
        </div>
      </div>
      <p class="lead">What hard packages need beyond a bare build. Most packages need none.</p>
      <input
        type="search"
        class="wide"
        aria-label="Search recipes"
        placeholder="Search recipes"
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      {error !== undefined && <ProblemNote error={error} />}
      {found?.length === 0 && (
        <p class="empty">No recipe {search === '' ? 'ships with this installation' : 'of that name'}.</p>
      )}
      <ul class="project-list">
        {found?.map((recipe) => (
          <li key={recipe.project}>
            <a href={at(`recipes?edit=${recipe.project}`)}>
              <strong>{recipe.project}</strong>
              {recipe.versions !== undefined && <span class="detail">{recipe.versions}</span>}
              <span class="detail what">{recipe.fault ?? [...recipe.toolchains, ...recipe.packages].join(', ')}</span>
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

interface EditProps {
  /** Edit the catalogue's recipe of a project; empty: a new one. */
  project: string | undefined;
  /** Edit what a failed build proposes. */
  from: string | undefined;
  /** Edit what somebody submitted. */
  submission: string | undefined;
}

function EditPage({ project, from, submission }: EditProps) {
  const path = sourceOf({ project, from, submission });
  const { data, error } = useResource<{ recipe: string }>(path);
  return (
    <div class="page">
      <p>
        <a href={at('recipes')}>Recipes</a>
      </p>
      <h1>{project === undefined || project === '' ? 'A recipe' : `Recipe of ${project}`}</h1>
      {error !== undefined && <ProblemNote error={error} />}
      {(data !== undefined || path === undefined) && <RecipeEditor initial={data?.recipe ?? EXAMPLE} from={from} />}
    </div>
  );
}

function sourceOf({ project, from, submission }: EditProps): string | undefined {
  if (submission !== undefined) return `submissions/${submission}`;
  if (from !== undefined) return `builds/${from}/proposal`;
  return project === '' ? undefined : `recipes/${project}`;
}
