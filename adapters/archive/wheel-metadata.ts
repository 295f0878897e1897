import { WheelwrightError } from '../../core/errors.js';
import { ZipArchive } from './zip-archive.js';

const LIMITS = { maxEntries: 100_000, maxExpandedBytes: 2 ** 32 };
const MAX_METADATA_BYTES = 4 * 2 ** 20;

/**
 * The METADATA of a wheel that is only looked into, not published.
 * @throws WheelwrightError `invalid` for what is not a wheel
 */
export async function readWheelMetadata(path: string): Promise<Buffer> {
  const archive = await ZipArchive.open(path, LIMITS);
  try {
    const entry = archive.entries.find(({ name }) => /^[^/]+\.dist-info\/METADATA$/.test(name));
    if (entry === undefined) throw new WheelwrightError('invalid', 'the archive holds no METADATA of a wheel');
    return await archive.read(entry, MAX_METADATA_BYTES);
  } finally {
    await archive.close();
  }
}
