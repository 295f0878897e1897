import { useState } from 'preact/hooks';
import type { FileProvenance, WheelContents } from '../../../client/contract.js';
import { at } from '../base.js';
import { ProblemNote } from '../ui/problem.js';
import { useResource } from '../ui/resource.js';
import { formatSize } from '../ui/size.js';
import { Provenance } from './provenance.js';

interface Props {
  project: string;
  filename: string;
  /** Whether libraries were grafted in, so that an SBOM should name them. */
  grafted: boolean;
  /** Whether there is a signed statement; an uploaded file has none. */
  signed: boolean;
}

/** What a wheel consists of and what it was made from: read when someone asks for it. */
export function FileContents({ project, filename, grafted, signed }: Props) {
  const [open, setOpen] = useState(false);
  const path = `projects/${encodeURIComponent(project)}/files/${encodeURIComponent(filename)}`;
  const { data, error } = useResource<WheelContents>(open ? path : undefined);
  const made = useResource<FileProvenance>(open && signed ? `${path}/provenance` : undefined);
  return (
    <details class="contents" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>SBOM, files and provenance</summary>
      {error !== undefined && <ProblemNote error={error} />}
      {data !== undefined && <Sboms sboms={data.sboms} path={path} grafted={grafted} />}
      {made.error !== undefined && <ProblemNote error={made.error} />}
      {made.data !== undefined && <Provenance provenance={made.data} />}
      {!signed && <p class="detail">No provenance: it was uploaded, and this service did not see how it was made.</p>}
      {data !== undefined && <Files contents={data} />}
    </details>
  );
}

function Sboms({ sboms, path, grafted }: { sboms: WheelContents['sboms']; path: string; grafted: boolean }) {
  if (sboms.length === 0) {
    return (
      <section>
        <h3>SBOM</h3>
        <p class="detail">
          {grafted
            ? 'None in it, although libraries were grafted in: no package of the builder image owns them.'
            : 'None in it: it holds nothing but its own code, and its backend wrote none.'}
        </p>
      </section>
    );
  }
  return (
    <>
      {sboms.map((sbom) => (
        <section key={sbom.path}>
          <h3>
            SBOM <span class="detail">{sbom.format === 'unknown' ? 'of a format not known here' : sbom.format}</span>
          </h3>
          <p class="detail">
            <a href={at(`api/v1/${path}/sbom?path=${encodeURIComponent(sbom.path)}`)} download>
              {sbom.path}
            </a>
          </p>
          {sbom.components.length > 0 && (
            <div class="table-scroll" tabIndex={0} role="region" aria-label={`Components of ${sbom.path}`}>
              <table class="plain">
                <thead>
                  <tr>
                    <th scope="col">Component</th>
                    <th scope="col">Version</th>
                    <th scope="col">Package URL</th>
                  </tr>
                </thead>
                <tbody>
                  {sbom.components.map(({ name, version, purl }) => (
                    <tr key={purl ?? `${name} ${version}`}>
                      <th scope="row">{name}</th>
                      <td>{version}</td>
                      <td>{purl !== undefined && <code>{purl}</code>}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </section>
      ))}
    </>
  );
}

function Files({ contents: { files, fileCount } }: { contents: WheelContents }) {
  return (
    <section>
      <h3>
        Files{' '}
        <span class="detail">
          {fileCount.toLocaleString()}
          {fileCount > files.length && `, the first ${files.length.toLocaleString()} of them`}
        </span>
      </h3>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Files in the wheel">
        <table class="plain file-table">
          <tbody>
            {files.map(({ path, sizeBytes }) => (
              <tr key={path}>
                <td>
                  <code>{path}</code>
                </td>
                <td class="size">{formatSize(sizeBytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
