import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { openContentsIndex } from '../adapters/debian/contents-index.js';
import { openPackageIndexes } from '../adapters/debian/package-indexes.js';
import { loadImages } from '../adapters/disk/image-definitions.js';
import { WheelwrightError } from '../core/errors.js';
import type { PackageIndex } from '../core/package-index.js';
import { type Cli, REPOSITORY } from './cli.js';
import { openLocalEngine } from './local-engine.js';

/**
 * Asks the index of contents of the distribution that a policy is built on: what a worker left in the data folder, else fetched by the builder image of this
 * machine's engine.
 * @throws WheelwrightError `unavailable` where there is neither
 */
export async function askPackageIndex<T>(
  cli: Cli,
  policy: string,
  ask: (index: PackageIndex) => Promise<T>,
): Promise<T> {
  const definitions = await loadImages(path.join(REPOSITORY, 'images'));
  const image = definitions.find(({ definition }) => definition.policy === policy)?.definition.name;
  const folder = path.join(cli.settings.WHEELWRIGHT_DATA, 'package-index');
  if (image === undefined) throw notHere(`no image is for ${policy}`);
  const stored = openContentsIndex(path.join(folder, image), () => Promise.reject(notHere('it was never fetched')));
  try {
    return await ask(stored);
  } catch (error) {
    if (!(error instanceof WheelwrightError)) throw error;
    return askByEngine(cli, image, folder, ask);
  }
}

async function askByEngine<T>(
  cli: Cli,
  image: string,
  folder: string,
  ask: (index: PackageIndex) => Promise<T>,
): Promise<T> {
  const { engine, images, close } = await openLocalEngine(cli);
  try {
    const states = await images.listImages(new Date().toISOString().slice(0, 10), cli.signal);
    const builder = states.find(({ name, built }) => name === image && built !== undefined)?.built?.builder;
    if (builder === undefined) throw notHere(`the image ${image} has not been built`);
    cli.terminal.note(`fetching ${image}'s index of contents, once`);
    const workspace = await engine.createWorkspace(`diagnose-${randomUUID()}`, builder, cli.signal);
    try {
      return await ask(openPackageIndexes(folder, engine)({ name: image, builder, workspace }));
    } finally {
      await engine.removeWorkspace(workspace);
    }
  } finally {
    await close();
  }
}

function notHere(why: string): WheelwrightError {
  return new WheelwrightError('unavailable', `the distribution's index of contents is not here: ${why}`, {
    hint: 'It says which package has a missing header or tool. `wheelwright image build` makes the image that can fetch it.',
  });
}
