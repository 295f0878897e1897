import { at } from '../base.js';
import { ProblemNote } from '../ui/problem.js';
import { useResource } from '../ui/resource.js';
import { Ago } from '../ui/time.js';
import { useTitle } from '../ui/title.js';

interface Images {
  images: {
    name: string;
    policy: string;
    arch: string;
    base: string;
    securityUntil: string;
    warning?: string;
    interpreters: { python: string; version: string; builderDigest: string }[];
  }[];
}

interface Workers {
  workers: {
    name: string;
    lastSeen: string;
    running: { buildId: string; project: string; version: string }[];
  }[];
}

/** What builds: the images by their definition, and the workers by what they did lately. */
export function InfrastructurePage() {
  useTitle('Images and workers');
  const images = useResource<Images>('images');
  const workers = useResource<Workers>('workers', () => 5_000);
  return (
    <div class="page">
      <h1>Images and workers</h1>
      <section class="home-section">
        <h2>Workers</h2>
        {workers.error !== undefined && <ProblemNote error={workers.error} />}
        {workers.data?.workers.length === 0 && (
          <p class="empty">
            No worker took anything in the last day. <code>./wheelwright up</code> starts one.
          </p>
        )}
        <ul class="cards">
          {workers.data?.workers.map(({ name, lastSeen, running }) => (
            <li key={name} class="card">
              <h3>{name}</h3>
              <p class="detail">
                last took or ended an attempt <Ago iso={lastSeen} />
              </p>
              {running.length === 0 ? (
                <p>idle</p>
              ) : (
                <ul>
                  {running.map(({ buildId, project, version }) => (
                    <li key={buildId}>
                      builds{' '}
                      <a href={at(`builds/${buildId}`)}>
                        {project} {version}
                      </a>
                    </li>
                  ))}
                </ul>
              )}
            </li>
          ))}
        </ul>
      </section>
      <section class="home-section">
        <h2>Images</h2>
        {images.error !== undefined && <ProblemNote error={images.error} />}
        <ul class="cards">
          {images.data?.images.map((image) => (
            <Image key={image.name} image={image} />
          ))}
        </ul>
      </section>
    </div>
  );
}

function Image({ image }: { image: Images['images'][number] }) {
  return (
    <li class="card">
      <h3>
        {image.name} <span class="chip">{image.policy}</span> <span class="chip">{image.arch}</span>
      </h3>
      <p class={image.warning === undefined ? 'detail' : 'problem'}>
        {image.warning ?? `security fixes until ${image.securityUntil}`}
      </p>
      <p class="detail">from {image.base}</p>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Interpreter</th>
            <th scope="col">Version</th>
            <th scope="col">Definition digest</th>
          </tr>
        </thead>
        <tbody>
          {image.interpreters.map(({ python, version, builderDigest }) => (
            <tr key={python}>
              <th scope="row">{python}</th>
              <td>{version}</td>
              <td>
                <code title={builderDigest}>{builderDigest.slice(0, 16)}…</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </li>
  );
}
