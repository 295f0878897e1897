import { at } from '../base.js';
import { ImageCard, type Images } from '../image/image-card.js';
import { ProblemNote } from '../ui/problem.js';
import { useResource } from '../ui/resource.js';
import { Ago } from '../ui/time.js';
import { useTitle } from '../ui/title.js';

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
            <ImageCard key={image.name} image={image} />
          ))}
        </ul>
      </section>
    </div>
  );
}
