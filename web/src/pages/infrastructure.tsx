import type { Worker } from '../../../client/workers.js';
import { ImageCard, type Images } from '../image/image-card.js';
import { ProblemNote } from '../ui/problem.js';
import { useResource } from '../ui/resource.js';
import { useTitle } from '../ui/title.js';
import { WorkerCard } from '../worker/worker-card.js';

interface Workers {
  workers: Worker[];
}

/** What builds: the images by their definition, and the workers. */
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
            No worker was there in the last day. <code>./wheelwright up</code> starts one.
          </p>
        )}
        <ul class="cards">
          {workers.data?.workers.map((worker) => (
            <WorkerCard key={worker.name} worker={worker} onChange={workers.reload} />
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
