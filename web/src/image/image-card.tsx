import { at } from '../base.js';
import { Ago } from '../ui/time.js';

/** What GET /images answers. */
export interface Images {
  images: {
    name: string;
    policy: string;
    arch: string;
    base: string;
    securityUntil: string;
    warning?: string;
    interpreters: {
      python: string;
      version: string;
      builderDigest: string;
      builds: number;
      firstUsed?: string;
      lastUsed?: string;
    }[];
  }[];
}

/** One builder image: where it comes from, what it can build for, and what was built in it. */
export function ImageCard({ image }: { image: Images['images'][number] }) {
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
            <th scope="col">Definition</th>
            <th scope="col">In use</th>
          </tr>
        </thead>
        <tbody>
          {image.interpreters.map((interpreter) => (
            <tr key={interpreter.python}>
              <th scope="row">
                {interpreter.python} <span class="detail">{interpreter.version}</span>
              </th>
              <td>
                <code title={interpreter.builderDigest}>{interpreter.builderDigest.slice(0, 12)}…</code>
              </td>
              <td>
                <Use interpreter={interpreter} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </li>
  );
}

function Use({ interpreter }: { interpreter: Images['images'][number]['interpreters'][number] }) {
  const { builds, builderDigest, firstUsed, lastUsed } = interpreter;
  if (firstUsed === undefined || lastUsed === undefined) return <span class="detail">never</span>;
  return (
    <>
      <a href={at(`builds?builder=${builderDigest}`)}>
        {builds.toLocaleString()} {builds === 1 ? 'build' : 'builds'}
      </a>{' '}
      <span class="detail">
        since <Ago iso={firstUsed} />, last <Ago iso={lastUsed} />
      </span>
    </>
  );
}
