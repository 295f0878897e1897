import { join } from 'node:path';
import Docker from 'dockerode';
import type { Engine } from '../../core/engine.js';
import type { LoadedImage } from '../../core/image.js';
import type { Settings } from '../../core/settings.js';
import { openEngine } from './engine.js';
import { type Images, openImages } from './images.js';

/**
 * The container engine that this machine's environment names (DOCKER_HOST, else its socket), as the settings want it used. Nothing is asked of it yet.
 * @param indexUrl simple index that the tools of builder images come from; undefined: pip's own default
 * @param root the repository, whose folder images/ holds what `definitions` were read from
 */
export function openHostEngine(
  settings: Settings,
  indexUrl: string | undefined,
  root: string,
  definitions: readonly LoadedImage[],
): { images: Images; engine: Engine & { close(): Promise<void> } } {
  const docker = new Docker();
  const images = openImages({
    docker,
    definitions,
    imagesFolder: join(root, 'images'),
    caBundle: settings.WHEELWRIGHT_CA_BUNDLE,
    debianMirror: settings.WHEELWRIGHT_DEBIAN_MIRROR,
    indexUrl,
    toolchainFolders: { rust: settings.WHEELWRIGHT_RUST_TOOLCHAIN, go: settings.WHEELWRIGHT_GO_TOOLCHAIN },
    compilerCache: settings.WHEELWRIGHT_COMPILER_CACHE_BYTES > 0,
    instance: settings.WHEELWRIGHT_INSTANCE,
  });
  const engine = openEngine({
    docker,
    instance: settings.WHEELWRIGHT_INSTANCE,
    fetchNetwork: settings.WHEELWRIGHT_FETCH_NETWORK,
    prepareImages: images.prepareImages,
    now: Date.now,
  });
  return { images, engine };
}
