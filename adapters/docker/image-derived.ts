import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { extract, type Pack, pack } from 'tar-stream';
import { digestOf } from '../../core/digest.js';
import type { ImageRefusal } from '../../core/engine.js';
import { WheelwrightError } from '../../core/errors.js';
import { callEngine } from './engine-call.js';
import { ignoreGone, statusOf } from './engine-error.js';
import { buildImage } from './image-build.js';
import { derivedReference, findImage, imageLabels } from './image-names.js';
import { packageGone, refusalOf } from './image-refusal.js';
import { type ImageSite, type Progress, timed, trustedBundle } from './image-targets.js';
import type { Labels } from './labels.js';
import { packToolchainFolder, type ToolchainFolder, toolchainTitle } from './toolchain-folder.js';

/** What a derived image holds beyond the builder or clean image that it is made from. */
export interface DerivedContent {
  /** Validated names, sorted, each once. */
  packages: readonly string[];
  environment: Readonly<Record<string, string>>;
  folders: readonly ToolchainFolder[];
}

export interface DerivedFrom {
  /** Reference of the builder or clean image. */
  reference: string;
  /** Name of the image definition, for people. */
  name: string;
  /** The target's digest. */
  digest: string;
}

export interface InstalledPackage {
  name: string;
  version: string;
}

/**
 * The image with these packages and toolchains in it, made unless it exists; the parent's own reference where nothing is added.
 * A package that cannot be installed is a refusal.
 */
export async function makeDerived(
  site: ImageSite,
  from: DerivedFrom,
  content: DerivedContent,
  progress: Progress,
  signal: AbortSignal,
): Promise<{ kind: 'made'; reference: string } | ImageRefusal> {
  if (content.packages.length === 0 && content.folders.length === 0) return { kind: 'made', reference: from.reference };
  const { packages, environment, folders } = content;
  const hashes = Object.fromEntries(folders.map(({ toolchain, sha256 }) => [toolchain, sha256]));
  const digest = digestOf({ parent: from.digest, of: from.reference, packages, environment, ...hashes });
  const reference = derivedReference(from.reference, digest);
  if (await findImage(site.docker, reference, digest, signal)) return { kind: 'made', reference };

  const names = [...packages, ...folders.map(toolchainTitle)].join(' ');
  const build = () =>
    timed(site, from.name, `installing ${names}`, progress, async () => {
      const context = pack();
      const packing = packDerived(context, await trustedBundle(site), from.reference, content).catch((error: unknown) =>
        context.destroy(error as Error),
      );
      const labels = imageLabels(site.instance, 'derived', digest);
      const result = await buildImage(site.docker, { context: Readable.from(context), tag: reference, labels }, signal);
      await packing;
      return result;
    });
  let built = await build();
  const gone = built.kind === 'failed' ? packageGone(built.log) : undefined;
  if (gone !== undefined) {
    // So it looks for a moment when a mirror is updated. Each installation takes the lists anew.
    progress(`${from.name}: the mirror lists ${gone.name} and does not hold it: once more with its lists fetched anew`);
    built = await build();
  }
  return built.kind === 'built' ? { kind: 'made', reference } : refusalOf(built.log, from.name);
}

/** As the content with ccache in it; `cannot` where that is what does not work. A build must not fail for what only makes it faster. */
export async function withCompilerCache<T extends { kind: string }>(
  content: DerivedContent,
  make: (content: DerivedContent) => Promise<T | ImageRefusal>,
): Promise<T | ImageRefusal | 'cannot'> {
  const alone = content.packages.length === 0 && content.folders.length === 0;
  try {
    const made = await make({ ...content, packages: [...new Set([...content.packages, 'ccache'])].sort() });
    const blamed = made.kind === 'refused' && (alone || /\bccache\b/.test((made as ImageRefusal).line));
    return blamed ? 'cannot' : made;
  } catch (error) {
    if (alone && error instanceof WheelwrightError) return 'cannot';
    throw error;
  }
}

async function packDerived(context: Pack, caBundle: string, parent: string, content: DerivedContent): Promise<void> {
  context.entry({ name: 'Dockerfile' }, derivedDockerfile(parent, content));
  context.entry({ name: 'ca-bundle.crt', mode: 0o644, mtime: new Date(0) }, caBundle);
  for (const folder of content.folders) await packToolchainFolder(context, folder);
  context.finalize();
}

/** Package names reach no shell: they are an argument list of their own. */
export function derivedDockerfile(parent: string, { packages, environment, folders }: DerivedContent): string {
  const lines = [`FROM ${parent}`, 'USER root', 'COPY ca-bundle.crt /opt/wheelwright/ca-bundle.crt'];
  if (packages.length > 0) lines.push(`RUN ${JSON.stringify(['/opt/wheelwright/install-packages', ...packages])}`);
  for (const { toolchain } of folders) {
    // Behind the image's own PATH: the build's interpreter stays first.
    lines.push(`COPY ${toolchain}/ /opt/${toolchain}/`, `ENV PATH=\${PATH}:/opt/${toolchain}/bin`);
  }
  for (const [name, value] of Object.entries(environment)) lines.push(`ENV ${name}=${value}`);
  return [...lines, 'USER 1000:1000', ''].join('\n');
}

/** What installing the packages really brought, as the derived image itself recorded it. */
export async function installedPackages(
  docker: Docker,
  reference: string,
  labels: Labels,
  signal: AbortSignal,
): Promise<InstalledPackage[]> {
  return callEngine(`reading the packages of ${reference}`, signal, async () => {
    const container = await docker.createContainer({ Image: reference, Cmd: ['true'], Labels: labels });
    try {
      const archive = await container.getArchive({ path: '/opt/wheelwright/added-packages' });
      let list = '';
      const tar = archive.pipe(extract());
      for await (const entry of tar) list += await text(entry);
      return parsePackages(list);
    } catch (error) {
      if (statusOf(error) === 404) return [];
      throw error;
    } finally {
      await container.remove({ force: true }).catch(ignoreGone);
    }
  });
}

function parsePackages(list: string): InstalledPackage[] {
  return list
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', version = ''] = line.split(' ');
      return { name, version };
    });
}
