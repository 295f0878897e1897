import { join } from 'node:path';
import type { Engine } from '../../core/engine.js';
import type { PackageIndex } from '../../core/package-index.js';
import { createContentsFetcher } from './contents-fetch.js';
import { openContentsIndex } from './contents-index.js';

export interface IndexedImage {
  /** Name of the folder in images/: all images derived from it have the same sources. */
  name: string;
  /** Reference of the builder image, or of one derived from it. */
  builder: string;
  /** A workspace that exists as long as questions are asked. */
  workspace: string;
}

/** Indexes of the images' distributions, kept in one folder: fetched at the first question about an image, by its own apt. */
export function openPackageIndexes(folder: string, engine: Engine): (image: IndexedImage) => PackageIndex {
  return ({ name, builder, workspace }) =>
    openContentsIndex(join(folder, name), createContentsFetcher(engine, { image: builder, workspace }));
}
