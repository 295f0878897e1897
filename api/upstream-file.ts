import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { WheelwrightError } from '../core/errors.js';
import type { Upstream } from '../core/upstream.js';

/** What is read of a file of the upstream, fetched for that and removed again; undefined where it cannot be had, is too large or cannot be read. */
export async function withUpstreamFile<T>(
  upstream: Pick<Upstream, 'file'>,
  { url, maxBytes }: { url: string; maxBytes: number },
  read: (path: string) => Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'wheelwright-read-'));
  const path = join(folder, 'file');
  try {
    const body = await upstream.file(url, signal);
    await pipeline(body, limited(maxBytes), createWriteStream(path), { signal });
    return await read(path);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof WheelwrightError) return undefined;
    throw error;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function limited(maxBytes: number) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let sizeBytes = 0;
    for await (const chunk of source) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) throw new WheelwrightError('too-large', `the file has more than ${maxBytes} bytes`);
      yield chunk;
    }
  };
}
