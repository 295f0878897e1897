import { useEffect, useRef, useState } from 'preact/hooks';
import type { Build, BuildPage as Page, Summary } from '../../../client/contract.js';
import type { Worker } from '../../../client/workers.js';
import { BUILD_STATUSES } from '../../../core/build.js';
import { foldProjectName } from '../../../core/project-name.js';
import { at } from '../base.js';
import { BuildRows, useRowKeys } from '../build/build-rows.js';
import { failureOf } from '../build/failure-of.js';
import { get } from '../request.js';
import { setQuery, usePlace } from '../router.js';
import { ProblemNote } from '../ui/problem.js';
import { useResource } from '../ui/resource.js';
import { useTitle } from '../ui/title.js';

const LIVE_MS = 2_000;

interface Workers {
  workers: Pick<Worker, 'state' | 'running'>[];
}

/** Builds, newest first. The filters are the address, so a view can be kept and sent to someone. */
export function BuildsPage() {
  useTitle('Builds');
  useRowKeys();
  const { query } = usePlace();
  const status = query.get('status') ?? '';
  const project = query.get('project') ?? '';
  const builder = query.get('builder') ?? '';
  const grouped = query.get('group') === 'class';
  const filter = new URLSearchParams();
  if (status !== '') filter.set('status', status);
  if (project !== '') filter.set('project', foldProjectName(project.trim()));
  const unsolved = query.get('unsolved') === 'true';
  if (unsolved) filter.set('unsolved', 'true');
  if (builder !== '') filter.set('builder', builder);
  // A cause shows only when what failed for it is looked at together.
  if (grouped) filter.set('limit', '100');
  const path = `builds${filter.size === 0 ? '' : `?${filter}`}`;
  const { data, error } = useResource<Page>(path, () => LIVE_MS);
  const older = useOlderBuilds(path, data);
  const builds = data === undefined ? undefined : merged(data.builds, older.builds);
  return (
    <div class="page">
      <div class="build-header">
        <h1>Builds</h1>
        <WorkerLine />
      </div>
      <Filters status={status} project={project} grouped={grouped} unsolved={unsolved} />
      {builder !== '' && (
        <p>
          Only those built with the image definition <code title={builder}>{builder.slice(0, 16)}…</code>{' '}
          <button type="button" class="small" onClick={() => setQuery({ builder: undefined })}>
            Show all
          </button>
        </p>
      )}
      {error !== undefined && <ProblemNote error={error} />}
      {builds !== undefined && (
        <>
          {grouped ? <GroupedBuilds builds={builds} /> : <BuildRows builds={builds} />}
          {builds.length === 0 && <Nothing filtered={status !== '' || project !== '' || builder !== '' || unsolved} />}
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

interface FilterProps {
  status: string;
  project: string;
  grouped: boolean;
  unsolved: boolean;
}

function Filters({ status, project, grouped, unsolved }: FilterProps) {
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
      <label class="check">
        <input
          type="checkbox"
          checked={unsolved}
          onChange={() => setQuery({ unsolved: unsolved ? undefined : 'true', status: unsolved ? status : 'failed' })}
        />
        Hide what has succeeded since
      </label>
    </form>
  );
}

/** Builds that failed for the same cause need one person once. */
function GroupedBuilds({ builds }: { builds: readonly Build[] }) {
  const groups = Map.groupBy(builds, (build) => {
    const failure = failureOf(build);
    return failure === undefined ? '' : `${failure.class}\n${failure.cause}`;
  });
  const sorted = [...groups].sort(([, a], [, b]) => b.length - a.length);
  return (
    <>
      {sorted.map(([key, members]) => {
        const [name, cause] = key.split('\n', 2);
        return (
          <section key={key} class="group">
            <h2>
              {key === '' ? 'Not failed' : <span class="chip bad">{name}</span>} {cause}{' '}
              <span class="count">
                {members.length} {members.length === 1 ? 'build' : 'builds'}
              </span>
            </h2>
            <BuildRows builds={members} grouped={key !== ''} />
          </section>
        );
      })}
    </>
  );
}

/** Whether anything is there to build what waits, and whether it is busy. */
function WorkerLine() {
  const { data } = useResource<Workers>('workers', () => LIVE_MS * 2);
  if (data === undefined) return null;
  const there = data.workers.filter(({ state }) => state === 'active' || state === 'draining');
  const busy = there.filter(({ running }) => running.length > 0).length;
  return (
    <p class="detail">
      <a href={at('infrastructure')}>
        {there.length === 0
          ? 'No worker is there'
          : `${there.length} ${there.length === 1 ? 'worker' : 'workers'}, ${busy} building`}
      </a>
    </p>
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
