import type { BuildPage as Page, Submission, Summary } from '../../../client/contract.js';
import { at } from '../base.js';
import { BuildRows } from '../build/build-rows.js';
import { SubmissionList } from '../recipe/submission-list.js';
import { CopyBlock } from '../ui/copy.js';
import { distrustedHost, pipInstall } from '../ui/pip.js';
import { ProblemNote } from '../ui/problem.js';
import { useResource } from '../ui/resource.js';
import { useService } from '../ui/service.js';
import { formatLongDuration } from '../ui/time.js';
import { useTitle } from '../ui/title.js';

const LIVE_MS = 3_000;
const SHOWN = 5;

/** What a newcomer needs in ten seconds: how to install from here, what is being built, what needs a person. */
export function HomePage() {
  useTitle('');
  const service = useService();
  const running = useResource<Page>('builds?status=running', () => LIVE_MS);
  const failed = useResource<Page>('builds?status=failed&unsolved=true', () => LIVE_MS);
  const open = useResource<{ submissions: Submission[] }>('submissions?status=open', () => LIVE_MS * 5);
  return (
    <div class="page">
      <h1>Wheels that need no compiler</h1>
      <p class="lead">
        Point pip at this index: packages that would compile in your image come as wheels built here, everything else
        from upstream.
      </p>
      {service !== undefined && <InstallLines index={service.indexUrl} />}
      <Saved />
      {running.error !== undefined && <ProblemNote error={running.error} />}
      <Section title="Building now" href="builds?status=running" page={running.data} none="Nothing is being built." />
      <Section
        title="Failed"
        href="builds?status=failed&unsolved=true&group=class"
        page={failed.data}
        none="Nothing needs a person."
      />
      {open.data !== undefined && open.data.submissions.length > 0 && (
        <section class="home-section">
          <h2>
            <a href={at('submissions')}>Recipes that wait for a review</a>
          </h2>
          <SubmissionList submissions={open.data.submissions.slice(0, SHOWN)} />
        </section>
      )}
    </div>
  );
}

/** Said only once there is something to say. */
function Saved() {
  const { data } = useResource<Summary>('summary', () => 30_000);
  if (data === undefined || data.wheels === 0) return null;
  if (data.downloads > 0) {
    return (
      <p class="saved">
        <strong>{formatLongDuration(data.savedMs)}</strong> of compiling saved so far:{' '}
        <strong>{data.downloads.toLocaleString()}</strong> {data.downloads === 1 ? 'download' : 'downloads'} of wheels
        that were built here once.
      </p>
    );
  }
  return (
    <p class="saved">
      <strong>{data.wheels.toLocaleString()}</strong> {data.wheels === 1 ? 'wheel is' : 'wheels are'} here. Compiling{' '}
      {data.wheels === 1 ? 'it' : 'them'} took <strong>{formatLongDuration(data.buildMs)}</strong>, once, instead of
      once for every image.
    </p>
  );
}

function InstallLines({ index }: { index: string }) {
  const host = distrustedHost(index);
  const trust = host === undefined ? '' : `ENV PIP_TRUSTED_HOST=${host}\n`;
  return (
    <div class="install-lines">
      <CopyBlock title="pip" text={pipInstall(index, 'psycopg2')} />
      <CopyBlock title="uv" text={`uv pip install --default-index ${index} psycopg2`} />
      <CopyBlock
        title="Dockerfile"
        text={`ENV PIP_INDEX_URL=${index}\n${trust}RUN pip install --no-cache-dir -r requirements.txt`}
      />
    </div>
  );
}

interface SectionProps {
  title: string;
  href: string;
  page: Page | undefined;
  none: string;
}

function Section({ title, href, page, none }: SectionProps) {
  return (
    <section class="home-section">
      <h2>
        <a href={at(href)}>{title}</a>
      </h2>
      {page === undefined ? null : page.builds.length === 0 ? (
        <p class="empty">{none}</p>
      ) : (
        <BuildRows builds={page.builds.slice(0, SHOWN)} />
      )}
    </section>
  );
}
