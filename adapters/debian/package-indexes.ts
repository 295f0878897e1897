import { join } from 'node:path';
import type { Engine } from '../../core/engine.js';
import type { PackageIndex } from '../../core/package-index.js';
import type { SourceIndex } from '../../core/source-package.js';
import { openContentsIndex } from './contents-index.js';
import { CONTENTS_SCRIPT } from './contents-script.js';
import { createIndexFetcher } from './index-fetch.js';
import { openSourceIndex } from './source-index.js';
import { RULES_SCRIPT, SOURCES_SCRIPT } from './sources-script.js';

export interface IndexedImage {
  /** Name of the folder in images/: all images derived from it have the same sources. */
  name: string;
  /** Reference of the builder image, or of one derived from it. */
  builder: string;
  /** A workspace that exists as long as questions are asked. */
  workspace: string;
}

/** Indexes of the images' distributions, kept in one folder: fetched at the first question about an image, by its own apt. */
export function openPackageIndexes(
  folder: string,
  engine: Engine,
): (image: IndexedImage) => PackageIndex & SourceIndex {
  return ({ name, builder, workspace }) => {
    const fetcher = (script: string, ...words: string[]) =>
      createIndexFetcher(engine, script, { image: builder, workspace }, words);
    return {
      ...openContentsIndex(join(folder, name), fetcher(CONTENTS_SCRIPT)),
      ...openSourceIndex(join(folder, `${name}-sources`), fetcher(SOURCES_SCRIPT), ({ suite, name: source }) =>
        fetcher(RULES_SCRIPT, suite, source),
      ),
    };
  };
}
