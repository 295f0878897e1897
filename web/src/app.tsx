import { useEffect, useRef } from 'preact/hooks';
import { at } from './base.js';
import { BuildPage } from './pages/build.js';
import { BuildsPage } from './pages/builds.js';
import { CheckPage } from './pages/check.js';
import { HomePage } from './pages/home.js';
import { InfrastructurePage } from './pages/infrastructure.js';
import { NotFoundPage } from './pages/not-found.js';
import { PackagesPage } from './pages/packages.js';
import { ProjectPage } from './pages/project.js';
import { RecipesPage } from './pages/recipes.js';
import { SolvePage } from './pages/solve.js';
import { SubmissionPage } from './pages/submission.js';
import { SubmissionsPage } from './pages/submissions.js';
import { usePlace } from './router.js';
import { SessionProvider, useSession } from './session.js';

const SECTIONS = [
  { path: 'builds', label: 'Builds' },
  { path: 'packages', label: 'Packages' },
  { path: 'recipes', label: 'Recipes' },
  { path: 'check', label: 'Check' },
  { path: 'infrastructure', label: 'Images & workers' },
];

/** Pages that have no entry of their own. */
const SECTION_OF: Record<string, string> = { submissions: 'recipes', solves: 'builds' };

export function App() {
  const { path } = usePlace();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  // A screen reader must learn that the page changed; the browser says so only for real navigation.
  useEffect(() => {
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [path]);
  return (
    <SessionProvider>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <Header path={path} />
      <main ref={main} id="main" tabIndex={-1}>
        <ReaderPage path={path} />
      </main>
    </SessionProvider>
  );
}

/** Where reading takes a token, signing in or out begins the page anew. */
function ReaderPage({ path }: { path: string }) {
  const { session } = useSession();
  return <Page key={session?.readTokenRequired === true ? String(session.signedIn) : ''} path={path} />;
}

function Page({ path }: { path: string }) {
  const [section = '', id, ...rest] = path.split('/').map(decodeURIComponent);
  if (rest.length > 0) return <NotFoundPage />;
  if (id === undefined || id === '') {
    switch (section) {
      case '':
        return <HomePage />;
      case 'builds':
        return <BuildsPage />;
      case 'packages':
        return <PackagesPage />;
      case 'recipes':
        return <RecipesPage />;
      case 'submissions':
        return <SubmissionsPage />;
      case 'check':
        return <CheckPage />;
      case 'infrastructure':
        return <InfrastructurePage />;
      default:
        return <NotFoundPage />;
    }
  }
  if (section === 'builds') return <BuildPage key={id} id={id} />;
  if (section === 'submissions') return <SubmissionPage key={id} id={id} />;
  if (section === 'solves') return <SolvePage key={id} id={id} />;
  if (section === 'packages') return <ProjectPage key={id} name={id} />;
  return <NotFoundPage />;
}

function Header({ path }: { path: string }) {
  const { session, openSignIn, signOut } = useSession();
  const section = SECTION_OF[path.split('/')[0] ?? ''] ?? path.split('/')[0];
  return (
    <header class="site-header">
      <a class="brand" href={at('')}>
        <Wheel />
        Wheelwright
      </a>
      <nav aria-label="Main">
        {SECTIONS.map(({ path: target, label }) => (
          <a key={target} href={at(target)} aria-current={section === target ? 'page' : undefined}>
            {label}
          </a>
        ))}
      </nav>
      {session?.signedIn ? (
        <button
          type="button"
          class="quiet"
          onClick={signOut}
          title={`Signed in with ${session.name ?? 'a token'} (${session.scopes.join(', ')})`}
        >
          Sign out
        </button>
      ) : (
        <button type="button" class="quiet" onClick={openSignIn}>
          Sign in
        </button>
      )}
    </header>
  );
}

function Wheel() {
  return (
    <svg class="wheel" viewBox="0 0 32 32" aria-hidden="true">
      <circle cx="16" cy="16" r="12.5" />
      <circle cx="16" cy="16" r="3.4" />
      <path d="M16 3.5v9.1M16 19.4v9.1M3.5 16h9.1M19.4 16h9.1M7.2 7.2l6.4 6.4M18.4 18.4l6.4 6.4M24.8 7.2l-6.4 6.4M13.6 18.4l-6.4 6.4" />
    </svg>
  );
}
