import type Docker from 'dockerode';
import { loadImages } from '../../adapters/disk/image-definitions.js';
import { type Images, openImages } from '../../adapters/docker/images.js';
import type { Target } from '../../core/build.js';
import { targetsOf } from '../../core/image.js';

/** The images that ship, on a real engine and by this machine's mirror, index and certificates, and the target of one of them. */
export async function openRealImages(
  docker: Docker,
  instance: string,
  { image = 'debian-11', python = 'cp313', compilerCache = false } = {},
): Promise<{ images: Images; target: Target }> {
  const definitions = await loadImages('images');
  const target = definitions.flatMap(targetsOf).find((each) => each.image === image && each.python === python);
  if (target === undefined) throw new Error(`images/ has no ${image} with ${python}`);
  const images = openImages({
    docker,
    definitions,
    imagesFolder: 'images',
    caBundle: process.env.WHEELWRIGHT_CA_BUNDLE,
    debianMirror: process.env.WHEELWRIGHT_DEBIAN_MIRROR,
    indexUrl: process.env.PIP_INDEX_URL,
    toolchainFolders: { rust: process.env.WHEELWRIGHT_RUST_TOOLCHAIN, go: process.env.WHEELWRIGHT_GO_TOOLCHAIN },
    compilerCache,
    instance,
  });
  return { images, target };
}
