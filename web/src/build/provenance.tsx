import type { FileProvenance } from '../../../client/contract.js';
import { Badge } from '../ui/status.js';
import { Ago } from '../ui/time.js';

/** What a wheel was made from, as signed when it was published; the service has checked the signature. */
export function Provenance({ provenance }: { provenance: FileProvenance }) {
  const { materials, finishedOn, buildKey, recipeSha256, certificateSha256 } = provenance;
  return (
    <section>
      <h3>Provenance</h3>
      <p class="facts">
        <Badge tone="good">signature holds</Badge>
        <span class="detail">
          {finishedOn !== undefined && (
            <>
              signed <Ago iso={finishedOn} />,{' '}
            </>
          )}
          checked against the certificate <code title={certificateSha256}>{certificateSha256.slice(0, 16)}…</code>
        </span>
      </p>
      <p class="detail">
        build key <code title={buildKey}>{buildKey.slice(0, 16)}…</code>, recipe{' '}
        <code title={recipeSha256}>{recipeSha256.slice(0, 16)}…</code>
      </p>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="What it was made from">
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">Made from</th>
              <th scope="col">Version</th>
              <th scope="col">Kind</th>
              <th scope="col">sha256</th>
            </tr>
          </thead>
          <tbody>
            {materials.map(({ kind, name, version, sha256, uri }) => (
              <tr key={`${kind} ${name} ${version}`}>
                <th scope="row" title={uri}>
                  {name}
                </th>
                <td>{version}</td>
                <td class="detail">{kind.replaceAll('-', ' ')}</td>
                <td>{sha256 !== undefined && <code title={sha256}>{sha256.slice(0, 16)}…</code>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
