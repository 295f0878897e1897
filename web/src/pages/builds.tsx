import { useEffect, useRef, useState } from 'preact/hooks';
import type { Build, BuildPage as Page, Summary } from '../../../client/contract.js';
import { BUILD_STATUSES } from '../../../core/build.js';
import { BuildRows, useRowKeys } from '../build/build-rows.js';
import { failureOf } from '../build/failure-of.js';
import { get } from '../request.js';
import { setQuery, usePlace } from '../router.js';
import { ProblemNote } from '../ui/problem.js';
import { useResource } from '../ui/resource.js';
import { useTitle } from '../ui/title.js';

const LIVE_MS = 2_000;

/** Builds, newest first. The filters are the address, so a view can be kept and sent to someone. */
export function BuildsPage() {
  useTitle('Builds');
  useRowKeys();
  const { query } = usePlace();
  const status = query.get('status') ?? '';
  const project = query.get('project') ?? '';
  const grouped = query.get('group') === 'class';
  const filter = new URLSearchParams();
  if (status !== '') filter.set('status', status);
  if (project !== '')
    filter.set(
      'project',
      project
        .trim()
        .toLowerCase()
        .replaceAll(/[-_.]+/g, '-'),
    );
  const path = `builds${filter.size === 0 ? '' : `?${filter}`}`;
  const { data, error } = useResource<Page>(path, () => LIVE_MS);
  const older = useOlderBuilds(path, data);
  const builds = data === undefined ? undefined : merged(data.builds, older.builds);
  return (
    <div class="page">
      <h1>Builds</h1>
      <Filters status={status} project={project} grouped={grouped} />
      {error !== undefined && <ProblemNote error={error} />}
      {builds !== undefined && (
        <>
          {grouped ? <GroupedBuilds builds={builds} /> : <BuildRows builds={builds} />}
          {builds.length === 0 && <Nothing filtered={path !== 'builds'} />}
          {older.more !== undefined && (
            <button type="button" class="load-more" onClick={older.more}>
              Older builds
            </button>
          )}
        </>
      )}
    </div>
  );
}

function Filters({ status, project, grouped }: { status: string; project: string; grouped: boolean }) {
  const { data } = useResource<Summary>('summary', () => LIVE_MS * 2);
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      <fieldset class="choices">
        <legend class="visually-hidden">Status</legend>
        {['', ...BUILD_STATUSES.filter((each) => each !== 'planned')].map((each) => (
          <label key={each}>
            <input type="radio" name="status" checked={status === each} onChange={() => setQuery({ status: each })} />
            <span>
              {each === '' ? 'all' : each}
              {each !== '' && data?.builds[each as keyof Summary['builds']] !== undefined && (
                <small>{data.builds[each as keyof Summary['builds']]?.toLocaleString()}</small>
              )}
            </span>
          </label>
        ))}
      </fieldset>
      <input
        type="search"
        aria-label="Project"
        placeholder="Project"
        value={project}
        onInput={(event) => setQuery({ project: event.currentTarget.value })}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={grouped}
          onChange={() => setQuery({ group: grouped ? undefined : 'class', status: grouped ? status : 'failed' })}
        />
        Group failures by cause
      </label>
    </form>
  );
}

function GroupedBuilds({ builds }: { builds: readonly Build[] }) {
  const groups = Map.groupBy(builds, (build) => failureOf(build)?.class ?? 'not failed');
  const sorted = [...groups].sort(([, a], [, b]) => b.length - a.length);
  return (
    <>
      {sorted.map(([name, members]) => (
        <section key={name} class="group">
          <h2>
            {name} <span class="count">{members.length}</span>
          </h2>
          <BuildRows builds={members} />
        </section>
      ))}
    </>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  return filtered ? (
    <p class="empty">No build matches these filters.</p>
  ) : (
    <p class="empty">
      Nothing has been built yet. Ask for something: <code>./wheelwright build psycopg2</code>
    </p>
  );
}

/** Pages beyond the first, read on demand; forgotten when the filters change. */
function useOlderBuilds(path: string, first: Page | undefined) {
  const [pages, setPages] = useState<{ path: string; builds: Build[]; next: string | undefined }>();
  const own = pages?.path === path ? pages : undefined;
  const cursor = own === undefined ? first?.nextCursor : own.next;
  const latest = useRef(path);
  useEffect(() => {
    latest.current = path;
  }, [path]);
  const more = async () => {
    const page = await get<Page>(`${path}${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor ?? '')}`);
    if (latest.current === path)
      setPages({ path, builds: [...(own?.builds ?? []), ...page.builds], next: page.nextCursor });
  };
  return { builds: own?.builds ?? [], more: cursor === undefined ? undefined : more };
}

function merged(first: readonly Build[], older: readonly Build[]): Build[] {
  const seen = new Set(first.map(({ id }) => id));
  return [...first, ...older.filter(({ id }) => !seen.has(id))];
}
