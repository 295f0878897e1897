import path from 'node:path';
import { loadImages } from '../adapters/disk/image-definitions.js';
import { openHostEngine } from '../adapters/docker/host-engine.js';
import type { Images } from '../adapters/docker/images.js';
import { configuredIndexUrl } from '../adapters/upstream/upstream-url.js';
import type { Target } from '../core/build.js';
import type { Engine } from '../core/engine.js';
import { WheelwrightError } from '../core/errors.js';
import { targetsOf } from '../core/image.js';
import { type Cli, REPOSITORY } from './cli.js';

/** The container engine of this machine, for commands that use it themselves instead of asking the service. */
export interface LocalEngine {
  images: Images;
  engine: Engine;
  /** Everything that images/ offers to build for. */
  targets: readonly Target[];
  close(): Promise<void>;
}

/** @throws WheelwrightError `unavailable` when the engine does not answer. */
export async function openLocalEngine({ settings, environment, signal }: Cli): Promise<LocalEngine> {
  const [definitions, indexUrl] = await Promise.all([
    loadImages(path.join(REPOSITORY, 'images')),
    configuredIndexUrl(environment),
  ]);
  const { images, engine } = openHostEngine(settings, indexUrl, REPOSITORY, definitions);
  await engine.ping(signal).catch((error: unknown) => {
    signal.throwIfAborted();
    const { message } = error as Error;
    throw new WheelwrightError('unavailable', `no container engine can be used here: ${message}`, {
      hint: 'Start Docker Engine 20.10 or newer and see to it that this user may use its socket; DOCKER_HOST names another engine. On Debian as root, ./wheelwright demo installs and starts one.',
      cause: error,
    });
  });
  return { images, engine, targets: definitions.flatMap(targetsOf), close: () => engine.close() };
}
