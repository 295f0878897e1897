import type { Build } from '../../../client/contract.js';
import { CopyButton } from '../ui/copy.js';
import { pipInstall } from '../ui/pip.js';
import { useService } from '../ui/service.js';
import { formatSize } from '../ui/size.js';
import { FileContents } from './file-contents.js';

/** The wheels that a build gave: what is in them, what they need, how to install them. */
export function FileList({ build }: { build: Build }) {
  if (build.files.length === 0) return null;
  return (
    <section class="files" aria-label="Files">
      {build.files.map((file) => (
        <FileCard key={file.filename} project={build.project} file={file} />
      ))}
      <PipLine project={build.project} version={build.version} channel={build.channel} />
    </section>
  );
}

/** The line that installs exactly this release from here. */
export function PipLine({ project, version, channel }: Pick<Build, 'project' | 'version' | 'channel'>) {
  const service = useService();
  if (service === undefined) return null;
  const index = channel === 'trial' ? service.trialIndexUrl : service.indexUrl;
  const pip = pipInstall(index, `${project}==${version}`);
  return (
    <div class="pip-line">
      <code>{pip}</code>
      <CopyButton label="Copy" text={() => pip} />
    </div>
  );
}

/** One file of the index. */
export function FileCard({ project, file }: { project: string; file: Build['files'][number] }) {
  const isWheel = file.filename.endsWith('.whl');
  return (
    <article class="file">
      <h2>
        <a href={file.url} download>
          {file.filename}
        </a>{' '}
        <span class="detail">{formatSize(file.sizeBytes)}</span>
        {file.yanked !== undefined && (
          <>
            {' '}
            <span class="chip warn">yanked</span>
          </>
        )}
      </h2>
      {typeof file.yanked === 'string' && <p class="detail">{file.yanked}</p>}
      <dl>
        <dt>sha256</dt>
        <dd>
          <code class="hash">{file.sha256}</code>
        </dd>
        {file.provenanceUrl !== undefined && (
          <>
            <dt>Provenance</dt>
            <dd>
              <a href={file.provenanceUrl}>signed statement</a>{' '}
              <span class="detail">as the index serves it (PEP 740)</span>
            </dd>
          </>
        )}
        {isWheel && (
          <>
            <dt>Grafted in</dt>
            <dd>
              <Names names={file.grafted} none="nothing: it holds only its own code" />
            </dd>
          </>
        )}
        {file.cpu !== undefined && (
          <>
            <dt>Processor</dt>
            <dd>may need the level {file.cpu}</dd>
          </>
        )}
        {isWheel && (
          <>
            <dt>Image must bring</dt>
            <dd>
              <Names names={file.needs} none="nothing but glibc" />
            </dd>
          </>
        )}
      </dl>
      {isWheel && (
        <FileContents
          project={project}
          filename={file.filename}
          grafted={file.grafted.length > 0}
          signed={file.provenanceUrl !== undefined}
        />
      )}
    </article>
  );
}

function Names({ names, none }: { names: readonly string[]; none: string }) {
  if (names.length === 0) return <span class="detail">{none}</span>;
  return (
    <ul class="names">
      {names.map((name) => (
        <li key={name}>
          <code>{name}</code>
        </li>
      ))}
    </ul>
  );
}
