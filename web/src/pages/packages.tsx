import { at } from '../base.js';
import { setQuery, usePlace } from '../router.js';
import { ProblemNote } from '../ui/problem.js';
import { useResource } from '../ui/resource.js';
import { Ago } from '../ui/time.js';
import { useTitle } from '../ui/title.js';

interface Answer {
  projects: { name: string; files: number; builds: number; lastActive: string }[];
}

/** Every project that was built or uploaded here. */
export function PackagesPage() {
  useTitle('Packages');
  const { query } = usePlace();
  const search = query.get('search') ?? '';
  const { data, error } = useResource<Answer>(`projects?search=${encodeURIComponent(search)}`);
  return (
    <div class="page">
      <h1>Packages</h1>
      <p class="lead">
        What was built or uploaded here. Of any other project, a search leads to what its upstream has.
      </p>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <input
          type="search"
          class="wide"
          aria-label="Search packages"
          placeholder="Search packages"
          value={search}
          onInput={(event) => setQuery({ search: event.currentTarget.value })}
        />
      </form>
      {error !== undefined && <ProblemNote error={error} />}
      {data !== undefined &&
        (data.projects.length === 0 ? (
          <p class="empty">
            Nothing {search === '' ? '' : 'of that name '}was built or uploaded here.{' '}
            {search !== '' && (
              <a href={at(`packages/${encodeURIComponent(search.trim())}`)}>
                Look at what the upstream has of {search.trim()}
              </a>
            )}
          </p>
        ) : (
          <ul class="project-list">
            {data.projects.map(({ name, files, builds, lastActive }) => (
              <li key={name}>
                <a href={at(`packages/${name}`)}>
                  <strong>{name}</strong>
                  <span class="detail">
                    {files} {files === 1 ? 'file' : 'files'} · {builds} {builds === 1 ? 'build' : 'builds'}
                  </span>
                  <Ago iso={lastActive} />
                </a>
              </li>
            ))}
          </ul>
        ))}
    </div>
  );
}
