import type { Entry, ZipFile } from 'yauzl';

const MAX_METADATA_BYTES = 16 * 2 ** 20;

/** The METADATA file of a wheel, byte for byte; undefined when the archive has none or cannot be read: then it is just not offered beside the wheel. */
export async function wheelMetadata(path: string): Promise<Buffer | undefined> {
  let zip: ZipFile | undefined;
  try {
    // Loaded with the first wheel from an upstream: an index of own wheels never opens one.
    const { openPromise } = await import('yauzl');
    zip = await openPromise(path, { lazyEntries: true, autoClose: false });
    const found: Entry[] = [];
    for await (const entry of zip.eachEntry()) {
      if (/^[^/]+\.dist-info\/METADATA$/.test(entry.fileName)) found.push(entry);
    }
    const [entry] = found;
    if (entry === undefined || found.length !== 1 || entry.uncompressedSize > MAX_METADATA_BYTES) return undefined;
    const pieces: Buffer[] = [];
    for await (const piece of await zip.openReadStreamPromise(entry)) pieces.push(piece as Buffer);
    return Buffer.concat(pieces);
  } catch {
    return undefined;
  } finally {
    zip?.close();
  }
}
