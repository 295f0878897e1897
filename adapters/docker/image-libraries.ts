import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { digestOf } from '../../core/digest.js';
import { type LibraryImage, PREFIX, type SizedArchive } from '../../core/engine.js';
import { WheelwrightError } from '../../core/errors.js';
import { buildImage } from './image-build.js';
import { derivedReference, findImage, imageLabels } from './image-names.js';
import { noteUse } from './image-unused.js';

/** See Engine.withLibraries. */
export async function libraryImage(
  docker: Docker,
  instance: string,
  parent: string,
  key: string,
  archive: SizedArchive | undefined,
  signal: AbortSignal,
): Promise<LibraryImage | undefined> {
  const digest = digestOf({ parent, libraries: key });
  const reference = derivedReference(parent, digest);
  let found = await findImage(docker, reference, digest, signal);
  if (found === undefined) {
    if (archive === undefined) return undefined;
    const context = pack();
    const packing = (async () => {
      context.entry({ name: 'Dockerfile' }, dockerfile(parent));
      await pipeline(archive.open(), context.entry({ name: 'libraries.tar', size: archive.sizeBytes }));
      context.finalize();
    })().catch((error: unknown) => context.destroy(error as Error));
    const labels = imageLabels(instance, 'derived', digest);
    const built = await buildImage(docker, { context: Readable.from(context), tag: reference, labels }, signal);
    await packing;
    if (built.kind === 'failed') {
      throw new WheelwrightError('unavailable', `the libraries of the recipe did not become an image: ${built.log}`);
    }
    found = await findImage(docker, reference, digest, signal);
    if (found === undefined) throw new WheelwrightError('unavailable', `${reference} went away as soon as it was made`);
  }
  await noteUse(docker, reference, signal);
  return { reference, sha256: found.id };
}

/** Nothing of the recipe runs here: the archive is unpacked by the engine. The compilers' own search paths make it known to every build tool. */
function dockerfile(parent: string): string {
  const paths = {
    PATH: `${PREFIX}/bin:\${PATH}`,
    CPATH: `${PREFIX}/include`,
    LIBRARY_PATH: `${PREFIX}/lib`,
    LD_LIBRARY_PATH: `${PREFIX}/lib`,
    PKG_CONFIG_PATH: `${PREFIX}/lib/pkgconfig:${PREFIX}/share/pkgconfig`,
    CMAKE_PREFIX_PATH: PREFIX,
  };
  const environment = Object.entries(paths).map(([name, value]) => `${name}=${value}`);
  return `FROM ${parent}\nADD libraries.tar ${dirname(PREFIX)}/\nENV ${environment.join(' ')}\n`;
}
