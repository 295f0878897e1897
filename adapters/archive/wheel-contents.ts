// What is in a wheel, for people who must know.
import { WheelwrightError } from '../../core/errors.js';
import { readSbom, type Sbom } from '../../core/sbom.js';
import { WHEEL_LIMITS } from './wheel.js';
import { ZipArchive } from './zip-archive.js';

export interface WheelContents {
  /** By path. */
  files: { path: string; sizeBytes: number }[];
  sboms: (Sbom & { path: string })[];
}

/** A crate list of a large Rust project has some hundred kilobytes. */
const MAX_SBOM_BYTES = 16 << 20;
/** A wheel has one or two. */
const MAX_SBOMS = 100;
const SBOM = /^[^/]+\.dist-info\/sboms\/.+/;

/**
 * Lists a wheel's files and reads the SBOMs among them: the first hundred, and of those what fits into the limit together. Who made the wheel says how many
 * and how large they are, and must not keep this process busy; one that is too large is listed as of an unknown format.
 */
export async function readWheelContents(path: string): Promise<WheelContents> {
  return withArchive(path, async (archive) => {
    const files = archive.entries.filter(({ kind }) => kind === 'file');
    const sboms = [];
    let leftBytes = MAX_SBOM_BYTES;
    for (const entry of files.filter(({ name }) => SBOM.test(name)).slice(0, MAX_SBOMS)) {
      const fits = entry.sizeBytes <= leftBytes;
      const text = fits ? (await archive.read(entry, leftBytes)).toString('utf8') : '';
      if (fits) leftBytes -= entry.sizeBytes;
      sboms.push({ path: entry.name, ...readSbom(text) });
    }
    return {
      files: files.map(({ name, sizeBytes }) => ({ path: name, sizeBytes })).sort((a, b) => (a.path < b.path ? -1 : 1)),
      sboms,
    };
  });
}

/** An SBOM as it is in the wheel. @throws WheelwrightError `not-found` for a path that is not one of an SBOM in it. */
export async function readWheelSbom(path: string, sbom: string): Promise<Buffer> {
  return withArchive(path, (archive) => {
    const entry = archive.entries.find(({ name, kind }) => kind === 'file' && name === sbom && SBOM.test(name));
    if (entry !== undefined) return archive.read(entry, MAX_SBOM_BYTES);
    throw new WheelwrightError('not-found', `the wheel has no SBOM at ${JSON.stringify(sbom)}`, {
      hint: 'GET /projects/:name/files/:filename lists those that it has.',
    });
  });
}

async function withArchive<Result>(path: string, work: (archive: ZipArchive) => Promise<Result>): Promise<Result> {
  const archive = await ZipArchive.open(path, WHEEL_LIMITS);
  try {
    return await work(archive);
  } finally {
    await archive.close();
  }
}
